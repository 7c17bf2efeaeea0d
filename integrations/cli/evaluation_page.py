"""The figures of an evaluation as one web page that needs no other file."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from xml.etree.ElementTree import Element

from integrations.cli import evaluation_rows
from integrations.cli.confusion_picture import picture
from integrations.cli.evaluation import Evaluation
from integrations.cli.evaluation_words import columns, headlines, name
from integrations.cli.markup import document, element
from integrations.cli.metrics import Confusion
from integrations.cli.texts import say

STYLE = Path(__file__).with_name("evaluation_page.css")


def page(result: Evaluation, file: str, now: datetime) -> str:
    """The page about ``result``, measured on ``file`` at ``now``."""
    source = say("evaluation_source", file=file, n=result.n, now=now.isoformat(sep=" ", timespec="minutes"))
    return document(
        element(
            "html",
            element(
                "head",
                element("meta", charset="utf-8"),
                element("meta", name="viewport", content="width=device-width, initial-scale=1"),
                element("title", say("evaluation_title")),
                element("style", STYLE.read_text(encoding="utf-8")),
            ),
            element(
                "body",
                element("header", element("h1", say("evaluation_title")), element("p", source)),
                element("main", *_sections(result)),
            ),
            lang="zh-CN",
        )
    )


def _sections(result: Evaluation) -> list[Element]:
    cards = [
        element("div", element("dt", title), element("dd", value), class_="card") for title, value in headlines(result)
    ]
    sections = [
        _section("evaluation_figures", element("dl", *cards, class_="cards")),
        _section("evaluation_matrix", _note("evaluation_matrix_note"), _wide(picture(result.matrix))),
        _section("evaluation_all_confusions", _confusions(result.confusions)),
    ]
    left, right = [], []
    if result.entities_by_type:
        table = _table(evaluation_rows.entity_columns(), evaluation_rows.entities(result), last_in_bold=True)
        left.append(_section("evaluation_entities", _note("evaluation_entities_note"), table))
    if result.by_style:
        table = _table(evaluation_rows.style_columns(), evaluation_rows.styles(result))
        right.append(_section("evaluation_styles", table))
    table = _table(evaluation_rows.reliability_columns(), evaluation_rows.reliability(result))
    right.append(_section("evaluation_reliability", _note("evaluation_reliability_note"), table))
    pairs = element("div", *(element("div", *half) for half in (left, right) if half), class_="pairs")
    return [*sections, pairs, _section("evaluation_intents", _intents(result))]


def _section(title: str, *children: Element) -> Element:
    return element("section", element("h2", say(title)), *children)


def _note(key: str) -> Element:
    return element("p", say(key), class_="note")


def _wide(child: Element) -> Element:
    """What is wider than a telephone scrolls in itself, and with the keyboard, too."""
    return element("div", child, class_="wide", tabindex=0)


def _table(headings: Sequence[str], rows: evaluation_rows.Rows, *, last_in_bold: bool = False) -> Element:
    head = element("thead", element("tr", *(element("th", heading, scope="col") for heading in headings)))
    body = element("tbody")
    for number, row in enumerate(rows, start=1):
        bold = {"class_": "total"} if last_in_bold and number == len(rows) else {}
        cells = (element("td", cell) for cell in row[1:])
        body.append(element("tr", element("th", row[0], scope="row"), *cells, **bold))
    return _wide(element("table", head, body))


def _confusions(confusions: Sequence[Confusion]) -> Element:
    if not confusions:
        return element("p", say("evaluation_none"), class_="note")
    body = element("tbody")
    for one in confusions:
        examples = element("ul", *(element("li", example) for example in one.examples))
        body.append(
            element(
                "tr",
                element("td", str(one.count), class_="number"),
                element("td", *_intent(one.expected)),
                element("td", *_intent(one.predicted)),
                element("td", examples),
            )
        )
    headings = columns("count", "should", "predicted", "examples")
    head = element("thead", element("tr", *(element("th", heading, scope="col") for heading in headings)))
    return element("table", head, body, class_="confusions")


def _intent(intent: str) -> tuple[Element, Element]:
    return element("span", name("intent_names", intent)), element("small", intent)


def _intents(result: Evaluation) -> Element:
    bars = []
    for title, intent, f1 in evaluation_rows.intents(result):
        bar = element("div", element("i", style=f"width: {float(f1) * 100:.1f}%"), class_="bar")
        bars.append(element("li", element("span", title, title=intent), bar, element("b", f1)))
    return element("ul", *bars, class_="bars")
