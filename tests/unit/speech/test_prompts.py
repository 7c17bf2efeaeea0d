"""What is rendered before anybody calls."""

from pathlib import Path

from integrations.speech import prompts


def test_of_a_prompt_with_changing_words_the_rest_is_rendered() -> None:
    text = "您前面还有{ahead}位，请不要挂机。"
    assert prompts.fixed_parts(text, "") == "请不要挂机。"
    assert prompts.fixed_parts("您好，这里是{company}服务热线。", "管家物业") == "您好，这里是管家物业服务热线。"
    assert prompts.fixed_parts("{name}", "") == ""


def test_the_hotlines_prompts_are_known_with_what_the_operator_changed(tmp_path: Path) -> None:
    (tmp_path / "prompts.yml").write_text("goodbye: 慢走，再见。\n", encoding="utf-8")
    texts = prompts.of_hotline(tmp_path, "管家物业")
    assert "慢走，再见。" in texts
    assert not any("{" in text for text in texts)


def test_a_file_has_a_text_a_line(tmp_path: Path) -> None:
    file = tmp_path / "prompts.txt"
    file.write_text("您好。\n\n  请说。 \n", encoding="utf-8")
    assert prompts.of_file(file) == ["您好。", "请说。"]


def test_a_hotline_file_that_cannot_be_used_means_the_ordinary_voice(tmp_path: Path) -> None:
    file = tmp_path / "hotline.yml"
    assert prompts.voice_of(file).name == "female"
    file.write_text("voice: [", encoding="utf-8")
    file.chmod(0o600)
    assert prompts.voice_of(file).name == "female"
    file.write_text("voice: {name: male, speed: 1.1}", encoding="utf-8")
    file.chmod(0o600)
    assert (prompts.voice_of(file).name, prompts.voice_of(file).speed) == ("male", 1.1)


def test_of_the_dialogue_what_is_always_the_same_is_rendered(tmp_path: Path) -> None:
    (tmp_path / "fees.yml").write_text(
        "responses:\n"
        "  utter_owed:\n"
        "    - text: 您家还欠{amount}，请及时缴纳。\n"
        "      buttons:\n"
        "        - {title: 查明细, payload: /detail}\n"
        "  utter_block:\n"
        "    - custom: {kind: bill_card, title: '{title}'}\n",
        encoding="utf-8",
    )
    texts = prompts.of_dialogue(tmp_path)
    assert "请及时缴纳。" in texts
    assert any("查明细" in text for text in texts)
    assert not any("某某某" in text or "欠" in text for text in texts)


def test_the_products_own_responses_can_all_be_rendered() -> None:
    assert len(prompts.of_dialogue()) > 300
