"""Calls that we place: call backs and reminders."""

from integrations.voice.outbound.dialler import Dialler

__all__ = ["Dialler"]
