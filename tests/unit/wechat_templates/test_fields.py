"""A value takes the form that its keyword allows, or the platform refuses the whole message."""

import pytest

from integrations.wechat.template_fields import fit, kind_of


@pytest.mark.parametrize(
    ("keyword", "value", "fitted"),
    [
        ("thing2", "翠湖花园3栋2单元501", "翠湖花园3栋2单元501"),
        ("thing2", "燃" * 21, "燃" * 19 + "…"),
        ("thing12", "燃" * 20, "燃" * 20),
        ("thing1", " 第一行\n第二行\t末 ", "第一行 第二行 末"),
        ("phrase3", "师傅在路上", "师傅在路上"),
        ("phrase3", "已派单给赵师傅", "已派单给赵"),
        ("phrase3", "维修中 OK", "维修中"),
        ("character_string4", "WX261121-0042", "WX261121-0042"),
        ("character_string4", "单号 WX261121-0042", "WX261121-0042"),
        ("character_string4", "A" * 40, "A" * 32),
        ("amount5", "250.60元", "250.60元"),
        ("amount5", "约 250.60 元", "250.60元"),
        ("number6", "250.60元", "250.60"),
        ("time7", "2026年11月22日 09:00~17:00", "2026年11月22日 09:00~17:00"),
        ("name8", "维" * 12, "维" * 9 + "…"),
        ("keyword1", "字" * 150, "字" * 150),
        ("remark", "字" * 201, "字" * 199 + "…"),
        ("number6", "全部", "全部"),
    ],
)
def test_a_value_is_cut_and_cleaned_for_its_keyword(keyword: str, value: str, fitted: str) -> None:
    assert fit(keyword, value) == fitted


def test_a_keywords_number_is_no_part_of_its_type() -> None:
    assert [kind_of(name) for name in ("thing2", "character_string14", "first")] == [
        "thing", "character_string", "first",
    ]  # fmt: skip
