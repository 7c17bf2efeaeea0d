"""How the figures of an evaluation are written and named, in the terminal as on the page."""

from collections.abc import Iterator

from integrations.cli.evaluation import Evaluation
from integrations.cli.texts import catalogue, say

DASH = "–"
PERCENTAGES = (
    "accuracy",
    "top3",
    "macro_f1",
    "oos_precision",
    "oos_recall",
    "emergency_recall",
    "emergency_false_alarms",
    "calibration_error",
    "entity_f1",
    "second_intent_recall",
)
MILLISECONDS = ("parse_ms_p50", "parse_ms_p95")


def figure(value: float | None) -> str:
    """A share with three digits, or a dash where nothing was measured."""
    return DASH if value is None else f"{value:.3f}"


def headlines(result: Evaluation) -> Iterator[tuple[str, str]]:
    """Name and value of the main figures."""
    yield name("figures", "n"), str(result.n)
    for key in PERCENTAGES:
        yield name("figures", key), figure(getattr(result, key))
    for key in MILLISECONDS:
        value = getattr(result, key)
        yield name("figures", key), DASH if value is None else say("evaluation_unit_ms", value=f"{value:.1f}")


def name(kind: str, key: str) -> str:
    """The Chinese name of a figure, column, style, entity or intent; the key itself where there is none."""
    return str(catalogue("texts.yml")[kind].get(key, key))


def columns(*keys: str) -> list[str]:
    """The headings of a table."""
    return [name("columns", key) for key in keys]
