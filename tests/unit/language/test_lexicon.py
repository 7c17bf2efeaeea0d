"""The dictionaries: complete, unambiguous, and found longest first."""

from __future__ import annotations

import pytest

from bot.language.lexicon import Term, TermMatch, area_of_facility, faults, find_terms, lexicon, longest

FEES = {"物业费", "水费", "电费", "燃气费", "停车费", "公摊费", "取暖费", "垃圾费", "押金"}
UTILITIES = {"水", "电", "燃气", "暖气", "网络", "电梯"}
AREAS = {"户内", "公共区域"}


def test_the_catalogue_names_at_least_sixty_facilities_with_area_and_faults() -> None:
    facilities = lexicon().facilities
    known = {term.value for term in lexicon().terms if term.kind == "fault"}
    assert len(facilities) >= 60
    assert {facility.area for facility in facilities.values()} == AREAS
    assert all(facility.words and facility.faults for facility in facilities.values())
    assert known


def test_fees_and_supplies_are_those_of_the_contract() -> None:
    assert {term.value for term in lexicon().terms if term.kind == "fee_type"} == FEES
    assert set(lexicon().utility_supplies.values()) == UTILITIES


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("坐便器", "facility", "马桶"),
        ("厕所堵", "facility", "马桶"),
        ("升降机", "facility", "电梯"),
        ("WIFI", "facility", "网络"),
        ("走廊灯", "facility", "楼道灯"),
        ("管理费", "fee_type", "物业费"),
        ("停车管理费", "fee_type", "停车费"),
        ("暖气费", "fee_type", "取暖费"),
        ("地库", "place", "公共区域"),
        ("主卧", "place", "户内"),
    ],
)
def test_a_synonym_leads_to_its_canonical_name(text: str, kind: str, value: str) -> None:
    assert value in {match.term.value for match in find_terms(text) if match.term.kind == kind}


@pytest.mark.parametrize("text", ["上门", "电梯卡", "反锁", "部门", "查监控", "收费窗口"])
def test_longer_words_keep_facilities_from_matching_inside(text: str) -> None:
    assert [match for match in find_terms(text) if match.term.kind == "facility"] == []


def test_the_longest_term_from_the_left_wins() -> None:
    short, long = Term("灯", "facility", "灯具"), Term("楼道灯", "facility", "楼道灯")
    found = longest([TermMatch(2, 3, short), TermMatch(0, 3, long)])
    assert [match.term for match in found] == [long]


def test_where_a_facility_usually_is() -> None:
    assert area_of_facility("马桶") == "户内"
    assert area_of_facility("电梯") == "公共区域"
    assert area_of_facility("火箭") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("水龙头滴水", ["漏水"]), ("灯一闪一闪还有响声", ["闪烁", "异响"]), ("跳闸了", ["跳闸"]), ("你好", [])],
)
def test_faults_have_canonical_names(text: str, expected: list[str]) -> None:
    assert faults(text) == expected


def test_no_top_level_key_is_one_that_the_engine_would_read_as_training_data() -> None:
    import yaml

    from bot.language.lexicon import FOLDER

    reserved = {"nlu", "rules", "stories", "intents", "entities", "slots", "responses", "actions", "forms", "lookup"}
    for file in FOLDER.glob("*.yml"):
        assert not reserved & set(yaml.safe_load(file.read_text(encoding="utf-8"))), file.name
