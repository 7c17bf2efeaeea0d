"""The sentence encoder: a message becomes 384 numbers that lie close to those of messages that mean the same."""
