"""The hotline put together: engines, prompts, switchboard, and the transports that are configured."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog
from fastapi import FastAPI

from integrations.gateway.hub import Hub
from integrations.gateway.inbox import Inbox
from integrations.gateway.services import Services
from integrations.gateway.settings import Settings
from integrations.voice.asterisk.install import install_asterisk
from integrations.voice.browser.install import install_browser
from integrations.voice.call.pace import RealPace
from integrations.voice.call.parts import Manners
from integrations.voice.call.session import Equipment
from integrations.voice.call.vad import SileroDetector
from integrations.voice.channel import VoiceChannel
from integrations.voice.configuration import Hotline
from integrations.voice.engines.build import recogniser_of, voice_of
from integrations.voice.handover import PhoneHandover
from integrations.voice.handover.house import House
from integrations.voice.hotline import Switchboard
from integrations.voice.outbound import Dialler
from integrations.voice.prompts import Prompts
from integrations.voice.reading import readable
from integrations.voice.recording import RecordingFolder
from integrations.voice.sip.telephone import SipTelephone
from property_db.clock import Clock
from property_db.database import Database

log = structlog.get_logger()

SECONDS_PER_MINUTE = 60.0


@dataclass
class Telephony:
    """What is started and stopped with the server.

    Attributes:
        settings: ``hotline.yml``; None where there is none, and calls come from the demo page only.
        dialler: places the calls that were released; made with the routes.
    """

    switchboard: Switchboard
    settings: Hotline | None
    dialler: Dialler | None = None
    _starts: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    _stops: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    def install(self, app: FastAPI, services: Services) -> None:
        """Add the routes, and make the telephones."""
        house = House(services)
        self.switchboard.handover = phones = PhoneHandover(self.switchboard, house)
        self.dialler = Dialler(self.switchboard, services, house, phones)
        install_browser(app, services, self.switchboard)
        if self.settings is None:
            return
        asterisk = install_asterisk(app, services, self.settings)
        self.switchboard.transports.update(asterisk.states())
        self._starts.append(asterisk.start)
        self._stops.append(asterisk.stop)
        if self.settings.sip is not None:
            telephone = SipTelephone(self.settings.sip, self.switchboard.take, self.settings.most_calls)
            self.switchboard.exchange = telephone
            self.switchboard.transports["sip"] = telephone.state
            self._starts.append(telephone.start)
            self._stops.append(telephone.stop)

    async def start(self) -> None:
        """Take calls. A transport whose port is taken is left out: the others, and everything else, still work."""
        await self.switchboard.start()
        for start in self._starts:
            try:
                await start()
            except OSError as error:
                log.error("voice.transport_not_started", error=type(error).__name__, reason=error.strerror)
        if self.dialler is not None:
            await self.dialler.start()

    async def stop(self) -> None:
        """Take and place no more calls and end those that go on."""
        if self.dialler is not None:
            await self.dialler.stop()
        await self.switchboard.stop()
        if self.dialler is not None:
            await self.dialler.finish()
        for stop in self._stops:
            await stop()

    async def close(self) -> None:
        """Let go of the engines."""
        await self.switchboard.close()


def build(
    settings: Settings,
    hotline: Hotline | None,
    database: Database,
    clock: Clock,
    hub: Hub,
    inbox: Inbox,
    channel: VoiceChannel,
) -> Telephony:
    """Make the hotline, not started yet; before the hub starts."""
    speech_url = str(settings.speech_url) if settings.speech_url is not None else None
    wanted = hotline or Hotline()
    voice = voice_of(hotline, speech_url)
    equipment = Equipment(
        recogniser=recogniser_of(hotline, speech_url),
        voices=[voice] if voice is not None else [],
        detector=SileroDetector,
        prompts=Prompts(settings.data_dir),
        read=readable,
        clock=clock,
        manners=Manners(
            company=settings.company_name,
            record=wanted.record,
            longest_seconds=wanted.longest_call_minutes * SECONDS_PER_MINUTE,
            longest_voicemail_seconds=float(wanted.longest_voicemail_seconds),
        ),
        pace=RealPace(),
    )
    folder = RecordingFolder(settings.data_dir)
    switchboard = Switchboard(wanted, equipment, database, clock, hub, inbox, channel, folder, alone=database.is_sqlite)
    return Telephony(switchboard, hotline)
