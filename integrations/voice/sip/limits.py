"""How much of a message is worth parsing: aiosipua makes an object of every comma of a header.

A ``Contact`` of 15,900 commas, one packet of 16 KB, took 50 to 87 ms (measured with aiosipua 0.7.1); 25 of them a
second and nobody on the telephone is heard any more.
"""

from collections import Counter

from aiosipua.headers import MULTI_INSTANCE_HEADERS, expand_compact_header

MOST_VALUES = 32
"""Of one header, all its lines together; a call that has come over 32 proxies has lost its way."""
LONGEST_LIST = 4096
"""Bytes of one header, all its lines together."""
_LISTS = MULTI_INSTANCE_HEADERS | {"from", "to", "p-asserted-identity", "remote-party-id"}
"""What aiosipua takes apart at every comma, and what we do (see :mod:`integrations.voice.sip.numbers`)."""


def without_absurd(data: bytes) -> tuple[bytes, bool]:
    """A packet without the lists that are longer than any honest one.

    Args:
        data: the packet.

    Returns:
        the packet, one line a header, and whether anything was left out. It is written anew even where nothing was,
        so that what is parsed is what was measured, however oddly the lines were broken.
    """
    head, _, body = data.partition(b"\r\n\r\n" if b"\r\n\r\n" in data else b"\n\n")
    first, lines = _lines(head)
    absurd = _absurd(lines)
    kept = [line for line in lines if _name(line) not in absurd] if absurd else lines
    return "\r\n".join([first, *kept, "", ""]).encode() + body, bool(absurd)


def _lines(head: bytes) -> tuple[str, list[str]]:
    """The first line, and the headers with their continuations (RFC 3261 7.3.1), broken as aiosipua breaks them."""
    first, *others = head.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    unfolded: list[list[str]] = []
    for line in filter(None, others):
        if line[0] in " \t" and unfolded:
            unfolded[-1].append(line.strip())
        else:
            unfolded.append([line])
    return first, [" ".join(pieces) for pieces in unfolded]


def _absurd(lines: list[str]) -> set[str]:
    """The names of the lists that are too long."""
    values: Counter[str] = Counter()
    size: Counter[str] = Counter()
    for line in lines:
        name = _name(line)
        if name in _LISTS:
            values[name] += 1 + line.count(",")
            size[name] += len(line)
    return {name for name in values if values[name] > MOST_VALUES or size[name] > LONGEST_LIST}


def _name(line: str) -> str:
    """The name of a header in lower case, a letter for a name written out."""
    return expand_compact_header(line.partition(":")[0].strip()).lower()
