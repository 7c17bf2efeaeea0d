"""The command line `guanjia`. Each command imports what it needs when it runs, so that `--help` is quick."""

import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from integrations.cli import places
from integrations.cli.errors import AlreadyExplained, CliError, show
from integrations.cli.texts import say

INTERRUPTED = 130
GROUPS = {"user", "demo", "wechat", "menu", "speech"}


def _application(text: str) -> typer.Typer:
    return typer.Typer(
        help=text,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )


app = _application(say("help"))
user = _application(say("help_user"))
demo = _application(say("help_demo"))
app.add_typer(user, name="user")
app.add_typer(demo, name="demo")
wechat = _application(say("help_wechat"))
menu = _application(say("help_wechat_menu"))
app.add_typer(wechat, name="wechat")
wechat.add_typer(menu, name="menu")
speech = _application(say("help_speech"))
app.add_typer(speech, name="speech")
AccountName = Annotated[str | None, typer.Argument(help=say("help_wechat_account"))]


@app.callback()
def _project() -> None:
    places.enter_project()


@app.command(help=say("help_up"))
def up(
    port: Annotated[int | None, typer.Option(min=0, max=65535, help=say("help_port"))] = None,
    open_browser: Annotated[bool, typer.Option("--open", help=say("help_open"))] = False,
) -> None:
    """Run the product."""
    from integrations.cli.up import up

    up(port, open_browser=open_browser)


@app.command(
    help=say("help_test"),
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def test(context: typer.Context) -> None:
    """Run the tests."""
    from integrations.cli import suite

    suite.run(context.args)


@app.command(help=say("help_train"))
def train(force: Annotated[bool, typer.Option("--force", help=say("help_force"))] = False) -> None:
    """Train the model."""
    from integrations.cli import configuration
    from integrations.cli.data_folder import prepare_data_folder
    from integrations.cli.train import train

    data_dir = configuration.load().data_dir
    prepare_data_folder(data_dir)
    train(data_dir, force=force)


@app.command(help=say("help_evaluate"))
def evaluate(
    data: Annotated[Path, typer.Option(help=say("help_data"))],
    as_json: Annotated[bool, typer.Option("--json", help=say("help_json"))] = False,
    html: Annotated[Path | None, typer.Option(help=say("help_html"))] = None,
    now: Annotated[str | None, typer.Option(help=say("help_now"))] = None,
) -> None:
    """Measure the model."""
    from integrations.cli import configuration
    from integrations.cli.evaluate import evaluate

    page = places.from_caller(html) if html is not None else None
    evaluate(places.from_caller(data), configuration.load().data_dir, as_json=as_json, page=page, now=now)


@app.command("import", help=say("help_import"))
def import_file(
    kind: Annotated[str, typer.Argument(help=say("help_kind"))],
    file: Annotated[Path | None, typer.Argument(help=say("help_file"))] = None,
    template: Annotated[bool, typer.Option("--template", help=say("help_template"))] = False,
) -> None:
    """Load a company's own data."""
    from integrations.cli import imports

    target = places.from_caller(file) if file is not None else None
    if template:
        imports.write_template(kind, target)
    else:
        imports.load(kind, target)


@app.command(help=say("help_migrate"))
def migrate() -> None:
    """Bring the database up to date."""
    import asyncio

    from integrations.cli import configuration, console
    from integrations.cli.prepare import prepare, shown_url

    settings = configuration.load()
    asyncio.run(prepare(settings, with_demo=False))
    console.progress.print(say("database_ready", database=shown_url(settings)))


@app.command(help=say("help_doctor"))
def doctor() -> None:
    """Look for what is wrong with the set-up."""
    from integrations.cli.doctor import doctor

    doctor()


@app.command(help=say("help_chat"))
def chat(
    sender: Annotated[str | None, typer.Option(help=say("help_sender"))] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help=say("help_port"))] = None,
) -> None:
    """Talk in the terminal."""
    from integrations.cli import configuration
    from integrations.cli.chat import chat

    chat(configuration.load(port=port), sender)


@user.command("add", help=say("help_user_add"))
def user_add(
    username: Annotated[str, typer.Argument(help=say("help_username"))],
    name: Annotated[str | None, typer.Option(help=say("help_display_name"))] = None,
    role: Annotated[str, typer.Option(help=say("help_role"))] = "agent",
) -> None:
    """Open an account at the desk."""
    from integrations.cli import agents

    agents.add(username, name, role)


@user.command("list", help=say("help_user_list"))
def user_list() -> None:
    """Show the accounts."""
    from integrations.cli import agents

    agents.show()


@user.command("password", help=say("help_user_password"))
def user_password(username: Annotated[str, typer.Argument(help=say("help_username"))]) -> None:
    """Set a password."""
    from integrations.cli import agents

    agents.set_password(username)


