"""What was said in a voice message, from the bytes a channel fetched to text."""

import structlog

from integrations.gateway.media import SpeechUnavailable
from integrations.gateway.settings import Settings
from integrations.voice.amr import VoiceUnreadable, to_wav
from integrations.voice.recogniser import Recogniser, RecogniserRefused, RecogniserUnavailable, recogniser_of

log = structlog.get_logger()


class VoiceListener:
    """Hears voice messages with a recogniser; a :class:`integrations.gateway.media.Listener`."""

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser

    async def close(self) -> None:
        """Close the recogniser's connections."""
        await self._recogniser.close()

    async def text_of(self, voice: bytes) -> str:
        """What was said; empty where nothing was, or where nobody can make it out.

        Raises:
            SpeechUnavailable: the recogniser does not answer now.
        """
        try:
            return await self._recogniser.text_of(await to_wav(voice))
        except VoiceUnreadable as reason:
            log.warning("voice.unreadable", reason=str(reason), size=len(voice))
        except RecogniserUnavailable as error:
            raise SpeechUnavailable(str(error)) from error
        except RecogniserRefused as reason:
            log.error("voice.recogniser_refused", reason=str(reason))
        return ""


def listener_of(settings: Settings) -> VoiceListener | None:
    """The listener for the configured recogniser, or None where there is none."""
    recogniser = recogniser_of(settings)
    return None if recogniser is None else VoiceListener(recogniser)
