"""The figures of `guanjia evaluate` about entities, counted by hand."""

import pytest

from integrations.cli.entity_metrics import EntityFigures, by_type, scored
from integrations.cli.entity_values import same
from integrations.cli.metrics import Entities, Judged


def message(labelled: Entities | None, *found: tuple[str, str]) -> Judged:
    return Judged("inform", ("inform",), labelled=labelled, found=found)


def test_each_type_is_counted_by_itself_and_the_scored_ones_together() -> None:
    figures = by_type(
        [
            message([("room", "501"), ("building", "3")], ("room", "501"), ("building", "8")),
            message([("room", "602")]),
            message([], ("amount", "30"), ("place", "楼道")),
            message([("facility", "马桶")], ("facility", "马桶")),
        ]
    )
    assert figures == {
        "building": EntityFigures(expected=1, found=1, right=0),
        "room": EntityFigures(expected=2, found=1, right=1),
        "amount": EntityFigures(expected=0, found=1, right=0),
        "facility": EntityFigures(expected=1, found=1, right=1),
        "place": EntityFigures(expected=0, found=1, right=0),
    }
    together = scored(figures)
    assert together == EntityFigures(expected=3, found=3, right=1)
    assert together.precision == together.recall == together.f1 == pytest.approx(1 / 3)
    assert figures["room"].f1 == pytest.approx(2 / 3)
    assert figures["amount"].recall is None
    assert figures["amount"].f1 == 0


def test_a_message_whose_label_says_nothing_about_entities_is_left_out() -> None:
    assert by_type([message(None, ("room", "501"))]) == {}
    assert scored({}).f1 is None


def test_several_values_of_a_type_need_one_each() -> None:
    figures = by_type([message([("room", "501"), ("room", "501")], ("room", "501"), ("room", "502"))])
    assert figures["room"] == EntityFigures(expected=2, found=2, right=1)


@pytest.mark.parametrize(
    ("kind", "label", "value"),
    [
        ("time", "2026-11-22T15:00:00+08:00", "2026-11-22T07:00:00+00:00"),
        ("time", "2026-11-22T15:00", "2026-11-22T15:00:00+08:00"),
        ("time", "2026-11-22T14:00:00+08:00", "2026-11-22T14:00:00+08:00/2026-11-22T16:00:00+08:00"),
        ("amount", "230.0", "230"),
        ("facility", "坐便器", "马桶"),
        ("facility", "灯", "楼道灯"),
        ("facility", "無人機", "无人机"),
        ("place", "楼道", "楼道里"),
        ("place", "樓道", "楼道"),
        ("room", "501", "501"),
    ],
)
def test_values_that_mean_the_same(kind: str, label: str, value: str) -> None:
    assert same(kind, label, value)


@pytest.mark.parametrize(
    ("kind", "label", "value"),
    [
        ("time", "2026-11-22T15:00:00+08:00", "2026-11-22T15:00:00+00:00"),
        ("time", "2026-11-22T14:00:00+08:00/2026-11-22T16:00:00+08:00", "2026-11-22T14:00:00+08:00"),
        ("time", "明天", "2026-11-22T14:00:00+08:00"),
        ("amount", "230", "23"),
        ("amount", "两百", "200"),
        ("facility", "马桶", "水龙头"),
        ("place", "楼道", "大堂"),
        ("room", "501", "0501"),
    ],
)
def test_values_that_do_not(kind: str, label: str, value: str) -> None:
    assert not same(kind, label, value)
