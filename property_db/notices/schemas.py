"""What enters and leaves the notices package."""

from datetime import datetime
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from property_db.notices.models import NoticeKind


class TimeWindow(NamedTuple):
    """From and to, aware; the end is not included, so midnight belongs to one day only."""

    start: datetime
    end: datetime


class NoticeView(BaseModel):
    """A published notice; `scope_text` names the estate, building or unit it is for, `building` the building alone."""

    model_config = ConfigDict(frozen=True)

    notice_id: int
    kind: NoticeKind
    utility: str | None
    title: str
    body: str
    starts_at: datetime | None
    ends_at: datetime | None
    published_at: datetime | None
    scope_text: str
    building: str | None
    running: bool
