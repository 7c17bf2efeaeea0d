"""Calls as in the tests of the dialogue."""

from tests.unit.voice.call.conftest import ring

__all__ = ["ring"]
