"""Stand-ins that let Rasa start without TensorFlow and without the services this product never talks to.

Rasa 3.6.21 imports TensorFlow at the top of modules that every process needs, although only the neural components use
it, and likewise the clients of a dozen chat platforms, of two databases and a plotting library. ``install()`` puts
small modules in place of those before Rasa is imported: a name that is only mentioned becomes an empty class, the
list of default components loses the neural ones. With TensorFlow installed (``bot/full/``) nothing is replaced and
the stock engine runs.

``bot/pyproject.toml`` leaves the packages out of the environment; ``tests/engine/test_stubs.py`` compares the names
below with what Rasa's sources import.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType

NEURAL = {
    "rasa.utils.tensorflow.callback": ("RasaTrainingLogger", "RasaModelCheckpoint"),
    "rasa.utils.tensorflow.data_generator": ("RasaBatchDataGenerator",),
    "rasa.nlu.classifiers.diet_classifier": ("DIETClassifier",),
    "rasa.nlu.selectors.response_selector": ("ResponseSelector",),
    "rasa.core.policies.ted_policy": ("TEDPolicy",),
}
"""Rasa's modules that need TensorFlow, with every name the rest of Rasa takes from them."""

CHANNELS = {
    "botframework": "BotFrameworkInput",
    "callback": "CallbackInput",
    "console": "CmdlineInput",
    "facebook": "FacebookInput",
    "hangouts": "HangoutsInput",
    "mattermost": "MattermostInput",
    "rasa_chat": "RasaChatInput",
    "rocketchat": "RocketChatInput",
    "slack": "SlackInput",
    "socketio": "SocketIOInput",
    "telegram": "TelegramInput",
    "twilio": "TwilioInput",
    "twilio_voice": "TwilioVoiceInput",
    "webexteams": "WebexTeamsInput",
}
"""Modules of ``rasa.core.channels`` and the class each one offers; residents' channels live in the gateway."""

LIBRARIES = {
    "boto3": (),
    "boto3.dynamodb": (),
    "boto3.dynamodb.conditions": ("Key",),
    "botocore": (),
    "botocore.exceptions": ("BotoCoreError",),
    "pymongo": ("MongoClient",),
    "pymongo.collection": ("Collection",),
    "pymongo.errors": ("ConnectionFailure", "OperationFailure"),
    "rasa.utils.plotting": (),
}
"""Clients of databases not in use, and the module that draws charts."""

DEFAULT_COMPONENTS = "rasa.engine.recipes.default_components"
TRIMMED_COMPONENTS = "bot.engine.default_components"


def placeholders() -> dict[str, tuple[str, ...]]:
    """Every module that is replaced, with the names it offers."""
    channels = {f"rasa.core.channels.{module}": (name,) for module, name in CHANNELS.items()}
    return {**NEURAL, **channels, **LIBRARIES}


def has_tensorflow() -> bool:
    """Whether the stock engine's environment is installed."""
    return importlib.util.find_spec("tensorflow") is not None


def install() -> bool:
    """Put the stand-ins into ``sys.modules``; call it before anything imports Rasa.

    Returns:
        True when the lean engine is in use, False when TensorFlow is there and Rasa stays as it is.

    Raises:
        RuntimeError: Rasa was imported first, so that some modules would be stock and some not.
    """
    if has_tensorflow():
        return False
    if DEFAULT_COMPONENTS in sys.modules:
        return True
    if "rasa.core.channels" in sys.modules:
        raise RuntimeError("Rasa was imported before the stand-ins were installed.")
    for module, names in placeholders().items():
        sys.modules[module] = _placeholder(module, names)
    for module in placeholders():
        parent, _, name = module.rpartition(".")
        if parent in placeholders():
            setattr(sys.modules[parent], name, sys.modules[module])
    sys.modules[DEFAULT_COMPONENTS] = importlib.import_module(TRIMMED_COMPONENTS)
    return True


def _placeholder(module_name: str, class_names: tuple[str, ...]) -> ModuleType:
    """A module holding empty classes: nothing is ever an instance or a subclass of them."""
    module = ModuleType(module_name, "Stands in for a module that is not needed here.")
    for name in class_names:
        base = Exception if name.endswith(("Error", "Failure")) else _Placeholder
        setattr(
            module,
            name,
            type(name, (base,), {"__module__": module_name, "__doc__": "Needs the full engine (bot/full/)."}),
        )
    return module


class _Placeholder:
    """Only ever mentioned."""

    @classmethod
    def name(cls) -> str:
        """The key in Rasa's table of channels; nobody asks for it."""
        return cls.__name__
