"""What `guanjia doctor` looks at in the running: data folder, secrets, model, database, Redis, port."""

import asyncio
import os
import shutil
import stat
from collections.abc import Iterator

from integrations.cli import engine, ports
from integrations.cli.errors import CliError
from integrations.cli.findings import Finding, found
from integrations.gateway.settings import Settings

LEAST_FREE_BYTES = 1024**3
SECRETS = ("action_secret",)


def folder(settings: Settings) -> Iterator[Finding]:
    """The data folder: there, ours, closed to others, with room."""
    path = settings.data_dir.resolve()
    if not path.exists():
        yield found("data_new", path=path)
        return
    if not os.access(path, os.W_OK | os.X_OK):
        yield found("data_closed", path=path)
        return
    open_to_others = stat.S_IMODE(path.stat().st_mode) & 0o077
    yield found("data_open_to_others" if open_to_others else "data_good", path=path)
    free = shutil.disk_usage(path).free
    if free < LEAST_FREE_BYTES:
        yield found("disk_full", path=path, free=f"{free / 1024**2:.0f}")


def secrets(settings: Settings) -> Iterator[Finding]:
    """Generated secrets are for their owner only; production has none that is known."""
    for name in SECRETS:
        path = settings.data_dir / name
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield found("secret_open_to_others", path=path.resolve())
    yield found("mode_demo" if settings.demo else "mode_production")
    if not settings.demo and settings.sms_webhook_url is None:
        yield found("sms_missing")
    if not settings.demo and not settings.secure_cookies:
        yield found("cookies_insecure")


def model(settings: Settings) -> Iterator[Finding]:
    """The trained model."""
    state = "current" if engine.model_is_current(settings.data_dir) else "old"
    if not (engine.files_in(settings.data_dir).models / "current.json").exists():
        state = "missing"
    yield found(f"model_{state}")


def database(settings: Settings) -> Iterator[Finding]:
    """The database: reachable, and at the newest migration."""
    from sqlalchemy.exc import SQLAlchemyError

    from integrations.cli.prepare import database_error, shown_url
    from property_db import migrate

    if settings.database_url is None and not (settings.data_dir / "guanjia.db").exists():
        yield found("database_new")
        return
    try:
        here, newest = asyncio.run(migrate.current(settings.database)), migrate.head()
    except (SQLAlchemyError, OSError) as error:
        explained = database_error(settings, error)
        yield found("database_unreachable", what=explained.what, todo=explained.todo)
        return
    yield found("database_good" if here == newest else "database_old", database=shown_url(settings), here=here or "–")


def redis(settings: Settings) -> Iterator[Finding]:
    """Redis, where one is set."""
    if settings.redis_url is None:
        yield found("redis_none")
        return
    from redis import Redis, RedisError

    try:
        with Redis.from_url(settings.redis_url, socket_connect_timeout=2, socket_timeout=2) as client:
            client.ping()
    except (RedisError, OSError, ValueError) as error:
        yield found("redis_unreachable", reason=type(error).__name__)
    else:
        yield found("redis_good")


def port(settings: Settings) -> Iterator[Finding]:
    """The server's port: free, or ours."""
    try:
        ports.require_free(settings.host, settings.port)
    except CliError as error:
        if error.code == "port_ours":
            yield found("port_ours", url=ports.url(settings.host, settings.port))
        else:
            yield found("port_taken", what=error.what, todo=error.todo)
    else:
        yield found("port_free", port=settings.port)
