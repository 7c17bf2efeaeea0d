"""Spoken words: sound files made plain, and a recogniser that turns them into text."""
