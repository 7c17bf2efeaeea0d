"""Runs one server process: ``python -m integrations.gateway``. The database must be migrated before."""

import sys

import structlog
import uvicorn

from integrations.gateway import log_setup
from integrations.gateway.app import create_app
from integrations.gateway.settings import Settings
from integrations.tencent.accounts import AccountFileWrong

log = structlog.get_logger()


def main() -> None:
    """Read the settings from the environment and serve until told to stop.

    Raises:
        SystemExit: with status 1 where an account file cannot be used; the log says what is wrong in it.
    """
    settings = Settings()
    log_setup.configure(settings.log_format)
    try:
        app = create_app(settings)
    except AccountFileWrong as wrong:
        log.critical("server.account_file_wrong", path=str(wrong.path), where=wrong.where, reason=wrong.reason)
        sys.exit(1)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
        # Only a trusted proxy is believed when it names the resident's address.
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
    )


if __name__ == "__main__":
    main()
