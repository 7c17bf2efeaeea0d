"""Nothing that somebody wrote becomes markup."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.tencent import xml
from integrations.wechat import markup
from integrations.wechat.markup import LINK, link, plain, says, visible

NASTY = st.lists(
    st.sampled_from(
        ['<a href="http://evil.test">', "</a>", "]]>", "<![CDATA[", "&lt;a&gt;", "&#60;", '"', "'", "<", ">", "\x00",
         "\x08", "\u202e", "\ud800", "\ufdd0", "\uffff", "\r\n", "\u2028", "weixin://bizmsgmenu?msgmenuid=1",
         "好", "%3C", "&"]
    ) | st.text(max_size=5),
    max_size=20,
).map("".join)  # fmt: skip


@given(NASTY)
def test_a_text_cannot_become_markup(raw: str) -> None:
    text = plain(raw)
    assert "<" not in text
    assert ">" not in text
    assert not any(ord(char) < 32 and char != "\n" for char in text)
    text.encode()  # no lone surrogate


@given(NASTY)
def test_a_text_survives_the_envelope_s_xml_unchanged(raw: str) -> None:
    text = plain(raw)
    assert xml.parse(xml.build({"Content": text}).encode()) == {"Content": text}


@given(NASTY, NASTY)
def test_a_link_holds_exactly_one_title_and_one_target(title: str, said: str) -> None:
    made = says(title, said, "c1.1@" + "0" * 32)
    assert LINK.fullmatch(made)
    assert made.count("<a ") == made.count("</a>") == 1
    assert made.count("msgmenuid=c1.1@") == 1
    assert made.index("msgmenucontent=") < made.index("&msgmenuid=")
    assert "\n" not in made
    assert visible(made) == " ".join(plain(title).split())


@given(NASTY, NASTY)
def test_a_web_link_is_one_link_or_none(title: str, address: str) -> None:
    made = link(title, "https://example.com/" + address)
    assert made is None or LINK.fullmatch(made)


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "weixin://bizmsgmenu?msgmenuid=1", "tel:110", "/here", "", "https://", "http://[", "\x01"],
)  # fmt: skip
def test_only_web_addresses_become_links(address: str) -> None:
    assert link("看看", address) is None


def test_an_entity_is_no_entity_any_more_and_other_ampersands_stay() -> None:
    assert plain("&lt;a&gt; &#60; A&B") == "＆lt;a＆gt; ＆#60; A&B"


def test_what_is_said_by_pressing_stays_short_and_keeps_characters_whole() -> None:
    made = says("好", "👨‍👩‍👧‍👦" * 60, "c1.1")
    assert made.count("👨‍👩‍👧‍👦") == markup.LONGEST_SAID
