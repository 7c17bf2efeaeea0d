"""The call button of the demo page: a telephone made of a browser's microphone and loudspeaker."""
