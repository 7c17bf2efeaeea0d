"""The figures of `guanjia evaluate` about intents, on messages few enough to count by hand."""

import pytest

from integrations.cli import metrics
from integrations.cli.metrics import Judged, ranking_of

GAS, ARREARS, WEATHER, BILL, HELLO = "report_emergency", "query_arrears", "out_of_scope", "explain_bill", "greet"

EIGHT = [
    Judged(ARREARS, (ARREARS, BILL)),
    Judged(ARREARS, (BILL, ARREARS)),
    Judged(ARREARS, (HELLO, "thank", "deny", ARREARS)),
    Judged(WEATHER, (WEATHER,)),
    Judged(WEATHER, (GAS, HELLO)),
    Judged(GAS, (GAS,)),
    Judged(GAS, (WEATHER, GAS)),
    Judged(HELLO, (HELLO,)),
]


def parsed(*names: str) -> dict[str, object]:
    """An answer of the engine."""
    ranking = [{"name": name, "confidence": 1 / (place + 1)} for place, name in enumerate(names)]
    return {"intent": ranking[0], "intent_ranking": ranking, "entities": []}


def test_accuracy_counts_the_likeliest_intent_and_top_three_the_first_three() -> None:
    assert metrics.accuracy(EIGHT) == 4 / 8
    assert metrics.top3(EIGHT) == 6 / 8


def test_each_intent_weighs_the_same_in_the_macro_f1() -> None:
    # arrears 2·1/(3+1), emergency 2·1/(2+2), greet 2·1/(1+2), out of scope 2·1/(2+2)
    assert metrics.f1_by_intent(EIGHT) == {ARREARS: 1 / 2, HELLO: 2 / 3, WEATHER: 1 / 2, GAS: 1 / 2}
    assert metrics.macro_f1(EIGHT) == pytest.approx((1 / 2 + 1 / 2 + 2 / 3 + 1 / 2) / 4)


def test_precision_recall_and_false_alarms_of_one_intent() -> None:
    assert metrics.precision(EIGHT, WEATHER) == 1 / 2  # the gas leak was called so, too
    assert metrics.recall(EIGHT, WEATHER) == 1 / 2
    assert metrics.recall(EIGHT, GAS) == 1 / 2
    assert metrics.false_alarms(EIGHT) == 1 / 6  # one of the six that are no emergency


def test_nothing_to_measure_gives_no_figure() -> None:
    one = [Judged(HELLO, (HELLO,))]
    assert metrics.accuracy([]) is metrics.top3([]) is metrics.macro_f1([]) is None
    assert metrics.recall(one, GAS) is metrics.precision(one, WEATHER) is metrics.second_recall(one) is None
    assert metrics.false_alarms([Judged(GAS, (GAS,))]) is None
    assert metrics.calibration_error(metrics.reliability(one)) is None
    assert metrics.percentile([], 0.5) is None


def test_falling_back_counts_as_out_of_scope() -> None:
    assert ranking_of(parsed("nlu_fallback", ARREARS, HELLO)) == (WEATHER, ARREARS, HELLO)


def test_an_answer_without_intent_counts_as_out_of_scope() -> None:
    assert ranking_of({"intent": {"name": None}, "intent_ranking": []}) == (WEATHER,)
    assert Judged(WEATHER, ranking_of({})).predicted == WEATHER


def test_an_intent_counts_once_in_the_ranking() -> None:
    assert ranking_of(parsed("nlu_fallback", WEATHER, ARREARS, HELLO))[:3] == (WEATHER, ARREARS, HELLO)


def test_the_calibration_error_weighs_each_step_of_confidence_by_its_messages() -> None:
    bins = metrics.reliability(
        [
            Judged(HELLO, (HELLO,), confidence=1.0),
            Judged(HELLO, (HELLO,), confidence=0.95),
            Judged(HELLO, (GAS,), confidence=0.95),
            Judged(HELLO, (GAS,), confidence=0.55),
            Judged(HELLO, (HELLO,)),
        ]
    )
    assert [one.n for one in bins] == [0, 0, 0, 0, 0, 1, 0, 0, 0, 3]
    assert bins[9].confidence == pytest.approx(2.9 / 3)
    assert bins[9].accuracy == 2 / 3
    assert bins[0].accuracy is None
    # three messages 2.9/3 - 2/3 = 0.3 apart, one 0.55 apart
    assert metrics.calibration_error(bins) == pytest.approx((3 * 0.3 + 0.55) / 4)


def test_a_second_wish_counts_when_it_was_found_and_understood() -> None:
    judged = [
        Judged(HELLO, (HELLO,), second_expected=ARREARS, second_predicted=ARREARS),
        Judged(HELLO, (HELLO,), second_expected=ARREARS, second_predicted=GAS),
        Judged(HELLO, (HELLO,), second_expected=ARREARS),
        Judged(HELLO, (HELLO,)),
    ]
    assert metrics.second_recall(judged) == 1 / 3


def test_confusions_come_with_some_of_their_messages_the_most_frequent_first() -> None:
    judged = [Judged(HELLO, (HELLO,), "早"), Judged(GAS, (HELLO,), "烟")]
    judged += [Judged(BILL, (ARREARS,), text) for text in "甲乙丙丁"]
    assert metrics.confusions(judged) == [
        metrics.Confusion(BILL, ARREARS, 4, ["甲", "乙", "丙"]),
        metrics.Confusion(GAS, HELLO, 1, ["烟"]),
    ]


def test_the_matrix_counts_right_answers_too() -> None:
    assert metrics.matrix([EIGHT[0], EIGHT[1], EIGHT[1]]) == {(ARREARS, ARREARS): 1, (ARREARS, BILL): 2}


def test_a_percentile_is_a_value_that_was_measured() -> None:
    times = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert metrics.percentile(times, 0.5) == 3.0
    assert metrics.percentile(times, 0.95) == 5.0
    assert metrics.percentile([1.0, 2.0], 0.5) == 1.0
    assert metrics.percentile([7.0], 0.95) == 7.0
