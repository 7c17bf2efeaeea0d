"""Runs one server process: ``python -m integrations.gateway``. The database must be migrated before."""

import uvicorn

from integrations.gateway import log_setup
from integrations.gateway.app import create_app
from integrations.gateway.settings import Settings


def main() -> None:
    """Read the settings from the environment and serve until told to stop."""
    settings = Settings()
    log_setup.configure(settings.log_format)
    uvicorn.run(
        create_app(settings),
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
