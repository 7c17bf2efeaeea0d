"""The figures of an evaluation in the terminal."""

from collections.abc import Sequence

from rich.table import Table

from integrations.cli import console, evaluation_rows
from integrations.cli.evaluation import Evaluation
from integrations.cli.evaluation_words import headlines, name
from integrations.cli.texts import say

SHOWN = 10
"""Confusions; the page and the JSON have all."""


def show(result: Evaluation) -> None:
    """Print all of it."""
    table = Table(box=None, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for title, value in headlines(result):
        table.add_row(title, value)
    console.out.print(table)
    if any(one.expected or one.found for one in result.entities_by_type.values()):
        _table("evaluation_entities", evaluation_rows.entity_columns(), evaluation_rows.entities(result))
        console.out.print(say("evaluation_entities_note"), style="dim")
    if result.by_style:
        _table("evaluation_styles", evaluation_rows.style_columns(), evaluation_rows.styles(result))
    _table("evaluation_reliability", evaluation_rows.reliability_columns(), evaluation_rows.reliability(result))
    if result.confusions:
        console.out.print("\n" + say("evaluation_confusions"), style="bold")
    for one in result.confusions[:SHOWN]:
        pair = " → ".join(f"{name('intent_names', intent)} {intent}" for intent in (one.expected, one.predicted))
        console.out.print(f"  {one.count:>3}  {pair}")
        for example in one.examples:
            console.out.print(f"       {example}", style="dim")


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    console.out.print("\n" + say(title), style="bold")
    table = Table(box=None)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left")
    for row in rows:
        table.add_row(*row)
    console.out.print(table)
