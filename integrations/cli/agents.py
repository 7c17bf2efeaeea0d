"""`guanjia user`: accounts of the people at the desk."""

import sys
from getpass import getpass

from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.cli import configuration, console
from integrations.cli.errors import CliError
from integrations.cli.prepare import in_database
from integrations.cli.texts import say
from property_db.handoff import agents
from property_db.handoff.errors import PasswordTooShort, UsernameTaken
from property_db.handoff.models import AgentRole

COLUMNS = ("username", "display_name", "role", "status")


def add(username: str, display_name: str | None, role: str) -> None:
    """Open an account; the password is asked for, or read from standard input.

    Raises:
        CliError: the name is taken, the password too short, or there is no such role.
    """
    chosen = _role_named(role)
    password = _ask_password()

    async def work(session: AsyncSession) -> None:
        await agents.create_agent(session, username, display_name or username, password, chosen)

    try:
        in_database(configuration.load(), work)
    except UsernameTaken as error:
        raise CliError("username_taken", username=username) from error
    except PasswordTooShort as error:
        raise CliError("password_too_short", **error.params) from error
    console.out.print(say("user_added", username=username, role=say(f"role_{chosen.value}")))


def set_password(username: str) -> None:
    """Give an account a new password and sign it out everywhere.

    Raises:
        CliError: there is no such account, or the password is too short.
    """
    password = _ask_password()

    async def work(session: AsyncSession) -> bool:
        return await agents.set_password(session, username, password)

    try:
        if not in_database(configuration.load(), work):
            raise CliError("username_unknown", username=username)
    except PasswordTooShort as error:
        raise CliError("password_too_short", **error.params) from error
    console.out.print(say("user_password_set", username=username))


def show() -> None:
    """Print all accounts."""
    accounts = in_database(configuration.load(), agents.all_agents)
    if not accounts:
        console.out.print(say("user_none"))
        return
    table = Table(*(say(f"user_column_{name}") for name in COLUMNS), box=None)
    for agent in accounts:
        role, status = say(f"role_{agent.role.value}"), say(f"status_{agent.status.value}")
        table.add_row(agent.username, agent.display_name, role, status)
    console.out.print(table)


def _role_named(role: str) -> AgentRole:
    try:
        return AgentRole(role)
    except ValueError as error:
        raise CliError("role_unknown", role=role) from error


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass(say("user_password"))
    if password != getpass(say("user_password_again")):
        raise CliError("passwords_differ")
    return password
