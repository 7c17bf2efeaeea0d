"""The tables of an evaluation, row by row, in the words of people; the terminal and the page lay them out."""

from integrations.cli.entity_metrics import SCORED, EntityFigures
from integrations.cli.evaluation import Evaluation
from integrations.cli.evaluation_words import columns, figure, name
from integrations.cli.texts import say

type Rows = list[list[str]]

ENTITY_COLUMNS = ("type", "expected", "found", "right", "precision", "recall", "f1")
STYLE_COLUMNS = ("style", "n", "accuracy", "top3", "macro_f1", "entity_f1")
RELIABILITY_COLUMNS = ("range", "n", "confidence", "accuracy")


def entities(result: Evaluation) -> Rows:
    """Each type, those outside the score with a star; the scored ones together last."""
    rows = []
    for kind, figures in result.entities_by_type.items():
        rows.append(_entity(name("entity_names", kind) + ("" if kind in SCORED else " *"), figures))
    return [*rows, _entity(say("evaluation_scored"), result.entities)]


def entity_columns() -> list[str]:
    """Their headings."""
    return columns(*ENTITY_COLUMNS)


def _entity(title: str, figures: EntityFigures) -> list[str]:
    counts = [str(count) for count in (figures.expected, figures.found, figures.right)]
    return [title, *counts, figure(figures.precision), figure(figures.recall), figure(figures.f1)]


def styles(result: Evaluation) -> Rows:
    """Each style."""
    return [
        [
            name("style_names", style),
            str(one.n),
            figure(one.accuracy),
            figure(one.top3),
            figure(one.macro_f1),
            figure(one.entity_f1),
        ]
        for style, one in result.by_style.items()
    ]


def style_columns() -> list[str]:
    """Their headings."""
    return columns(*STYLE_COLUMNS)


def reliability(result: Evaluation) -> Rows:
    """Each step of confidence in which there were answers."""
    return [
        [f"{one.low:.1f}–{one.high:.1f}", str(one.n), figure(one.confidence), figure(one.accuracy)]
        for one in result.reliability
        if one.n
    ]


def reliability_columns() -> list[str]:
    """Their headings."""
    return columns(*RELIABILITY_COLUMNS)


def intents(result: Evaluation) -> Rows:
    """Each intent with its F1, the worst first."""
    worst = sorted(result.f1_by_intent.items(), key=lambda item: item[1])
    return [[name("intent_names", intent), intent, figure(f1)] for intent, f1 in worst]
