"""What the steps of the pipeline that learn nothing have in common."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage


class Step(GraphComponent):
    """A component made of its settings alone: those that `get_default_config` names are its arguments."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Step:
        """Rasa's constructor."""
        return cls(**{name: config[name] for name in cls.get_default_config()})
