"""One message's two telephone calls, and the worker processes that make them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.spoken.cache import Row
from bot.spoken.gates import refusal
from bot.spoken.line import over_the_line
from bot.spoken.plan import Job

if TYPE_CHECKING:
    from bot.spoken.recogniser import Recogniser
    from bot.spoken.voice import Voices


@dataclass(frozen=True)
class Heard:
    """The rows of a job: those to keep and, each with the gate that did it, those refused."""

    kept: list[Row]
    refused: list[tuple[Row, str]]


def hear(job: Job, voices: Voices, recogniser: Recogniser) -> Heard:
    """Say `job` once and hear it in both calls; equal hearings make one row."""

    def row(text: str, noise_db: int | None, prompted: bool, logprob: float) -> Row:
        message = job.message
        return Row(message.text, text, message.intent, job.voice, job.speed, noise_db, prompted, round(logprob, 3))

    kept: list[Row] = []
    refused: list[tuple[Row, str]] = []
    try:
        speech = voices.speak(job.said_as, job.voice, job.speed)
    except ValueError:
        return Heard([], [(row("", job.calls[0].noise_db, False, 0.0), "unspoken")])
    for call in job.calls:
        arrived = over_the_line(speech, call.noise_db, call.noise, call.seed)
        hearing = recogniser.hear(arrived, prompted=call.prompted)
        made = row(hearing.text, call.noise_db, call.prompted, hearing.logprob)
        if gate := refusal(hearing.text, hearing.logprob, hearing.silence):
            refused.append((made, gate))
        elif all(made.heard != other.heard for other in kept):
            kept.append(made)
    return Heard(kept, refused)


# One pair of models in each worker process, loaded when it starts.
_models: list[tuple[Voices, Recogniser]] = []


def load(folder: Path) -> None:
    """Load a worker's models, the weights joined in `folder`. Raises weights.WeightsMissing."""
    from bot.spoken.recogniser import Recogniser
    from bot.spoken.voice import Voices

    _models.append((Voices(folder), Recogniser(folder)))


def hear_in_worker(job: Job) -> Heard:
    """`hear` with the models that `load` left in this process."""
    return hear(job, *_models[0])
