"""What a prompt's text may hold in braces, set at the desk or written into the file by hand."""

from pathlib import Path

import pytest
import yaml

from integrations.voice.prompts import Prompts, PromptWrong, standard

FORMS = ["{company:>200000000}", "{company!r}", "{company:{x}}", "{company:{company}}", "{company!x}", "{company", "{}"]


@pytest.mark.parametrize("text", FORMS)
def test_a_value_is_named_and_nothing_more(tmp_path: Path, text: str) -> None:
    prompts = Prompts(tmp_path)
    with pytest.raises(PromptWrong, match="placeholders"):
        prompts.set("greeting", f"您好，{text}")
    assert prompts.text("greeting", company="翠湖物业") == standard()["greeting"].format(company="翠湖物业")


@pytest.mark.parametrize("text", FORMS)
def test_by_hand_such_a_text_is_passed_over_and_the_others_are_said(tmp_path: Path, text: str) -> None:
    changed = {"greeting": f"您好，{text}", "goodbye": "慢走"}
    (tmp_path / "prompts.yml").write_text(yaml.safe_dump(changed, allow_unicode=True), encoding="utf-8")
    prompts = Prompts(tmp_path)
    assert prompts.text("greeting", company="翠湖物业") == standard()["greeting"].format(company="翠湖物业")
    assert prompts.text("goodbye") == "慢走"


def test_the_bare_name_is_filled_in(tmp_path: Path) -> None:
    prompts = Prompts(tmp_path)
    prompts.set("greeting", "{company}，您好")
    assert prompts.text("greeting", company="翠湖物业") == "翠湖物业，您好"
