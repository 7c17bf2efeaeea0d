"""`guanjia doctor`: what is wrong with this set-up and how to mend it. Changes nothing."""

from collections.abc import Iterator
from pathlib import Path

from integrations.cli import checks_data, checks_setup, configuration, console
from integrations.cli.errors import AlreadyExplained, CliError
from integrations.cli.findings import Finding, Level, found
from integrations.cli.places import ROOT
from integrations.cli.texts import say

MARKS = {Level.GOOD: "[green]✓[/]", Level.NOTE: "[yellow]○[/]", Level.BAD: "[red]✗[/]"}


def doctor() -> None:
    """Look at everything and print it.

    Raises:
        AlreadyExplained: something is wrong.
    """
    findings = []
    for finding in examine():
        findings.append(finding)
        console.out.print(f"{MARKS[finding.level]} ", end="", markup=True)
        console.out.print(finding.text)
        if finding.todo:
            console.out.print(f"    {say('error_todo')}{finding.todo}")
    bad = sum(finding.level is Level.BAD for finding in findings)
    console.out.print(say("doctor_bad", count=bad) if bad else say("doctor_good"))
    if bad:
        raise AlreadyExplained


def examine(root: Path = ROOT) -> Iterator[Finding]:
    """Every finding, in the order in which things build on each other."""
    yield from checks_setup.environments(root)
    yield from checks_setup.pages(root)
    try:
        settings = configuration.load()
    except CliError as error:
        yield found("settings_wrong", what=error.what, where=error.where, todo=error.todo)
        return
    yield from checks_data.folder(settings)
    yield from checks_data.secrets(settings)
    yield from checks_data.model(settings)
    yield from checks_data.database(settings)
    yield from checks_data.redis(settings)
    yield from checks_data.port(settings)
    # Only now: it needs more packages than what was looked at above, which may be missing.
    from integrations.cli import checks_voice, checks_wechat, checks_wecom

    yield from checks_wechat.section(settings)
    yield from checks_wecom.section(settings)
    yield from checks_voice.section(settings)
