"""Ways to recognise intents, compared in one run on labelled messages: quality, speed, memory, training.

    bot/.venv/bin/python -m benchmarks.pipelines --data FILE [--data FILE2] [--only NAME...] [--sample SHARE]
        [--frozen FOLDER] [--tuned FOLDER] [--diet PYTHON] [--epochs 10] [--curve] [--json OUT] [--markdown]

Measuring sets are JSON lines with `text` and `intent`. All learn from nlu_data/*.yml, some also from what a recogniser
heard (nlu_data/spoken). Each is trained in one process and measured in another, each on one thread; only the encoder's
vectors are computed on all cores, once for each encoder. The figures are of the bare ranking, without threshold,
fallback or emergency rules. `--diet` is the Python of an environment made from bot/full/requirements.lock; `--frozen`
the folder of an encoder that was not tuned (bot/encoder/workshop makes one). `--sample` trains on a share of the typed
messages (for a trial), `--curve` also measures what fewer messages cost.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from benchmarks.pipeline_figures import Ranked, figures, mean_of
from benchmarks.pipeline_job import Job, labelled

PROJECT = Path(__file__).resolve().parents[1]
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_INTER_OP_PARALLELISM_THREADS": "1",
    "TF_INTRA_OP_PARALLELISM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
    "PYTHONHASHSEED": "0",
}
CACHE = "GUANJIA_ENCODER_CACHE"
FROZEN, TUNED = "{frozen}", "{tuned}"
CHARACTERS = {"character": 1.0, "character_pair": 1.0}
PINYIN = {**CHARACTERS, "syllable": 1.0, "syllable_pair": 1.0}
ALL_VIEWS = {**PINYIN, "word": 1.0, "concept": 1.5, "concept_pair": 1.5}
PLAIN = {"encoder": None, "sure": 1.0}
CURVE = (0.125, 0.25, 0.5, 1.0)
CURVE_OF = ("misheard", "heard", "heard+frozen", "product")
MEMBERS = ("svm", "tuned", "diet")
"""Ensembles are made of these."""


@dataclass(frozen=True)
class Pipeline:
    """One way to recognise intents.

    Attributes:
        kind: see `pipeline_kinds`.
        heard: learns from what the recogniser heard.
        copies: is given misheard copies (the product's classifier makes its own).
        trained_as: answers with the trained model of that other pipeline.
    """

    number: str
    name: str
    about: str
    kind: str
    config: dict[str, Any]
    heard: bool = True
    copies: bool = False
    trained_as: str | None = None


def _parts(number: str, name: str, about: str, model: str, *, more: bool, **config: Any) -> Pipeline:
    return Pipeline(number, name, about, "parts", {"model": model, **config}, heard=more, copies=more)


def _product(number: str, name: str, about: str, *, heard: bool = True, **config: Any) -> Pipeline:
    return Pipeline(number, name, about, "product", {**PLAIN, **config}, heard=heard)


PIPELINES = (
    _parts("1", "characters", "character n-grams, logistic regression", "logistic", more=False, views=CHARACTERS),
    _parts("2", "pinyin", "and syllables", "logistic", more=False, views=PINYIN),
    _parts("3", "views", "and words and concepts", "logistic", more=False, views=ALL_VIEWS),
    _product("4", "svm", "all views, linear SVM, calibrated", heard=False, misheard=False),
    _product("5", "misheard", "4 and misheard copies", heard=False),
    _product("6", "heard", "5 and what a recogniser heard"),
    _parts("7", "frozen", "frozen encoder alone", "svm", more=True, encoder=FROZEN),
    _parts("8", "tuned", "tuned encoder alone", "svm", more=True, encoder=TUNED),
    _product("9", "heard+frozen", "6 and the frozen encoder, weighed", encoder=FROZEN),
    _product("10", "product", "6 and the tuned encoder, weighed: the product", encoder=TUNED),
    _parts("11", "one-svm", "n-grams and tuned vectors in one SVM", "svm", more=True, views=ALL_VIEWS, encoder=TUNED),
    *(
        Pipeline(
            "12",
            f"sure-{sure}",
            f"10, n-grams alone from {sure} on",
            "product",
            {"encoder": TUNED, "sure": sure},
            trained_as="product",
        )
        for sure in (0.9, 0.95, 0.98)
    ),
    Pipeline("13", "diet", "DIET, {epochs} epochs", "diet", {"epochs": "{epochs}"}, copies=True),
)


@dataclass
class Result:
    """What was measured of a pipeline; `quality` holds one dictionary for each file."""

    number: str
    name: str
    about: str
    share: float
    quality: list[dict[str, float | None]] = field(default_factory=list)
    cost: dict[str, float] = field(default_factory=dict)
    rankings: list[Path] = field(default_factory=list)


class Failed(Exception):
    """A step of a pipeline did not work."""


class Run:
    """One comparison: where it works, what it found so far."""

    def __init__(self, chosen: argparse.Namespace, scratch: Path) -> None:
        """The command line's choices and an empty folder."""
        self.files: list[Path] = chosen.data
        self.scratch = scratch
        self.diet: str | None = chosen.diet
        self.places = {FROZEN: chosen.frozen, TUNED: chosen.tuned, "{epochs}": chosen.epochs}
        self.vectors: dict[str, dict[str, float]] = {}
        self.results: list[Result] = []
        self.failures: list[str] = []
        self.load = os.getloadavg()
        self.inputs = _state_of_the_inputs()

    def missing(self, pipeline: Pipeline) -> str | None:
        """What the pipeline needs and the command line does not name."""
        if pipeline.kind == "diet" and not self.diet:
            return "--diet"
        if pipeline.config.get("encoder") == FROZEN and self.places[FROZEN] is None:
            return "--frozen"
        return None

    def measure(self, pipeline: Pipeline, share: float, *, sample: float) -> Result:
        """Train, unless another pipeline's model serves, and measure.

        Args:
            share: of the typed messages.
            sample: the greatest share of this run, whose vectors are kept.

        Raises:
            Failed: a step's process ended badly; the others can go on.
        """
        folder = self.scratch / f"{pipeline.trained_as or pipeline.name}-{share}"
        config = {key: self._filled(value) for key, value in pipeline.config.items()}
        about = pipeline.about.format(epochs=self.places["{epochs}"])
        files = [str(file) for file in self.files]
        job = Job(pipeline.name, pipeline.kind, config, pipeline.heard, pipeline.copies, share, str(folder), files)
        result = Result(pipeline.number, pipeline.name, about, share)
        python = self.diet if pipeline.kind == "diet" and self.diet else sys.executable
        encoder = config.get("encoder")
        if encoder and encoder not in self.vectors:
            everything = Job("vectors", "product", config, True, True, sample, str(self.scratch), [])
            self.vectors[encoder] = self._step("vectors", everything, python)
        trained = folder / "trained.json"
        if not trained.exists():
            if folder.exists():
                raise Failed("the training it shares with another pipeline failed")
            folder.mkdir()
            trained.write_text(json.dumps(self._step("train", job, python)))
        training = json.loads(trained.read_text())
        result.cost = {
            "messages": training["messages"],
            "messages_per_intent": training["messages"] / training["intents"],
            "train_seconds": training["seconds"],
            "train_seconds_from_nothing": training["seconds"] + (self.vectors[encoder]["seconds"] if encoder else 0),
            **self._step("measure", job, python),
        }
        result.rankings = [job.ranking_file(number) for number in range(len(files))]
        result.quality = [
            figures(Ranked.load(kept), labelled(file)[1])
            for kept, file in zip(result.rankings, self.files, strict=True)
        ]
        return result

    def attempt(self, pipeline: Pipeline, share: float, *, sample: float) -> Result | None:
        """Measure and tell; None when it does not work."""
        try:
            result = self.measure(pipeline, share, sample=sample)
        except Failed as error:
            self.failures.append(f"{pipeline.name}: {error}")
            print(self.failures[-1], file=sys.stderr)
            return None
        accuracy = "  ".join(f"{quality['top1']:.4f}" for quality in result.quality)
        trained = result.cost["train_seconds"]
        print(f"{pipeline.name} ({share:g} of the messages): {accuracy}, {trained:.0f} s", file=sys.stderr, flush=True)
        return result

    def ensembles(self) -> Iterator[Result]:
        """Means of the probabilities of pipelines measured before; they cost what their members cost together."""
        known = {result.name: result for result in self.results}
        there = [known[name] for name in MEMBERS if name in known]
        for members in [few for size in (2, 3) for few in combinations(there, size)]:
            name = "+".join(one.number for one in members)
            quality = [
                figures(mean_of([Ranked.load(one.rankings[number]) for one in members]), labelled(file)[1])
                for number, file in enumerate(self.files)
            ]
            yield Result(name, name, f"mean of {', '.join(one.name for one in members)}", members[0].share, quality)

    def _filled(self, value: Any) -> Any:
        return self.places.get(value, value) if isinstance(value, str) else value

    def _step(self, step: str, job: Any, python: str) -> dict[str, Any]:
        order, answer = self.scratch / "job.json", self.scratch / "result.json"
        job.write(order)
        answer.unlink(missing_ok=True)
        done = subprocess.run(
            [python, "-m", "benchmarks.pipeline_work", step, str(order), str(answer)],
            cwd=PROJECT,
            env={**os.environ, **ENVIRONMENT, CACHE: str(self.scratch / "vectors")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        if done.returncode or not answer.exists():
            (self.scratch / "stderr.txt").write_text(done.stderr)
            raise Failed(f"{step} ended with {done.returncode}: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
        found: dict[str, Any] = json.loads(answer.read_text("utf-8"))
        return found


QUALITY = {
    "top-1": "top1",
    "top-3": "top3",
    "macro-F1": "macro_f1",
    "out-of-scope P": "out_of_scope_precision",
    "out-of-scope R": "out_of_scope_recall",
    "ECE": "calibration_error",
    "emergency R": "emergency_recall",
}
COST = {
    "p50 ms": "p50_ms",
    "p95 ms": "p95_ms",
    "memory MB": "memory_mb",
    "load s": "load_seconds",
    "trained on": "messages",
    "train s": "train_seconds",
    "from nothing s": "train_seconds_from_nothing",
}


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool) -> str:
    """Columns under their heads; the first two hold words, the others figures."""
    if markdown:
        rule = ["---" if place < 2 else "---:" for place in range(len(head))]
        return "\n".join(f"| {' | '.join(row)} |" for row in [head, rule, *rows])
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [head, *rows]
    )


def _cell(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def show(run: Run, curve: Sequence[Result], *, markdown: bool) -> None:
    """Print quality by file, cost, and the learning curve."""
    for number, file in enumerate(run.files):
        print(f"\n{file.name}\n")
        rows = [
            [one.number, one.about, *(_cell(one.quality[number][key], 4) for key in QUALITY.values())]
            for one in run.results
        ]
        print(table(["no.", "pipeline", *QUALITY], rows, markdown=markdown))
    load = run.load[0]
    print(f"\nCost on {os.cpu_count()} cores, of which {load:.1f} were busy at the start (a pipeline uses one)\n")
    digits = {"p50_ms": 2, "p95_ms": 2, "load_seconds": 1}
    rows = [
        [one.number, one.about, *(_cell(one.cost[key], digits.get(key, 0)) for key in COST.values())]
        for one in run.results
        if one.cost
    ]
    print(table(["no.", "pipeline", *COST], rows, markdown=markdown))
    for name, found in run.vectors.items():
        print(f"\nVectors of {name}: {found['texts']} texts in {found['seconds']:.0f} s on {os.cpu_count()} cores.")
    if curve:
        print("\nLearning curve: top-1 by the share of the typed messages (the tuned encoder has seen them all)\n")
        files = [file.name for file in run.files]
        rows = [
            [
                one.number,
                one.name,
                f"{one.share:g}",
                _cell(one.cost["messages_per_intent"], 0),
                *(_cell(quality["top1"], 4) for quality in one.quality),
            ]
            for one in curve
        ]
        print(table(["no.", "pipeline", "share", "messages per intent", *files], rows, markdown=markdown))


def _save(run: Run, curve: Sequence[Result], target: Path | None) -> None:
    if target is not None:
        kept = [
            [{key: value for key, value in asdict(one).items() if key != "rankings"} for one in several]
            for several in (run.results, curve)
        ]
        whole = {
            "files": [str(file) for file in run.files],
            "pipelines": kept[0],
            "curve": kept[1],
            "vectors": run.vectors,
            "failures": run.failures,
            "cores": os.cpu_count(),
            "load_at_the_start": run.load[0],
        }
        target.write_text(json.dumps(whole, ensure_ascii=False, indent=2) + "\n", "utf-8")


def _state_of_the_inputs() -> str:
    """Changes with nlu_data and the project's encoder: pipelines would not have learned the same then."""
    digest = hashlib.sha256()
    for file in sorted([*PROJECT.glob("nlu_data/**/*.*"), *PROJECT.glob("bot/encoder/tuned/card.json")]):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, action="append", required=True, help="a measuring set; may be repeated")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="numbers or names of pipelines")
    parser.add_argument("--sample", type=float, default=1.0, metavar="SHARE", help="of the typed messages")
    parser.add_argument("--frozen", default=None, metavar="FOLDER", help="an encoder that was not tuned")
    parser.add_argument("--tuned", default="own", metavar="FOLDER", help="default: the project's own")
    parser.add_argument("--diet", default=None, metavar="PYTHON", help="of the full engine's environment")
    parser.add_argument("--epochs", type=int, default=10, help="of DIET")
    parser.add_argument("--curve", action="store_true", help="also with 1/8, 1/4 and 1/2 of the messages")
    parser.add_argument("--json", type=Path, default=None, metavar="OUT")
    parser.add_argument("--markdown", action="store_true")
    chosen = parser.parse_args()
    known = {word for one in PIPELINES for word in (one.number, one.name)}
    if unknown := set(chosen.only) - known:
        parser.error(
            f"no such pipelines: {', '.join(sorted(unknown))}; there are {', '.join(o.name for o in PIPELINES)}"
        )
    if absent := [str(file) for file in chosen.data if not file.is_file()]:
        parser.error(f"no such file: {', '.join(absent)}")
    return chosen


def main() -> None:
    """Measure and print."""
    chosen = arguments()
    wanted = [one for one in PIPELINES if not chosen.only or {one.number, one.name} & set(chosen.only)]
    curve: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="pipelines-") as scratch:
        run = Run(chosen, Path(scratch))
        for pipeline in wanted:
            if need := run.missing(pipeline):
                print(f"{pipeline.name}: left out, it needs {need}", file=sys.stderr)
            elif result := run.attempt(pipeline, chosen.sample, sample=chosen.sample):
                run.results.append(result)
                _save(run, curve, chosen.json)
        run.results += run.ensembles()
        for pipeline in [one for one in wanted if chosen.curve and one.name in CURVE_OF]:
            for part in CURVE:
                done = [one for one in run.results if one.name == pipeline.name and part == 1]
                if result := (done or [run.attempt(pipeline, part * chosen.sample, sample=chosen.sample)])[0]:
                    curve.append(result)
        if _state_of_the_inputs() != run.inputs:
            run.failures.append("nlu_data or the encoder changed during the run: the pipelines did not learn the same")
        _save(run, curve, chosen.json)
        show(run, curve, markdown=chosen.markdown)
    if run.failures:
        sys.exit("\n".join(["", "Failed:", *run.failures]))


if __name__ == "__main__":
    main()
