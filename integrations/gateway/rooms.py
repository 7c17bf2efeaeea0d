"""Whether anybody listens, so that nothing is read from the database for an empty room."""

import itertools

import socketio


def listeners(realtime: socketio.AsyncServer, namespace: str, room: str, most: int = 2) -> int:
    """How many pages of a room are connected, counted up to ``most``; ``most`` where other processes may hold some."""
    if isinstance(realtime.manager, socketio.AsyncRedisManager):
        return most
    return sum(1 for _ in itertools.islice(realtime.manager.get_participants(namespace, room), most))
