"""What can go wrong, in a module without engines."""


class Unspeakable(ValueError):
    """Nothing of the text can be said, or it is too long for one breath."""


class NotLoaded(Exception):
    """The engine is still loading, or could not be loaded."""


class Dropped(Exception):
    """Nobody wants this recognition any more."""
