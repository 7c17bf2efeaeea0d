"""Names of server processes in claimed rows, so that a restart knows whose claims are nobody's any more."""

import os
import secrets
import socket
from collections.abc import Iterable

_SEPARATOR = "|"


def new_name() -> str:
    """A name for this process: host, process id, and something that a later process with the same id lacks."""
    return _SEPARATOR.join((socket.gethostname()[:30], str(os.getpid()), secrets.token_hex(4)))


def gone_among(names: Iterable[str], mine: str, *, alone: bool) -> list[str]:
    """Those of the names in claimed rows behind which no process works any more.

    Args:
        alone: one process owns the database, so any name but ``mine`` is a former one's.
    """
    return [name for name in names if name != mine and (alone or is_gone(name, mine))]


def is_gone(name: str, mine: str) -> bool:
    """Whether the process called ``name`` certainly runs no more; only processes of this machine can be told."""
    host, _, rest = name.partition(_SEPARATOR)
    process = rest.partition(_SEPARATOR)[0]
    if name == mine or host != mine.partition(_SEPARATOR)[0] or not process.isdigit():
        return False
    if int(process) == os.getpid():
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
