"""How to tune: the numbers that the command line offers and the card keeps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """How to tune.

    Attributes:
        epochs: times over all messages.
        batch: messages a step.
        rate: of learning, at its highest; the linear layer learns ten times as fast.
        warm_up: share of the steps until the rate is reached; it falls to 0 at the last one.
        misspelled: share of typed messages that come as voice input might misspell them.
        smoothing: share of an example's certainty that is spread over all intents.
        seed: of everything random.
    """

    epochs: int = 6
    batch: int = 32
    rate: float = 1e-4
    warm_up: float = 0.06
    misspelled: float = 0.5
    smoothing: float = 0.1
    seed: int = 20261121
