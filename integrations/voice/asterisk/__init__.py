"""Calls from an Asterisk exchange: over its WebSocket channel driver, or over AudioSocket where it is older."""
