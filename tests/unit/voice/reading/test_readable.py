"""What is written, as a person reads it aloud."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from integrations.voice.reading import SAYABLE, readable

ROOT = Path(__file__).parents[4]
TABLE = Path(__file__).with_name("readings.tsv")
TEXTS = (
    *sorted((ROOT / "bot" / "domain").glob("*.yml")),
    *sorted((ROOT / "property_db").rglob("*.yml")),
    *(ROOT / "integrations" / "gateway" / name for name in ("texts.yml", "errors.yml")),
    ROOT / "integrations" / "voice" / "spoken.yml",
)
NOT_ANSWERS = {"payload", "keywords", "pattern", "match", "digit_sounds", "digit_fillers", "digit_filler_before"}
FILLED = {
    "number": "WX261121-0042",
    "home": "翠湖花园3栋2单元501",
    "total": "812.30",
    "amount": "250.60",
    "phone": "138****8000",
    "when": "明天（11月23日）下午3点",
    "opens": "8:00",
    "closes": "18:00",
    "office_phone": "0571-8800-1801",
    "label": "2026年10月的物业费",
}
NUMERAL = re.compile("[零一二两三四五六七八九十百千万亿幺半第]")
ONE_NUMBER = re.compile(r"\d+(?:[:：.,\-—~至 ]*\d+)*")


def _lines() -> list[tuple[str, str]]:
    rows = TABLE.read_text(encoding="utf-8").splitlines()
    found = [row.split("\t") for row in rows if row and not row.startswith("# ")]
    return [(written.replace("\\n", "\n"), read) for written, read in found]


def _strings(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        for key, value in found.items():
            if key not in NOT_ANSWERS:
                yield from _strings(value)
    elif isinstance(found, list):
        for value in found:
            yield from _strings(value)


def _answers() -> list[str]:
    found = (text for path in TEXTS for text in _strings(yaml.safe_load(path.read_text(encoding="utf-8"))))
    chinese = (text for text in found if re.search("[\u4e00-\u9fff]", text))
    return [re.sub(r"\{([\w.]+)[^}]*\}", lambda m: FILLED.get(m[1], "3"), text) for text in chinese]


@pytest.mark.parametrize(("written", "read"), _lines())
def test_is_read_as_a_person_reads_it(written: str, read: str) -> None:
    assert readable(written) == read


def test_the_table_is_long_and_says_nothing_twice() -> None:
    lines = _lines()
    assert len(lines) >= 1000
    assert len({written for written, _ in lines}) == len(lines)


def test_every_text_of_the_product_can_be_said_and_loses_no_number() -> None:
    answers = _answers()
    assert len(answers) > 800
    for text in answers:
        read = readable(text)
        assert SAYABLE.fullmatch(read), (text, read)
        numbers = len(ONE_NUMBER.findall(text))
        assert len(NUMERAL.findall(read)) >= len(NUMERAL.findall(text)) + numbers, (text, read)


@given(st.text(max_size=60))
def test_whatever_is_written_only_sayable_characters_come_out(text: str) -> None:
    assert SAYABLE.fullmatch(readable(text))


@given(st.text(alphabet="0123456789.-:：/年月日元室栋,，% *#A", max_size=24))
def test_no_arrangement_of_numbers_breaks_the_table(text: str) -> None:
    read = readable(text)
    assert SAYABLE.fullmatch(read)
    assert bool(NUMERAL.search(read)) or not re.search(r"\d", text)


def test_dates_of_this_year_are_said_without_the_year_and_bills_keep_theirs() -> None:
    today = date(2026, 11, 22)
    assert readable("2026-11-30前交清2026年10月的物业费", today) == "十一月三十号前交清二零二六年十月的物业费"
    assert readable("2026年11月30日", today) == "十一月三十号"
    assert readable("2027-01-05", today) == "二零二七年一月五号"


@pytest.mark.parametrize("nothing", ["", "😊", "——", "。。。", "\n"])
def test_what_nobody_says_is_nothing(nothing: str) -> None:
    assert readable(nothing) == ""


def test_a_number_that_never_ends_is_read_in_pieces() -> None:
    read = readable("1" * 300)
    assert SAYABLE.fullmatch(read)
    assert read.count("幺") == 300
