"""`guanjia up`: everything on one machine, until Ctrl-C."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable

from integrations.cli import configuration, engine, ports
from integrations.cli.data_folder import only_instance, prepare_data_folder
from integrations.cli.errors import AlreadyExplained
from integrations.cli.places import ROOT
from integrations.cli.product import Companion, Product
from integrations.cli.train import train
from integrations.gateway.settings import Settings


def up(port: int | None, *, open_browser: bool, companion: Callable[[Settings], Companion] | None = None) -> None:
    """Prepare what is missing, run engine and server, and stay until a signal.

    Args:
        port: the server's; None takes the setting's, 0 a free one.
        companion: makes what runs with them, when the port is decided and the data folder is ours.

    Raises:
        CliError: something keeps the product from starting.
        AlreadyExplained: so does an account file; what is wrong in it was told.
    """
    began = time.monotonic()
    settings = configuration.load(port=port)
    prepare_data_folder(settings.data_dir)
    with only_instance(settings.data_dir):
        if settings.port == 0:
            settings = configuration.load(port=ports.free_port())
        ports.require_free(settings.host, settings.port)
        # What runs beside the product may bring an account file of its own.
        _require_usable_account_files(settings, wechat=companion is None)
        if not engine.model_is_current(settings.data_dir):
            train(settings.data_dir)
        beside = None if companion is None else companion(settings)
        asyncio.run(Product(settings, began, beside).run(open_browser=open_browser))


def _require_usable_account_files(settings: Settings, *, wechat: bool) -> None:
    """Look at them before anything starts: the server would end with them in the middle of its own log.

    Raises:
        AlreadyExplained: one of them is wrong.
    """
    files = {
        "wechat": settings.wechat_accounts_file,
        "wecom": settings.wecom_accounts_file,
        "hotline": settings.hotline_settings_file,
    }
    kinds = [kind for kind, file in files.items() if file.is_file() and (wechat or kind != "wechat")]
    if not kinds:
        return
    command = (sys.executable, "-m", "integrations.cli.account_files", *kinds)
    environment = os.environ | {"GUANJIA_DATA_DIR": str(settings.data_dir.resolve())}
    looked = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, check=False)  # noqa: S603 - ours
    if looked.returncode:
        raise AlreadyExplained