@demo.command("reset", help=say("help_demo_reset"))
def demo_reset(yes: Annotated[bool, typer.Option("--yes", help=say("help_yes"))] = False) -> None:
    """Start the demo estate anew."""
    from integrations.cli import demo_data

    if not yes and not typer.confirm(say("demo_reset_sure")):
        raise typer.Exit(1)
    demo_data.reset()


@demo.command("wechat", help=say("help_demo_wechat"))
def demo_wechat(
    port: Annotated[int | None, typer.Option(min=0, max=65535, help=say("help_port"))] = None,
    wechat_port: Annotated[int | None, typer.Option(min=1, max=65535, help=say("help_wechat_port"))] = None,
) -> None:
    """Run the product with a WeChat of its own."""
    from integrations.cli import demo_wechat

    demo_wechat.run(port, wechat_port)


@wechat.command("accounts", help=say("help_wechat_accounts"))
def wechat_accounts() -> None:
    """Show the accounts."""
    from integrations.cli import wechat

    wechat.accounts()


@wechat.command("qr", help=say("help_wechat_qr"))
def wechat_qr(
    account: AccountName = None,
    folder: Annotated[Path, typer.Option(help=say("help_folder"))] = Path("qr"),
) -> None:
    """Save the buildings' QR codes."""
    from integrations.cli import wechat

    wechat.qr_codes(account, places.from_caller(folder))


@menu.command("show", help=say("help_wechat_menu_show"))
def menu_show(account: AccountName = None) -> None:
    """Show an account's menu."""
    from integrations.cli import wechat

    wechat.show_menu(account)


@menu.command("apply", help=say("help_wechat_menu_apply"))
def menu_apply(account: AccountName = None) -> None:
    """Give an account its menu."""
    from integrations.cli import wechat

    wechat.apply_menu(account)


@menu.command("delete", help=say("help_wechat_menu_delete"))
def menu_delete(account: AccountName = None) -> None:
    """Take an account's menu away."""
    from integrations.cli import wechat

    wechat.delete_menu(account)


@speech.command("install", help=say("help_speech_install"))
def speech_install() -> None:
    """Add the extra; the script `guanjia` has done it before we are called."""
    from integrations.cli import speech

    speech.install()


@speech.command("remove", help=say("help_speech_remove"))
def speech_remove() -> None:
    """Take the extra away; the script `guanjia` has done it before we are called."""
    from integrations.cli import speech

    speech.remove()


@speech.command("status", help=say("help_speech_status"))
def speech_status() -> None:
    """Say whether it is there and works."""
    from integrations.cli import speech

    speech.status()


def main(arguments: list[str] | None = None) -> None:
    """Run a command; whatever goes wrong is told in three parts and without a traceback."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run a command; its exit status: 0, 1 for an error, 2 for a wrong command line, 130 when interrupted."""
    given = sys.argv[1:] if arguments is None else arguments
    if not given or {"--help", "-h"} & set(given) or given[-1] in GROUPS:
        _translate_headings()
    try:
        result = app(given, standalone_mode=False)
    except CliError as error:
        show(error, sys.stderr)
        return 1
    except AlreadyExplained:
        return 1
    except TyperException as error:
        if reason := _usage_reason(error):  # none where a bare group has shown its help instead
            show(CliError("usage", reason=reason, command=" ".join(given)), sys.stderr)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except Exception as error:
        show(_unexpected(error), sys.stderr)
        return 1
    return result if isinstance(result, int) else 0


def _translate_headings() -> None:
    """Typer's own headings are English. The module takes a third of a second to import, so only for help."""
    from typer import rich_utils

    rich_utils.ARGUMENTS_PANEL_TITLE = say("help_arguments")
    rich_utils.OPTIONS_PANEL_TITLE = say("help_options")
    rich_utils.COMMANDS_PANEL_TITLE = say("help_commands")
    rich_utils.DEFAULT_STRING = say("help_default")
    rich_utils.REQUIRED_LONG_STRING = say("help_required")


def _usage_reason(error: TyperException) -> str:
    """Typer's English reason in Chinese, where it is a common one."""
    message = error.format_message()
    if message.startswith("No such command"):
        return say("usage_no_command", name=message.split("'")[1])
    if option := getattr(error, "option_name", None):
        return say("usage_no_option", name=option)
    if type(error).__name__ == "MissingParameter":
        return say("usage_missing", name=getattr(getattr(error, "param", None), "name", ""))
    return message


def _unexpected(error: Exception) -> CliError:
    """A bug of ours: the traceback goes to a file, for whoever mends it."""
    report = places.ROOT / ".guanjia" / "last-error.log"
    report.parent.mkdir(exist_ok=True)
    report.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    return CliError("unexpected", kind=type(error).__name__, path=report)


if __name__ == "__main__":
    main()
