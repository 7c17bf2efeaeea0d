"""`guanjia demo wechat`: the product beside a WeChat of its own, with a page that shows a resident's phone.

The local WeChat is the tests' peer (``tests/local_wechat``), so this works in a checkout only.
"""

import os
import secrets
import socket
import string
import sys
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy.exc import SQLAlchemyError

from integrations.cli import configuration, places, ports, wechat
from integrations.cli.account_files import official_accounts
from integrations.cli.data_folder import prepare_data_folder
from integrations.cli.errors import CliError
from integrations.cli.product import Companion
from integrations.cli.supervisor import Service
from integrations.cli.texts import catalogue, say
from integrations.cli.up import up
from integrations.gateway.settings import Settings
from integrations.tencent.errors import ApiRefused, ApiUnreachable, TooLarge
from integrations.wechat import menu
from property_db.errors import DomainError

FOLDER = "demo-wechat"
PEER = Path("tests") / "local_wechat" / "__main__.py"
_ALPHABET = string.ascii_letters + string.digits
# 43 characters of base64 stand for 256 bits and two more, which have to be 0 in the last one.
_LAST_OF_KEY = "AEIMQUYcgkosw048"


def run(port: int | None, wechat_port: int | None) -> None:
    """Run engine, server and the local WeChat until a signal.

    Args:
        port: the server's, as for `up`.
        wechat_port: the local WeChat's; None takes a free one.

    Raises:
        CliError: not in demo mode, no checkout, or something keeps the product from starting.
    """
    settings = configuration.load(port=port)
    if not settings.demo:
        raise CliError("demo_wechat_needs_demo", mode=settings.mode)
    if not (places.ROOT / PEER).is_file():
        raise CliError("demo_wechat_needs_checkout", path=places.ROOT / PEER.parent)
    if wechat_port is not None:
        _require_free(wechat_port)
    up(port, open_browser=False, companion=lambda decided: companion(decided, wechat_port or ports.free_port()))


def companion(settings: Settings, wechat_port: int) -> Companion:
    """The local WeChat for a server with these settings, its account file written."""
    server, wechat_url = ports.url(settings.host, settings.port), ports.url(ports.LOOPBACK, wechat_port)
    file = write_account(settings.data_dir.resolve() / FOLDER, wechat_url)
    extra = {"GUANJIA_WECHAT_FILE": str(file), "GUANJIA_PUBLIC_URL": server}
    module = ".".join(PEER.parent.parts)
    peer = ("--port", str(wechat_port), "--server", server.rstrip("/"), "--wechat-file", str(file))
    service = Service(
        name="wechat",
        command=(sys.executable, "-m", module, *peer),
        environment=os.environ | {"PYTHONUNBUFFERED": "1"},
        folder=places.ROOT,
        log=settings.data_dir.resolve() / "logs" / "wechat.log",
    )

    async def when_ready() -> str:
        await _apply_menu(settings.model_copy(update={"wechat_file": file, "public_url": server}))
        return say("demo_wechat_ready", url=wechat_url)

    return Companion(service, wechat_port, extra, when_ready)


def write_account(folder: Path, wechat_url: str) -> Path:
    """Write the demo account with new secrets; only we can read it.

    The app id is new, too: residents of an earlier run's WeChat are others, though their ids may look the same.
    """
    prepare_data_folder(folder)
    account: dict[str, Any] = {
        **catalogue("demo_wechat.yml"),
        "app_id": f"wx{secrets.token_hex(8)}",
        "app_secret": secrets.token_hex(16),
        "original_id": f"gh_{secrets.token_hex(6)}",
        "token": _random(32),
        "aes_key": _random(42) + secrets.choice(_LAST_OF_KEY),
        "api_url": wechat_url,
        "oauth_url": wechat_url,
        "mp_url": wechat_url,
    }
    file = folder / "wechat.yml"
    file.unlink(missing_ok=True)  # so that the new one is made with the mode below
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as output:
        yaml.safe_dump({"accounts": [account]}, output, allow_unicode=True, sort_keys=False)
    return file


async def _apply_menu(settings: Settings) -> None:
    """A demo without its menu is still a demo."""
    (account,) = official_accounts(settings).values()
    try:
        async with wechat.platform(settings, account) as (api, _):
            await menu.apply(api, wechat.menu_of(settings, account))
    except (ApiRefused, ApiUnreachable, TooLarge, SQLAlchemyError, DomainError, OSError):
        return


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ports.LOOPBACK, port))
        except OSError as error:
            raise CliError("demo_wechat_port", port=port, reason=error.strerror) from error
