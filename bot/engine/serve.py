"""The engine's server: one process on loopback with a checked model and a conversation store.

Order of a start: claim the port (a used one fails at once) -> check the model's hash -> load -> parse a canary
sentence (Rasa swallows a classifier that fails to load) -> listen. So whoever can connect has a working engine; ``GET
/status`` says so too.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bot.engine import models
from bot.engine.events import EngineError, emit

if TYPE_CHECKING:
    from rasa.core.agent import Agent
    from sanic import Sanic

HOST = "127.0.0.1"
"""Never another address: the REST channel knows no passwords."""

YIELDS = 5
"""On a busy machine the server goes first: what residents send must be committed in seconds, its answer may follow."""

CANARY = "我家还欠多少物业费"
LOWEST_CANARY_CONFIDENCE = 0.05
DEFAULTS = {"GUANJIA_ACTION_URL": "http://127.0.0.1:8080/internal/actions"}

logger = logging.getLogger("guanjia.engine")


def run(project: Path, folder: Path, port: int, *, with_parent: bool = False) -> None:
    """Serve until a signal ends it.

    Args:
        project: The project's root.
        folder: Where models lie.
        port: On loopback; 0 takes a free one (the ``ready`` event names it).
        with_parent: End when the starting process is gone, so that a killed supervisor leaves no engine behind.

    Raises:
        EngineError: no model, a damaged model, a used port, a missing setting or a model that does not work.
    """
    began = time.monotonic()
    gc.disable()  # until the model is loaded: nothing imported is garbage, and looking costs a tenth of the start
    os.umask(0o077)
    os.nice(YIELDS)
    listener = _claim(port)
    model = models.current(folder)
    if model is None:
        raise EngineError("no_model", "There is no trained model.", str(folder), "Run the train command first.")
    path = models.checked(folder, model)
    emit("loading", model=str(path))
    tracker_file = _settings()
    if with_parent:
        _end_with_parent()
    _serve(project, path, listener, tracker_file, began)


def _claim(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        hint = "Stop the program that uses the port or choose another one."
        raise EngineError(
            "port_in_use", f"Port {port} cannot be used: {error.strerror}.", f"{HOST}:{port}", hint
        ) from error
    return listener


def _settings() -> Path:
    """Fill in what ``endpoints.yml`` takes from the environment; the tracker file's path."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    if not os.environ.get("GUANJIA_ACTION_SECRET"):
        hint = "The command line sets it; by hand, take it from the data folder."
        raise EngineError("setting_missing", "GUANJIA_ACTION_SECRET is not set.", "environment", hint)
    file = Path(os.environ.setdefault("GUANJIA_TRACKER_DB", "data/engine/tracker.db"))
    from bot.engine import tracker

    tracker.prepare(file)
    tracker.prune(file)
    return file


def _serve(project: Path, model: Path, listener: socket.socket, tracker_file: Path, began: float) -> None:
    from bot.engine.setup import prepare_rasa

    prepare_rasa()
    from rasa.core.run import close_resources, configure_app, create_http_input_channels
    from rasa.core.utils import AvailableEndpoints

    from bot.engine import channel, guard, logs

    channel.note_failed_actions()
    endpoints = AvailableEndpoints.read_endpoints(str(project / "bot/endpoints.yml"))
    channels = create_http_input_channels(None, str(project / "bot/credentials.yml"))
    port = listener.getsockname()[1]
    app = configure_app(channels, enable_api=True, port=port, endpoints=endpoints)
    guard.protect(app)
    failure: list[BaseException] = []

    async def load(app: Sanic, loop: asyncio.AbstractEventLoop) -> None:
        try:
            app.ctx.agent = await load_agent(model, endpoints)
        except BaseException as error:
            failure.append(error)
            raise

    async def ready(app: Sanic, _: asyncio.AbstractEventLoop) -> None:
        app.add_task(_keep_short(tracker_file))
        seconds = round(time.monotonic() - began, 1)
        emit("ready", url=f"http://{HOST}:{port}", pid=os.getpid(), model=model.name, seconds=seconds)

    app.register_listener(load, "before_server_start")
    app.register_listener(ready, "after_server_start")
    app.register_listener(close_resources, "after_server_stop")
    logs.configure()
    try:
        app.run(sock=listener, workers=1, access_log=False, debug=False)
    except BaseException:
        if not failure:
            raise
    if failure:
        raise failure[0]


async def load_agent(model: Path, endpoints: object = None) -> Agent:
    """Load a model and prove that it understands.

    Raises:
        EngineError: it does not load, or the canary sentence gets no intent.
    """
    from rasa.core import agent

    hint = "Train again with --force; if that does not help, report the message."
    loaded = await agent.load_agent(model_path=str(model), endpoints=endpoints)
    if not loaded.is_ready():
        raise EngineError("model_not_loaded", "The model could not be loaded; the log says where.", str(model), hint)
    try:
        intent = (await loaded.parse_message(CANARY)).get("intent") or {}
    except Exception as error:
        raise EngineError(
            "model_broken", f"The model failed on the canary sentence: {type(error).__name__}.", str(model), hint
        ) from error
    if not intent.get("name") or intent.get("confidence", 0.0) < LOWEST_CANARY_CONFIDENCE:
        raise EngineError(
            "model_broken", "The model understands nothing: the canary sentence got no intent.", str(model), hint
        )
    gc.collect()
    gc.freeze()  # the model never becomes garbage: later collections need not look at it
    gc.enable()
    return loaded


async def _keep_short(tracker_file: Path) -> None:
    from bot.engine import tracker

    while True:
        await asyncio.sleep(tracker.PRUNE_EVERY)
        try:
            removed = await asyncio.get_running_loop().run_in_executor(None, tracker.prune, tracker_file)
            logger.info("tracker.pruned rows=%d", removed)
        except Exception:
            logger.exception("tracker.prune_failed")


def _end_with_parent() -> None:
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(0)

    threading.Thread(target=watch, name="parent", daemon=True).start()
