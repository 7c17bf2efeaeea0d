"""Sends one-time codes.

Three senders: the demo inbox (shown on the demo page), a webhook that the operator's own SMS gateway offers, and none,
which refuses in Chinese. A code never reaches a log outside demo mode.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import httpx
import structlog

from integrations.gateway.errors import ApiError
from integrations.gateway.settings import Settings
from integrations.gateway.texts import say
from property_db.clock import Clock

log = structlog.get_logger()


@dataclass(frozen=True)
class DemoSms:
    """A message in the demo page's inbox."""

    phone: str
    code: str
    text: str
    at: datetime


class SmsSender(Protocol):
    """Delivers a code to a phone, or raises ApiError ``sms_unavailable``."""

    async def send_code(self, phone: str, code: str) -> None:
        """Send now; the caller has already stored the code."""
        ...


class DemoSmsInbox:
    """Keeps the last messages in memory for the demo page, newest first."""

    def __init__(self, clock: Clock, company: str) -> None:
        self._clock = clock
        self._company = company
        self.messages: deque[DemoSms] = deque(maxlen=20)

    async def send_code(self, phone: str, code: str) -> None:
        """Put the message into the inbox; the log shows it too, as this is a demo."""
        text = say("sms_code", company=self._company, code=code)
        self.messages.appendleft(DemoSms(phone, code, text, self._clock.now()))
        log.info("sms.demo", demo_sms=text)


class WebhookSms:
    """Posts ``{"phone", "text"}`` to the operator's SMS gateway; any 2xx counts as sent."""

    def __init__(self, url: str, company: str) -> None:
        self._url = url
        self._company = company

    async def send_code(self, phone: str, code: str) -> None:
        """Send through the webhook."""
        text = say("sms_code", company=self._company, code=code)
        try:
            async with httpx.AsyncClient(timeout=5.0, trust_env=False) as http:
                (await http.post(self._url, json={"phone": phone, "text": text})).raise_for_status()
        except httpx.HTTPError as error:
            log.error("sms.failed", error=type(error).__name__)
            raise ApiError(503, "sms_unavailable") from error


class NoSms:
    """No gateway configured."""

    async def send_code(self, phone: str, code: str) -> None:
        """Refuse."""
        log.error("sms.not_configured")
        raise ApiError(503, "sms_unavailable")


def sender_for(settings: Settings, clock: Clock) -> SmsSender:
    """The sender that the settings ask for."""
    if settings.sms_webhook_url is not None:
        return WebhookSms(str(settings.sms_webhook_url), settings.company_name)
    return DemoSmsInbox(clock, settings.company_name) if settings.demo else NoSms()
