"""Giving a call to a person's telephone: context, ringing, both lines connected, and what happens afterwards."""

from integrations.voice.handover.phones import PhoneHandover

__all__ = ["PhoneHandover"]
