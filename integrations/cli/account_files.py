"""The files of WeChat, WeCom and the hotline on the command line: read, with what is wrong told in three parts.

`guanjia up` runs this as ``python -m integrations.cli.account_files wechat wecom hotline``, a process of its own that
is gone when it is done: what reading them imports would stay in the memory of `up` for ever.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from integrations.cli import configuration
from integrations.cli.errors import CliError, show
from integrations.cli.places import enter_project
from integrations.cli.texts import say
from integrations.gateway.settings import Settings
from integrations.tencent.accounts import AccountFileWrong
from integrations.tencent.errors import ApiRefused
from integrations.voice import configuration as voice
from integrations.wechat import accounts as wechat
from integrations.wecom import accounts as wecom

Kind = Literal["wechat", "wecom"]
"""Begins the codes of the catalogues' entries."""
_WITH_ADVICE = ("token", "no_permission", "address_not_allowed", "rate", "busy")


def official_accounts(settings: Settings) -> dict[str, wechat.Account]:
    """The Official Accounts by name; none where there is no file.

    Raises:
        CliError: the file cannot be used.
    """
    return _read("wechat", settings.wechat_accounts_file, wechat.load)


def companies(settings: Settings) -> dict[str, wecom.Account]:
    """The companies by name; none where there is no file.

    Raises:
        CliError: the file cannot be used.
    """
    return _read("wecom", settings.wecom_accounts_file, wecom.load)


def hotline(settings: Settings) -> voice.Hotline | None:
    """The hotline's settings; None where there is no file.

    Raises:
        CliError: the file cannot be used.
    """
    return _read("hotline", settings.hotline_settings_file, voice.load)


def _read[T](kind: Kind | Literal["hotline"], path: Path, load: Callable[[Path], T]) -> T:
    try:
        return load(path)
    except AccountFileWrong as wrong:
        raise CliError(f"{kind}_file", reason=wrong.reason, path=wrong.path.absolute(), where=wrong.where) from wrong


def refused_by_platform(kind: Kind, name: str, refused: ApiRefused) -> CliError:
    """What the platform's refusal means for the operator, in its own number and words.

    Args:
        name: the account's.
    """
    advice = f"_{refused.refusal.value}" if refused.refusal.value in _WITH_ADVICE else ""
    todo = say(f"{kind}_todo{advice}")
    return CliError(f"{kind}_refused", account=name, errcode=refused.errcode, hint=refused.hint or "–", todo=todo)


_READERS: Mapping[str, Callable[[Settings], Any]] = {
    "wechat": official_accounts,
    "wecom": companies,
    "hotline": hotline,
}


def main(kinds: list[str]) -> int:
    """Read these files and say what is wrong; the exit status."""
    enter_project()
    try:
        settings = configuration.load()
        for kind in kinds:
            _READERS[kind](settings)
    except CliError as error:
        show(error, sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
