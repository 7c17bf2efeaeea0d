"""The platform's XML: nothing can be injected, and what is not the platform's is refused before it costs anything."""

import contextlib
import tracemalloc
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integrations.tencent import xml
from integrations.tencent.xml import XmlRefused

ENDS = ["]]>", "]]", "]", ">", "<", "<![CDATA[", "</Content>", "</xml>", "-->"]
MARKUP = [*ENDS, "<Injected>", "&lt;", "&#0;", "&x;", "<!--", "<?", "👍", "好"]
CHARACTERS = "\x00\x01\x0b\x1f\r\n\ufffe\uffff\ud800\ufdd0"
NASTY = st.one_of(
    st.text(st.characters(codec=None), max_size=200),
    st.lists(st.sampled_from([*MARKUP, *CHARACTERS]), max_size=20).map("".join),
)


def reason_of(body: str | bytes, limit: int = xml.BODY_LIMIT) -> str:
    with pytest.raises(XmlRefused) as refused:
        xml.parse(body.encode() if isinstance(body, str) else body, limit)
    return refused.value.reason


@settings(max_examples=200, deadline=None)
@given(content=NASTY, user=NASTY, number=st.integers(0, 2**40))
@example(content="]]>", user="]]]]>>", number=0)
@example(content="]]\x01></Content><Injected>1</Injected><Content>", user="", number=0)
@example(content="]\x00]\x00>", user="]]\ufffe>", number=0)
@example(content="a\r\nb\rc", user="]]\r>", number=0)
def test_no_value_can_inject_an_element(content: str, user: str, number: int) -> None:
    built = xml.build({"ToUserName": user, "CreateTime": number, "Content": content})
    assert xml.parse(built.encode(), 10**6) == {
        "ToUserName": xml.clean(user),
        "CreateTime": str(number),
        "Content": xml.clean(content),
    }
    # A reader of another kind sees the same elements.
    root = ElementTree.fromstring(built)
    assert [element.tag for element in root.iter()] == ["xml", "ToUserName", "CreateTime", "Content"]


@settings(max_examples=150, deadline=None)
@given(NASTY)
def test_a_clean_text_has_only_characters_of_xml_and_stays_as_it_is(text: str) -> None:
    cleaned = xml.clean(text)
    assert xml.clean(cleaned) == cleaned
    assert all(c in "\t\n" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000" for c in cleaned)
    ElementTree.fromstring(f"<xml>{escape(cleaned)}</xml>")


@settings(max_examples=150, deadline=None)
@given(NASTY)
@example("]]\x01></Content><FromUserName>b</FromUserName><Content>")
@example("]\x00]\ufffe></Content><Injected>1</Injected><Content><![CDATA[")
@example("<\x01![CDATA[")
def test_a_control_character_in_what_arrives_cannot_close_a_section(text: str) -> None:
    """The sender split `]]>` where it saw one; `]]\\x01>` must not become one here."""
    with contextlib.suppress(UnicodeEncodeError):
        escaped = text.replace("]]>", "]]]]><![CDATA[>")
        body = f"<xml><FromUserName>a</FromUserName><Content><![CDATA[{escaped}]]></Content></xml>".encode()
        assert xml.parse(body) == {"FromUserName": "a", "Content": xml.clean(text)}


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=300), NASTY.map(lambda t: f"<xml>{t}</xml>".encode(errors="replace"))))
def test_whatever_arrives_is_read_or_refused_and_nothing_else(body: bytes) -> None:
    with contextlib.suppress(XmlRefused):
        assert isinstance(xml.parse(body), dict)


def test_a_message_is_read() -> None:
    body = """<xml><ToUserName><![CDATA[gh_1]]></ToUserName>
    <CreateTime>1348831860</CreateTime><Content><![CDATA[ 水管<漏>&水 ]]></Content><Empty></Empty><None/></xml>"""
    assert xml.parse(body.encode()) == {
        "ToUserName": "gh_1",
        "CreateTime": "1348831860",
        "Content": " 水管<漏>&水 ",
        "Empty": "",
        "None": "",
    }


def test_elements_within_a_field_are_a_dict_and_repeated_ones_a_list() -> None:
    one = "<xml><Event>e</Event><Popup><List><TemplateId>a</TemplateId></List></Popup></xml>"
    two = "<xml><Popup><List><TemplateId>a</TemplateId></List><List><TemplateId>b</TemplateId></List></Popup></xml>"
    assert xml.parse(one.encode())["Popup"] == {"List": {"TemplateId": "a"}}
    assert xml.parse(two.encode())["Popup"] == {"List": [{"TemplateId": "a"}, {"TemplateId": "b"}]}
    for body, count in ((one, 1), (two, 2), ("<xml><Popup><List/></Popup></xml>", 0), ("<xml><Popup/></xml>", 0)):
        popup = xml.parse(body.encode())["Popup"]
        assert len(xml.as_list(popup["List"] if popup else None)) == count
    three = "<xml><P><i>1</i><i>2</i><i>3</i></P></xml>"
    assert xml.parse(three.encode()) == {"P": {"i": ["1", "2", "3"]}}


