"""`guanjia demo reset`: the demo estate as on the first day."""

import asyncio
import shutil

from integrations.cli import configuration, console, engine
from integrations.cli.data_folder import only_instance, prepare_data_folder
from integrations.cli.errors import CliError
from integrations.cli.prepare import prepare, shown_url
from integrations.cli.texts import say


def reset() -> None:
    """Throw the embedded database, the pictures and the engine's memory away and create the demo estate again.

    Raises:
        CliError: not in demo mode, on a database server, or while the product runs.
    """
    settings = configuration.load()
    if not settings.demo:
        raise CliError("reset_needs_demo", mode=settings.mode)
    if settings.database_url is not None:
        raise CliError("reset_needs_embedded", database=shown_url(settings))
    prepare_data_folder(settings.data_dir)
    with only_instance(settings.data_dir):
        for name in ("guanjia.db", "guanjia.db-wal", "guanjia.db-shm"):
            (settings.data_dir / name).unlink(missing_ok=True)
        for folder in (settings.upload_dir, engine.files_in(settings.data_dir).tracker.parent):
            shutil.rmtree(folder, ignore_errors=True)
        asyncio.run(prepare(settings))
    console.out.print(say("demo_reset_done"))
