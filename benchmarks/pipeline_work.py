"""One step of `benchmarks.pipelines` in a process of its own: reads a job, does it, writes what it measured.

Called as `python -m benchmarks.pipeline_work STEP JOB.json RESULT.json`.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from bot.engine.setup import prepare_rasa

prepare_rasa()

from rasa.shared.nlu.constants import INTENT, TEXT  # noqa: E402

from benchmarks.pipeline_data import training_data  # noqa: E402
from benchmarks.pipeline_figures import Ranked  # noqa: E402
from benchmarks.pipeline_job import Job, labelled  # noqa: E402
from benchmarks.pipeline_kinds import KINDS, tokenizer, understanding  # noqa: E402
from bot.encoder.split import said_of  # noqa: E402
from bot.engine.parse import WARM_UP  # noqa: E402

WARM_UP_ROUNDS = 10


def vectors(job: Job) -> dict[str, Any]:
    """Fill the cache with the vectors of all training messages, on all cores, as a first training does."""
    from bot.components.meaning import Meaning, folder_of
    from bot.encoder.session import Encoder

    data = training_data(job.share, with_heard=True, with_copies=True)
    texts = [message.get(TEXT) for message in data.intent_examples]
    meaning = Meaning(Encoder(folder_of(job.config["encoder"])))
    began = time.perf_counter()
    meaning.learn(texts)
    return {"seconds": time.perf_counter() - began, "texts": len(set(texts))}


def train(job: Job) -> dict[str, Any]:
    """Train and keep; the seconds begin with normalised messages in memory and end with the model on the disk.

    Copies are not counted as messages.
    """
    data = training_data(job.share, with_heard=job.heard, with_copies=job.copies)
    intents = len({message.get(INTENT) for message in data.intent_examples})
    written = sum(said_of(message) is None for message in data.intent_examples)
    messages = len(data.intent_examples) - (written if job.copies else 0)
    kind = KINDS[job.kind]
    began = time.perf_counter()
    tokenizer(kind.granularity).process_training_data(data)
    kind.train(job.config, data, Path(job.folder))
    return {"seconds": time.perf_counter() - began, "messages": messages, "intents": intents}


def measure(job: Job) -> dict[str, Any]:
    """Load, warm up, and rank each message of each file by itself."""
    began = time.perf_counter()
    understand = understanding(job.kind, job.config, Path(job.folder))
    loaded = time.perf_counter() - began
    for text in WARM_UP * WARM_UP_ROUNDS:
        shares = understand(text)
    memory = _resident_mb()
    intents = sorted(shares)
    milliseconds: list[float] = []
    for number, file in enumerate(job.files):
        texts, _ = labelled(Path(file))
        rows = np.zeros((len(texts), len(intents)))
        for i, text in enumerate(texts):
            began = time.perf_counter()
            shares = understand(text)
            milliseconds.append((time.perf_counter() - began) * 1000)
            rows[i] = [shares.get(intent, 0.0) for intent in intents]
        Ranked(intents, rows).save(job.ranking_file(number))
    p50, p95 = np.percentile(milliseconds, (50, 95))
    return {"load_seconds": loaded, "memory_mb": memory, "p50_ms": float(p50), "p95_ms": float(p95)}


def _resident_mb() -> float:
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024


def main() -> None:
    """Do one step."""
    step, job_file, result_file = sys.argv[1:]
    job = Job(**json.loads(Path(job_file).read_text("utf-8")))
    result = {"vectors": vectors, "train": train, "measure": measure}[step](job)
    Path(result_file).write_text(json.dumps(result), "utf-8")


if __name__ == "__main__":
    main()
