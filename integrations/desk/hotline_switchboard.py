"""What the desk asks of the hotline itself: whether everything works, and how a prompt sounds."""

import re
from typing import TYPE_CHECKING, Any

from integrations.desk.hotline_schemas import HotlineStateView, TransportView
from integrations.gateway.errors import ApiError
from integrations.gateway.services import Services
from integrations.voice.configuration import Outbound
from integrations.voice.reading import readable
from integrations.voice.speech import SpeechUnavailable, Voice

if TYPE_CHECKING:  # the switchboard knows the gateway, and the gateway the desk
    from integrations.voice.hotline import HotlineStatus, Switchboard

_FILLED_IN = re.compile(r"\{[^{}]*\}")


def is_enabled(services: Services) -> bool:
    """Whether calls can come in at all: by a line of ``hotline.yml``, or by the demo page's call button."""
    switchboard = services.hotline
    if switchboard is None:
        return False
    settings = switchboard.settings
    return services.settings.demo or any((settings.sip, settings.asterisk, settings.audiosocket))


def places_calls(services: Services) -> bool:
    """Whether calls that are planned and released are ever placed, by this process or another of the installation."""
    switchboard = services.hotline
    return switchboard is not None and switchboard.settings.outbound.enabled and switchboard.settings.sip is not None


def refuse_abroad(services: Services, number: str) -> None:
    """Refuse a number that the hotline does not dial, before it is stored; `voice.handover.dialling` looks once more.

    Raises:
        ApiError: it is abroad, and `outbound.international` does not allow that.
    """
    settings = Outbound() if services.hotline is None else services.hotline.settings.outbound
    if not settings.dials(number):
        raise ApiError(422, "number_abroad")


async def state_of(services: Services) -> HotlineStateView:
    """How everything is now, in this process."""
    switchboard = services.hotline
    if switchboard is None:
        return HotlineStateView(
            enabled=False,
            calls=0,
            most_calls=0,
            recogniser="off",
            voice="off",
            transports=[],
            keep_days=None,
            outbound=False,
        )
    status, settings = await switchboard.status(), switchboard.settings
    return HotlineStateView(
        enabled=is_enabled(services),
        calls=status.calls,
        most_calls=status.most_calls,
        recogniser=status.recogniser,
        voice=status.voice,
        transports=_transports(services, switchboard, status),
        keep_days=settings.keep_recordings_days if settings.record else None,
        outbound=settings.outbound.enabled,
    )


def _transports(services: Services, switchboard: "Switchboard", status: "HotlineStatus") -> list[TransportView]:
    settings = switchboard.settings
    configured = {
        "sip": settings.sip is not None,
        "asterisk": settings.asterisk is not None,
        "audiosocket": settings.audiosocket is not None,
        "browser": services.settings.demo,
    }
    return [_transport(name, status.transports.get(name)) for name, wanted in configured.items() if wanted]


def _transport(name: str, state: Any) -> TransportView:
    """The state is the transport's own, with more or less of what is asked for here."""
    registration: str = getattr(state, "registration", "off")
    if not getattr(state, "listening", True):
        return TransportView(name=name, ok=False, detail="not_listening")
    if registration == "failed":
        status = str(getattr(state, "reason", None) or "")
        return TransportView(name=name, ok=False, detail="refused" if status.isdigit() else "unreachable")
    return TransportView(
        name=name, ok=registration != "registering", detail="listening" if registration == "off" else registration
    )


def voice_of(services: Services) -> Voice | None:
    """The voice that callers hear; None where there is none."""
    return None if services.hotline is None else services.hotline.voice


async def spoken(services: Services, text: str) -> bytes:
    """A prompt in the voice that callers hear, s16le at 8 kHz; what only a call knows is left out.

    Raises:
        ApiError: there is no voice, or it does not answer.
    """
    voice = voice_of(services)
    if voice is None:
        raise ApiError(409, "voice_off")
    known = text.replace("{company}", services.settings.company_name)
    try:
        return b"".join([piece async for piece in voice.speak(readable(_FILLED_IN.sub(" ", known)))])
    except SpeechUnavailable as error:
        raise ApiError(503, "voice_down") from error
