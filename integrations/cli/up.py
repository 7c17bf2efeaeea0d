"""`guanjia up`: everything on one machine, until Ctrl-C."""

import asyncio
import time

from integrations.cli import configuration, engine, ports
from integrations.cli.data_folder import only_instance, prepare_data_folder
from integrations.cli.product import Product
from integrations.cli.train import train


def up(port: int | None, *, open_browser: bool) -> None:
    """Prepare what is missing, run engine and server, and stay until a signal.

    Args:
        port: the server's; None takes the setting's, 0 a free one.

    Raises:
        CliError: something keeps the product from starting.
    """
    began = time.monotonic()
    settings = configuration.load(port=port)
    prepare_data_folder(settings.data_dir)
    with only_instance(settings.data_dir):
        if settings.port == 0:
            settings = configuration.load(port=ports.free_port())
        ports.require_free(settings.host, settings.port)
        if not engine.model_is_current(settings.data_dir):
            train(settings.data_dir)
        asyncio.run(Product(settings, began).run(open_browser=open_browser))
