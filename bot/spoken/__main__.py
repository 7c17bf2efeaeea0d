"""`python -m bot.spoken`: say the training messages over a telephone line and keep what is heard."""

from __future__ import annotations

import argparse
import multiprocessing
import signal
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tqdm import tqdm

from bot.spoken import calls
from bot.spoken.cache import Cache
from bot.spoken.plan import jobs, messages
from bot.spoken.weights import WeightsMissing, kokoro_model, whisper_model

_ROOT = Path(__file__).resolve().parents[2]


def run(data: Path, cache: Cache, weights: Path, workers: int, limit: int | None) -> int:
    """Hear what `cache` lacks of the messages in `data`, at most `limit` of them; the number of rows made.

    Raises WeightsMissing, OSError, yaml.YAMLError.
    """
    # Joined once, here: the workers then only check.
    kokoro_model(weights)
    whisper_model(weights)
    planned = list(jobs(messages(data)))
    left = [job for job in planned if not cache.has(job)]
    todo = left[:limit]
    rows = 0
    spawn = multiprocessing.get_context("spawn")
    with (
        tqdm(total=len(planned), initial=len(planned) - len(left), unit="message", mininterval=5) as bar,
        ProcessPoolExecutor(workers, spawn, initializer=calls.load, initargs=(weights,)) as pool,
    ):
        for heard in pool.map(calls.hear_in_worker, todo):
            rows += cache.add(heard.kept, heard.refused)
            bar.set_postfix(rows=rows, refresh=False)
            bar.update()
    return rows


def main() -> int:
    """Read the command line and run; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bot.spoken", description=__doc__)
    parser.add_argument("--limit", type=int, help="stop after so many messages (default: all that are left)")
    parser.add_argument("--workers", type=int, default=1, help="processes; each uses one core and 900 MB (default: 1)")
    parser.add_argument("--data", type=Path, default=_ROOT / "nlu_data", help="folder with the training messages")
    parser.add_argument("--out", type=Path, default=_ROOT / "nlu_data" / "spoken", help="folder of heard.jsonl")
    parser.add_argument(
        "--weights", type=Path, default=Path.home() / ".cache" / "guanjia" / "spoken", help="folder for joined weights"
    )
    arguments = parser.parse_args()
    # A plain kill stops as Ctrl+C does; otherwise the workers would stay and wait for ever.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        rows = run(arguments.data, Cache(arguments.out), arguments.weights, arguments.workers, arguments.limit)
    except WeightsMissing as missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(f"{rows} rows\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
