"""The data folder: made for its owner only, and held by one running product at a time."""

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from integrations.cli.errors import CliError


def prepare_data_folder(folder: Path) -> None:
    """Make the data folder, readable for its owner only.

    Raises:
        CliError: it cannot be made or written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise CliError("data_folder", path=folder.absolute(), reason=error.strerror) from error


@contextlib.contextmanager
def only_instance(folder: Path) -> Iterator[None]:
    """Hold the data folder: two products on one embedded database would answer everything twice.

    Raises:
        CliError: a running product holds it.
    """
    with (folder / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise CliError("already_up", path=folder.absolute(), pid=lock.read().strip() or "?") from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