XXE = '<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><Content>&x;</Content></xml>'
LAUGHS = (
    '<!DOCTYPE xml [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    + "]><xml><Content>&a9;</Content></xml>"
)
QUADRATIC = f'<!DOCTYPE xml [<!ENTITY a "{"x" * 20_000}">]><xml><Content>{"&a;" * 10_000}</Content></xml>'


@pytest.mark.parametrize(
    "body",
    [
        XXE,
        XXE.replace("file:///etc/passwd", "http://127.0.0.1:9/"),
        '<!DOCTYPE xml SYSTEM "http://127.0.0.1:9/evil.dtd"><xml/>',
        '<!DOCTYPE xml [<!ENTITY % p SYSTEM "http://127.0.0.1:9/evil.dtd">%p;]><xml/>',
        '<!DOCTYPE xml [<!NOTATION n SYSTEM "n"><!ENTITY u SYSTEM "u" NDATA n>]><xml/>',
        "<!DOCTYPE xml><xml/>",
        '<?xml version="1.0"?>\n<!-- a --><!DOCTYPE xml []><xml/>',
        LAUGHS,
        QUADRATIC,
    ],
)
def test_a_dtd_is_refused_whatever_it_says(body: str) -> None:
    assert reason_of(body) == "dtd"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<xml><Content>&undefined;</Content></xml>", "malformed"),
        ("<xml><a><b><c><d><e/></d></c></b></a></xml>", "depth"),
        ("<xml>" + "<a>" * 20_000, "depth"),
        ("<xml>" + "<a/>" * 10_000 + "</xml>", "duplicate"),
        ("<xml><l>" + "<a/>" * 201 + "</l></xml>", "elements"),
        ("<xml>" + "".join(f"<a{i}/>" for i in range(201)) + "</xml>", "elements"),
        ("<xml><a>1</a><a>2</a></xml>", "duplicate"),
        ("<xml><a>1</a><b/><a><c/></a></xml>", "duplicate"),
        ("<html><a>1</a></html>", "root"),
        ("<XML><a>1</a></XML>", "root"),
        ('<xml xmlns="urn:a"><a>1</a></xml>', "root"),
        ("<xml>text<a>1</a></xml>", "mixed"),
        ("<xml><a>text<b/></a></xml>", "mixed"),
        ("<xml>text</xml>", "mixed"),
        ("<xml><a>1</a>", "malformed"),
        ("<xml><a>1</b></xml>", "malformed"),
        ("<xml/><xml/>", "malformed"),
        ("<xml/>text", "malformed"),
        ("<xml><a b=1/></xml>", "malformed"),
        ("<xml><a\x01b>1</a\x01b></xml>", "malformed"),
        ("", "malformed"),
        ("{}", "malformed"),
        (b"<xml><a>\xff</a></xml>", "encoding"),
        (b"<xml><a>\xed\xa0\x80</a></xml>", "encoding"),
        (b"<xml><a>\xc0\xbc</a></xml>", "encoding"),
        ("<xml><a>1</a></xml>".encode("utf-16"), "encoding"),
        ("<xml><a>1</a></xml>".encode("utf-16-le"), "malformed"),
    ],
)
def test_what_the_platform_never_sends_is_refused(body: str | bytes, reason: str) -> None:
    assert reason_of(body) == reason


def test_four_levels_and_two_hundred_elements_are_read() -> None:
    assert xml.parse(b"<xml><a><b><c><d>1</d></c></b></a></xml>") == {"a": {"b": {"c": {"d": "1"}}}}
    body = "<xml>" + "".join(f"<a{i}/>" for i in range(200)) + "</xml>"
    assert len(xml.parse(body.encode())) == 200


def test_a_declaration_cannot_choose_another_encoding() -> None:
    body = '<?xml version="1.0" encoding="iso-8859-1"?><xml><a>中</a></xml>'
    assert xml.parse(body.encode()) == {"a": "中"}
    utf_7 = '<?xml version="1.0" encoding="utf-7"?><xml><a>+ADw-b+AD4-</a></xml>'
    assert xml.parse(utf_7.encode()) == {"a": "+ADw-b+AD4-"}


def test_an_empty_root_has_no_fields() -> None:
    assert xml.parse(b"<xml/>") == xml.parse(b"<xml> \n</xml>") == xml.parse(b"\xef\xbb\xbf<xml></xml>") == {}


@pytest.mark.parametrize("size", [xml.BODY_LIMIT + 1, 10 * 1024 * 1024])
def test_a_body_over_the_limit_is_refused_before_anything_looks_at_it(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looked_at(*_: Any, **__: Any) -> None:
        raise AssertionError("parsed")

    monkeypatch.setattr(xml, "DefusedXMLParser", looked_at)
    body = (b"<xml><Content>" + b"x" * size)[:size]
    tracemalloc.start()
    try:
        assert reason_of(body) == "size"
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("body", ["<xml>" + "<a>" * 20_000, "<xml><l>" + "<a/>" * 16_000, LAUGHS, QUADRATIC])
def test_a_bomb_is_refused_at_its_first_element_too_many(body: str) -> None:
    data = body.encode()
    reason_of(data[: xml.BODY_LIMIT])  # what Python loads once
    tracemalloc.start()
    try:
        reason_of(data)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["", "a b", "a>", "1a", "a/", "中", "a\n"])
def test_only_a_name_becomes_an_element(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        xml.build({name: "x"})
