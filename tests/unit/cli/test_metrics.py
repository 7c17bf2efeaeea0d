"""The figures of `guanjia evaluate`, on a file small enough to count by hand."""

import http.client
import io
import json
from pathlib import Path
from typing import Any

import pytest

from integrations.cli.errors import CliError
from integrations.cli.evaluate import Labelled, judge, read
from integrations.cli.metrics import Judged, figures, ranking_of

GAS, ARREARS, WEATHER = "report_emergency", "query_arrears", "out_of_scope"


def parsed(*names: str) -> dict[str, Any]:
    """An answer of the engine."""
    ranking = [{"name": name, "confidence": 1 / (place + 1)} for place, name in enumerate(names)]
    return {"intent": ranking[0], "intent_ranking": ranking, "entities": []}


def test_the_figures_are_what_one_counts_by_hand() -> None:
    result = figures(
        [
            Judged(ARREARS, (ARREARS, "explain_bill")),
            Judged(ARREARS, ("explain_bill", ARREARS)),
            Judged(ARREARS, ("greet", "thank", "deny", ARREARS)),
            Judged(WEATHER, (WEATHER,)),
            Judged(WEATHER, (ARREARS, "greet")),
            Judged(GAS, (GAS,)),
            Judged(GAS, (WEATHER, GAS)),
            Judged("greet", ("greet",)),
        ]
    )
    assert result.messages == 8
    assert result.accuracy == 4 / 8
    assert result.top3 == 6 / 8
    assert result.out_of_scope_precision == 1 / 2
    assert result.out_of_scope_recall == 1 / 2
    assert result.emergency_recall == 1 / 2
    # F1: arrears 2·1/(3+2), out of scope 2·1/(2+2), emergency 2·1/(2+1), greet 2·1/(1+2)
    assert result.macro_f1 == pytest.approx((2 / 5 + 1 / 2 + 2 / 3 + 2 / 3) / 4)
    assert result.confusions[0][2] == 1
    assert (WEATHER, ARREARS, 1) in result.confusions


def test_nothing_to_measure_gives_no_figure() -> None:
    result = figures([Judged("greet", ("greet",))])
    assert result.accuracy == 1
    assert result.emergency_recall is None
    assert result.out_of_scope_precision is None
    assert figures([]).accuracy is None


def test_falling_back_counts_as_out_of_scope() -> None:
    assert ranking_of(parsed("nlu_fallback", ARREARS, "greet")) == (WEATHER, ARREARS, "greet")


def test_an_answer_without_intent_counts_as_out_of_scope() -> None:
    assert ranking_of({"intent": {"name": None}, "intent_ranking": []}) == (WEATHER,)
    assert Judged(WEATHER, ranking_of({})).predicted == WEATHER


def test_an_intent_counts_once_in_the_ranking() -> None:
    assert ranking_of(parsed("nlu_fallback", WEATHER, ARREARS, "greet"))[:3] == (WEATHER, ARREARS, "greet")


def test_a_file_of_json_lines_is_read_and_other_keys_are_ignored(tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text('{"text": "欠多少", "intent": "query_arrears", "style": "short"}\n\n', encoding="utf-8")
    assert list(read(file)) == [Labelled("欠多少", ARREARS)]


@pytest.mark.parametrize("line", ["not json", '{"text": "no intent"}', "[1]"])
def test_a_bad_line_is_named(line: str, tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text('{"text": "好", "intent": "affirm"}\n' + line, encoding="utf-8")
    with pytest.raises(CliError, match="第 2 行"):
        list(read(file))


class Engine:
    """Stands in for the connection to an engine: answers by a table."""

    answers: dict[str, dict[str, Any]]
    status = 200

    def __init__(self, host: str, port: int, timeout: float) -> None:
        assert (host, port) == ("127.0.0.1", 5005)
        self._text = ""

    def request(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
        assert (method, path) == ("POST", "/model/parse")
        self._text = json.loads(body)["text"]

    def getresponse(self) -> io.BytesIO:
        response = io.BytesIO(json.dumps(self.answers[self._text]).encode())
        response.status = self.status  # type: ignore[attr-defined]
        return response

    def close(self) -> None:
        """Nothing to close."""


def test_each_message_is_asked_of_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    Engine.answers = {"漏煤气": parsed(GAS, "report_repair"), "天气": parsed("nlu_fallback", "chitchat")}
    monkeypatch.setattr(http.client, "HTTPConnection", Engine)
    judged = list(judge("http://127.0.0.1:5005", [Labelled("漏煤气", GAS), Labelled("天气", WEATHER)]))
    assert figures(judged).accuracy == 1


def test_an_engine_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    Engine.answers = {"好": {"reason": "ParsingError"}}
    monkeypatch.setattr(http.client, "HTTPConnection", Engine)
    monkeypatch.setattr(Engine, "status", 500)
    with pytest.raises(CliError, match="没有正常回答"):
        list(judge("http://127.0.0.1:5005", [Labelled("好", "affirm")]))
