"""`guanjia train`, and the training that `guanjia up` does when the model's inputs changed."""

from pathlib import Path

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from integrations.cli import console, engine
from integrations.cli.texts import say


def train(data_dir: Path, *, force: bool = False) -> None:
    """Bring the model up to its inputs, with a progress bar.

    Raises:
        CliError: the engine refused; it says which file and why.
    """
    arguments = ("train", "--force") if force else ("train",)
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeElapsedColumn(),
        console=console.progress,
        transient=True,
    )
    with bar:
        task = None
        for event in engine.events(data_dir, *arguments):
            if event["event"] == "training":
                console.progress.print(say("training", reason=_reason(event["reason"])))
            elif event["event"] == "progress":
                if task is None:
                    task = bar.add_task(say("training_steps"), total=event["total"])
                bar.update(task, completed=event["done"], total=event["total"])
            elif event["event"] == "model":
                key = "model_is_current" if event["cached"] else "model_trained"
                console.progress.print(say(key, seconds=event["seconds"]))


def _reason(reason: str) -> str:
    return say(f"training_{reason.replace(' ', '_')}")
