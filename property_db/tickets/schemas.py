"""What enters and leaves the tickets package."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from property_db.tickets.models import TicketKind, TicketState, Urgency


class RepairDraft(BaseModel):
    """A repair as the resident described it. `area` is 户内 or 公共区域; moments are aware."""

    identity_id: int
    facility: str = Field(min_length=1, max_length=80)
    conversation_id: int | None = None
    home_id: int | None = None
    estate_id: int | None = None
    area: str = "户内"
    place: str = Field(default="", max_length=255)
    symptom: str = ""
    urgency: Urgency = Urgency.NORMAL
    appointment_start: datetime | None = None
    appointment_end: datetime | None = None
    contact_name: str = Field(default="", max_length=80)
    contact_phone: str = Field(default="", max_length=20)
    source_message_id: int | None = None
    upload_ids: list[str] = []


class TicketChanges(BaseModel):
    """What a resident changes; None leaves a thing as it is. `details` is added to the symptom."""

    appointment_start: datetime | None = None
    appointment_end: datetime | None = None
    contact_phone: str | None = None
    details: str | None = None
    upload_ids: list[str] = []


class EventView(BaseModel):
    """One step of a repair, told to the resident."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    text: str
    note: str = ""


class TicketView(BaseModel):
    """A repair as a resident sees it. `home_label` is empty where no home is known (common areas, unknown reporter)."""

    model_config = ConfigDict(frozen=True)

    ticket_id: int
    number: str
    kind: TicketKind
    title: str
    facility: str
    area: str
    place: str
    symptom: str
    urgency: Urgency
    state: TicketState
    state_text: str
    is_open: bool
    home_label: str
    appointment_start: datetime | None
    appointment_end: datetime | None
    contact_phone_masked: str
    technician_name: str | None
    technician_phone: str | None
    urged_count: int
    created_at: datetime
    events: list[EventView]
