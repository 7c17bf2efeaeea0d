"""Training, once for each state of the inputs.

``train`` answers from the cache when a checked model with the inputs' fingerprint lies in the models folder (no
import of Rasa: milliseconds). Otherwise it runs Rasa's own training graph in one process, without Rasa's component
cache: that one keys on a component's source alone and would keep a result after a change in ``bot/language`` or the
lexicon.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.encoder.cache import FOLDER
from bot.engine import models, spoken
from bot.engine.events import EngineError, emit

KNOWN_WARNING = "Slot auto-fill has been removed"
"""Rasa says it for every domain with slots."""

if TYPE_CHECKING:
    from rasa.engine.graph import GraphModelConfiguration, GraphNodeHook
    from rasa.shared.importers.importer import TrainingDataImporter


def train(project: Path, folder: Path, *, force: bool = False) -> models.Model:
    """Bring the current model up to the inputs and tell where it is.

    Args:
        project: The project's root, holding ``nlu_data/`` and ``bot/``.
        folder: Where models lie.
        force: Train although nothing changed.

    Raises:
        EngineError: the training data, the domain, the rules or the configuration are wrong.
    """
    began = time.monotonic()
    name = models.fingerprint(project)
    folder.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(folder):
        model, reason = _cached(folder, name, force)
        if reason:
            emit("training", reason=reason)
            model = _train_now(project, folder, name)
    emit(
        "model",
        path=str(folder / model.file),
        sha256=model.sha256,
        fingerprint=name,
        cached=not reason,
        seconds=round(time.monotonic() - began, 1),
    )
    return model


def _cached(folder: Path, name: str, force: bool) -> tuple[models.Model | None, str]:
    """The usable model and no reason to train, or no model and the reason."""
    if force:
        return None, "forced"
    model = models.current(folder)
    if model is None:
        return None, "no model"
    if model.fingerprint != name:
        return None, "inputs changed"
    try:
        models.checked(folder, model)
    except EngineError:
        return None, "model damaged"
    return model, ""


def _train_now(project: Path, folder: Path, name: str) -> models.Model:
    from bot.engine.setup import prepare_rasa

    prepare_rasa()
    os.environ.setdefault(FOLDER, str(folder / "encoder-cache"))
    with (
        tempfile.TemporaryDirectory(prefix=".training-", dir=folder) as scratch,
        _plain_errors(),
        _warnings_on_stderr(),
    ):
        trained = Path(scratch) / "model.tar.gz"
        _run_graph(project, Path(scratch), trained)
        return models.publish(folder, trained, name)


def _run_graph(project: Path, scratch: Path, target: Path) -> None:
    """Rasa's training graph over the project's files, packed into ``target``."""
    from rasa.engine.constants import PLACEHOLDER_IMPORTER
    from rasa.engine.graph import ExecutionContext
    from rasa.engine.runner.dask import DaskGraphRunner
    from rasa.engine.storage.local_model_storage import LocalModelStorage
    from rasa.engine.validation import validate
    from rasa.shared.core.domain import Domain

    importer = load_files(project, scratch)
    domain = Domain.load(str(project / "bot/domain"))  # the importer would turn a wrong one into an empty one
    configuration = _graph(importer)
    validate(configuration)
    storage_folder = scratch / "components"
    storage_folder.mkdir()
    storage = LocalModelStorage(storage_folder)
    runner = DaskGraphRunner.create(
        configuration.train_schema,
        storage,
        ExecutionContext(graph_schema=configuration.train_schema),
        hooks=[_progress(total=len(configuration.train_schema.minimal_graph_schema().nodes))],
    )
    runner.run(inputs={PLACEHOLDER_IMPORTER: importer})
    storage.create_model_package(target, configuration, domain)


def load_files(project: Path, scratch: Path) -> TrainingDataImporter:
    """The project's configuration, domain, rules and training messages as Rasa reads them.

    What a recogniser heard of spoken messages joins them by way of a file in `scratch`.

    Raises:
        EngineError: one of them is missing.
        RasaException: a file is no YAML.
    """
    from rasa.shared.importers.importer import TrainingDataImporter
    from rasa.shared.utils.io import read_yaml_file

    config, domain = project / "bot/config.yml", project / "bot/domain"
    messages = sorted((project / "nlu_data").glob("*.yml"))
    rules = sorted((project / "bot/rules").rglob("*.yml"))
    for what, where in (("the configuration", config), ("the domain", domain)):
        if not where.exists():
            raise EngineError("file_missing", f"There is no {what[4:]}.", str(where), "Restore it from the repository.")
    if not messages or not rules:
        where = project / ("nlu_data" if not messages else "bot/rules")
        raise EngineError("file_missing", "There is no .yml file to train from.", str(where), "Restore the folder.")
    for file in [config, *sorted(domain.rglob("*.yml")), *messages, *rules]:
        read_yaml_file(file)  # Rasa would leave out a file it cannot read
    messages += spoken.training_files(project / "nlu_data", scratch)
    return TrainingDataImporter.load_from_config(str(config), str(domain), [str(file) for file in [*messages, *rules]])


def _graph(importer: TrainingDataImporter) -> GraphModelConfiguration:
    from rasa.engine.recipes.recipe import Recipe
    from rasa.shared.data import TrainingType

    config = importer.get_config()
    return Recipe.recipe_for_name(config.get("recipe")).graph_config_for_recipe(config, {}, TrainingType.BOTH)


def _progress(total: int) -> GraphNodeHook:
    from rasa.engine.graph import GraphNodeHook

    class Progress(GraphNodeHook):
        """One event line after each step of the graph."""

        done = 0

        def on_before_node(self, *_: Any, **__: Any) -> dict[str, Any]:
            return {}

        def on_after_node(self, node_name: str, *_: Any, **__: Any) -> None:
            self.done += 1
            emit("progress", done=self.done, total=total, step=node_name)

    return Progress()


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Two commands at once train once: the second waits and finds the first one's model."""
    import portalocker

    with portalocker.Lock(folder / ".lock", "w", flags=portalocker.LOCK_EX):
        yield


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn what is wrong with the files into one readable error; a bug in the code stays a traceback."""
    from rasa.engine.exceptions import GraphComponentException, GraphSchemaException
    from rasa.shared.exceptions import RasaException

    try:
        yield
    except EngineError:
        raise
    except GraphComponentException as error:
        cause = error.__cause__ or error
        if not isinstance(cause, (RasaException, ValueError)):
            raise
        raise _refused(cause) from error
    except (RasaException, GraphSchemaException) as error:
        raise _refused(error) from error
    except SystemExit as error:  # Rasa's print_error_and_exit: it has printed the reason
        raise EngineError("training_refused", "Rasa refused the files; its reason is printed above.") from error


def _refused(error: BaseException) -> EngineError:
    words = " ".join(str(error).split())
    return EngineError(
        "training_refused",
        f"{type(error).__name__}: {words}",
        "nlu_data/, bot/domain/, bot/rules/ or bot/config.yml",
        "Mend the file the message names and train again.",
    )


@contextmanager
def _warnings_on_stderr() -> Iterator[None]:
    """Show each of Rasa's own warnings once, on one line; the libraries' deprecations concern nobody here."""

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if issubclass(category, UserWarning) and not str(message).startswith(KNOWN_WARNING):
            sys.stderr.write(f"warning: {' '.join(str(message).split())}\n")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("once", category=UserWarning, module="rasa")
        warnings.showwarning = show
        logging.disable(logging.INFO)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)
