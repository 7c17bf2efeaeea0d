"""The catalogue of the Official Account fits the code and the database."""

import re
from pathlib import Path

import yaml

from integrations.wechat import texts
from integrations.wechat.follow import STARTS
from property_db.fees.models import BillState
from property_db.notices.models import NoticeKind

CATALOGUE: dict[str, str] = yaml.safe_load(texts.CATALOGUE.read_text(encoding="utf-8"))
CODE = "\n".join(file.read_text(encoding="utf-8") for file in Path(texts.__file__).parent.glob("*.py"))
MADE = ("bill_state_", "notice_kind_", "rating_name_", "refused_")
"""Beginnings of keys whose end is a value."""


def test_every_sentence_is_used_and_every_used_one_is_there() -> None:
    used = set(re.findall(r'"([a-z_0-9]+)"', CODE))
    assert {key for key in CATALOGUE if not key.startswith(MADE)} <= used
    said = set(re.findall(r'\bsay\(\s*"([a-z_0-9]+)"', CODE))
    ours = said | {key for key, _ in STARTS}
    assert ours - set(CATALOGUE) <= _of_other_catalogues()


def _of_other_catalogues() -> set[str]:
    """Modules of this folder that bring a catalogue of their own."""
    files = [file for file in texts.CATALOGUE.parent.glob("*.yml") if file != texts.CATALOGUE]
    files.append(texts.CATALOGUE.parent.parent / "gateway" / "texts.yml")
    return {key for file in files for key in yaml.safe_load(file.read_text(encoding="utf-8"))}


def test_every_state_of_a_bill_and_kind_of_notice_has_a_word() -> None:
    assert all(texts.has(f"bill_state_{state.value}") for state in BillState)
    assert all(texts.has(f"notice_kind_{kind.value}") for kind in NoticeKind)


def test_no_sentence_has_markup_or_an_english_word() -> None:
    for key, sentence in CATALOGUE.items():
        plain = re.sub(r"\{[a-z]+\}", "", sentence)
        assert not re.search(r"[A-Za-z<>]", plain), key
