"""TCP ports: is one free, which one is."""

import http.client
import json
import socket

from integrations.cli.errors import CliError

LOOPBACK = "127.0.0.1"


_EVERYWHERE = {"", "0.0.0.0", "::", "localhost"}  # noqa: S104


def reached_at(host: str) -> str:
    """The address at which this machine reaches a server that listens on ``host``."""
    return LOOPBACK if host in _EVERYWHERE else host


def url(host: str, port: int) -> str:
    """The address of such a server for a browser on this machine, with a slash at its end."""
    address = reached_at(host)
    return f"http://[{address}]:{port}/" if ":" in address else f"http://{address}:{port}/"


def free_port(host: str = LOOPBACK) -> int:
    """A port that nobody listens on now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def require_free(host: str, port: int) -> None:
    """Make sure that the server can listen there.

    Raises:
        CliError: somebody else does, the address is not this machine's, or the port needs privileges.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise CliError("port_forbidden", port=port, free=free_port()) from error
        except OSError as error:
            if get_json(reached_at(host), port, "/healthz") is not None:
                raise CliError("port_ours", host=host, port=port, free=free_port()) from error
            raise CliError("port_taken", host=host, port=port, reason=error.strerror, free=free_port()) from error


def listens(host: str, port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        with socket.create_connection((host, port), timeout=2.0):
            return True
    except OSError:
        return False


def get_json(host: str, port: int, path: str, timeout: float = 2.0) -> dict[str, object] | None:
    """The JSON object that a local program answers with status 200, or None."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        loaded = json.loads(response.read()) if response.status == http.client.OK else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return loaded if isinstance(loaded, dict) else None
