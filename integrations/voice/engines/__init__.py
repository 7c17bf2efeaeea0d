"""The engines behind :mod:`integrations.voice.speech`: our own speech service, servers of the operator's, espeak-ng."""
