"""The confusion matrix as a picture: an SVG that stands in the page itself."""

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element

from integrations.cli.evaluation_words import name
from integrations.cli.markup import element
from integrations.cli.texts import catalogue, say

CELL = 20
LABELS = 78
"""Room for the intents' names, left and above."""
CAPTION = 22
FAINTEST = 0.18
"""A single message among many is still to be seen."""


def picture(matrix: Mapping[tuple[str, str], int]) -> Element:
    """All intents of the contract, and whatever else occurs, as rows (labels) and columns (answers)."""
    intents = _intents(matrix)
    edge = LABELS + CAPTION
    side = edge + CELL * len(intents) + 4
    drawn = element(
        "svg",
        *_captions(edge, side),
        *_lines(len(intents), edge),
        *_names(intents, edge),
        *_cells(matrix, intents, edge),
        class_="matrix",
        viewBox=f"0 0 {side} {side}",
        width=side,
        height=side,
        role="img",
    )
    drawn.set("aria-label", say("evaluation_matrix"))
    return drawn


def _intents(matrix: Mapping[tuple[str, str], int]) -> list[str]:
    known = list(catalogue("texts.yml")["intent_names"])
    others = {intent for pair in matrix for intent in pair}.difference(known)
    return [*known, *sorted(others)]


def _captions(edge: int, side: int) -> list[Element]:
    middle = (edge + side) / 2
    return [
        element("text", say("evaluation_matrix_columns"), x=middle, y=14, text_anchor="middle", class_="caption"),
        element(
            "text",
            say("evaluation_matrix_rows"),
            transform=f"translate(14 {middle}) rotate(-90)",
            text_anchor="middle",
            class_="caption",
        ),
    ]


def _lines(count: int, edge: int) -> list[Element]:
    end = edge + CELL * count
    path = "".join(
        f"M{edge} {edge + CELL * place}H{end}M{edge + CELL * place} {edge}V{end}" for place in range(count + 1)
    )
    return [element("path", d=path, class_="grid")]


def _names(intents: Sequence[str], edge: int) -> list[Element]:
    drawn = []
    for place, intent in enumerate(intents):
        middle = edge + CELL * place + CELL / 2
        drawn += [
            element("text", _title(intent), name("intent_names", intent), x=edge - 5, y=middle + 4, text_anchor="end"),
            element(
                "text",
                _title(intent),
                name("intent_names", intent),
                transform=f"translate({middle + 4} {edge - 5}) rotate(-90)",
            ),
        ]
    return drawn


def _cells(matrix: Mapping[tuple[str, str], int], intents: Sequence[str], edge: int) -> list[Element]:
    place = {intent: number for number, intent in enumerate(intents)}
    rows = {intent: sum(count for (label, _), count in matrix.items() if label == intent) for intent in intents}
    drawn = []
    for (expected, predicted), count in sorted(matrix.items()):
        strength = FAINTEST + (1 - FAINTEST) * count / rows[expected]
        x, y = edge + CELL * place[predicted], edge + CELL * place[expected]
        both = {
            key: f"{name('intent_names', intent)} {intent}"
            for key, intent in (("expected", expected), ("predicted", predicted))
        }
        drawn.append(
            element(
                "g",
                element("title", say("evaluation_matrix_cell", count=count, **both)),
                element(
                    "rect",
                    x=x + 1,
                    y=y + 1,
                    width=CELL - 2,
                    height=CELL - 2,
                    fill_opacity=round(strength, 2),
                    class_="right" if expected == predicted else "wrong",
                ),
                element(
                    "text",
                    str(count),
                    x=x + CELL / 2,
                    y=y + CELL / 2 + 4,
                    text_anchor="middle",
                    class_="count strong" if strength > 0.55 else "count",
                ),
            )
        )
    return drawn


def _title(intent: str) -> Element:
    return element("title", intent)
