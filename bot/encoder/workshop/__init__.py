"""Maintainers' tools that make an encoder's folder; they run in an environment of their own (see README.md)."""
