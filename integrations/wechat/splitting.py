"""Cuts a text into messages that the platform takes: at paragraphs, lines, sentences, clauses, in this order.

Links, telephone numbers, words and addresses in Latin letters, and characters of several code points stay whole.
"""

import re
from collections.abc import Callable, Iterable

from integrations.wechat.graphemes import clusters
from integrations.wechat.markup import LINK

LIMIT = 2048
"""UTF-8 bytes of one text message, in practice (shared by passive answers and customer-service messages)."""

_SENTENCE_ENDS = frozenset("。！？；…!?;")
_CLAUSE_ENDS = frozenset("，、：,: ")
_CLOSING = frozenset("”’」』）》】)\"'")
_KEPT_TOGETHER = re.compile(r"[!-~０-９－–]")
_IN_A_NUMBER = re.compile(r"[0-9０-９]")
_LONGEST_WORD = 512
_LONGEST_NUMBER = 120


def size(text: str) -> int:
    """Bytes of ``text``; Chinese has three to a character."""
    return len(text.encode())


def split(text: str, limit: int = LIMIT) -> list[str]:
    """``text`` in messages of at most ``limit`` bytes; whitespace where it is cut is left out, nothing else."""
    packer = Packer(limit)
    for paragraph in re.split(r"\n{2,}", text):
        packer.add(paragraph)
    return packer.parts()


class Packer:
    """Fills messages with paragraphs, one after the other."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._full: list[str] = []
        self._current = ""
        self._size = 0

    def add(self, paragraph: str) -> int:
        """Put a paragraph behind the others, a blank line between; the number (from 0) of the message it ends in."""
        self._put(paragraph.strip("\n"), "\n\n", 0)
        return len(self._full)

    def parts(self) -> list[str]:
        """The messages so far."""
        return [*self._full, *([self._current] if self._current.strip() else [])]

    def _put(self, piece: str, separator: str, level: int) -> None:
        if not self._current:
            piece = piece.lstrip()
        if not piece:
            return
        joint = separator if self._current else ""
        if self._size + len(joint) + size(piece) <= self._limit:
            self._append(joint + piece)
            return
        fits_alone = size(piece) <= self._limit
        # A message that has much room left is filled up rather than left: the platform counts messages.
        much_room = self._limit - self._size > self._limit * _WORTH_CUTTING[level]
        if fits_alone and not (self._current and much_room):
            self._close()
            self._append(piece.lstrip())
        elif level == len(_CUTS):
            self._close()
            self._put_by_code_points(piece)
        else:
            cut, between = _CUTS[level]
            for index, smaller in enumerate(cut(piece)):
                self._put(smaller, between if index else separator, level + 1)

    def _put_by_code_points(self, piece: str) -> None:
        """The last resort: one character that is longer than a message."""
        for char in piece:
            if self._size + size(char) > self._limit:
                self._close()
            self._append(char)

    def _append(self, text: str) -> None:
        self._current += text
        self._size += size(text)

    def _close(self) -> None:
        if self._current.strip():
            self._full.append(self._current.rstrip())
        self._current, self._size = "", 0


def atoms(text: str) -> list[str]:
    """The pieces of a line that are never cut."""
    found: list[str] = []
    end = 0
    for match in LINK.finditer(text):
        found += _words(clusters(text[end : match.start()]))
        found.append(match.group())
        end = match.end()
    return [*found, *_words(clusters(text[end:]))]


def _words(characters: list[str]) -> Iterable[str]:
    word: list[str] = []
    for index, char in enumerate(characters):
        following = characters[index + 1] if index + 1 < len(characters) else ""
        # 「400 123 4567」 is one number.
        gap = char == " " and bool(word) and _IN_A_NUMBER.match(word[-1]) and _IN_A_NUMBER.match(following)
        if gap or _KEPT_TOGETHER.match(char):
            word.append(char)
            continue
        yield from _whole(word)
        word = []
        yield char
    yield from _whole(word)


def _whole(word: list[str]) -> Iterable[str]:
    """A word in one piece; one that is too long for that in characters, its numbers in one piece."""
    joined = "".join(word)
    is_address = joined.startswith(("http://", "https://")) and size(joined) <= LIMIT
    if not word or size(joined) <= _LONGEST_WORD or is_address:
        yield from [joined] if word else []
        return
    number = ""
    for char in word:
        if _IN_A_NUMBER.match(char) and size(number + char) <= _LONGEST_NUMBER:
            number += char
            continue
        if number:
            yield number
        number = char if _IN_A_NUMBER.match(char) else ""
        if not number:
            yield char
    if number:
        yield number


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.split("\n")]


def _grouped(text: str, ends: frozenset[str]) -> list[str]:
    groups: list[str] = []
    over = True
    for atom in atoms(text):
        closes = atom in _CLOSING and bool(groups)
        if over and not closes and not (groups and atom[-1] in ends):
            groups.append(atom)
        else:
            groups[-1] += atom
        over = atom[-1] in ends or (over and closes)
    return groups


def _sentences(text: str) -> list[str]:
    return _grouped(text, _SENTENCE_ENDS)


def _clauses(text: str) -> list[str]:
    return _grouped(text, _SENTENCE_ENDS | _CLAUSE_ENDS)


_CUTS: list[tuple[Callable[[str], list[str]], str]] = [(_lines, "\n"), (_sentences, ""), (_clauses, ""), (atoms, "")]
# The share of a message that has to be free before a piece that would fit into the next one is cut to fill it.
_WORTH_CUTTING = [0.25, 0.35, 0.5, 1.0, 1.0]
