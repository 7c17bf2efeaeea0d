"""What enters and leaves the complaints package."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from property_db.complaints.models import ComplaintCategory, ComplaintState


class ComplaintDraft(BaseModel):
    """A complaint as the resident put it."""

    identity_id: int
    category: ComplaintCategory
    text: str = Field(min_length=1)
    home_id: int | None = None
    conversation_id: int | None = None
    source_message_id: int | None = None


class ComplaintView(BaseModel):
    """A complaint as the resident sees it; `answer_by` is when the first answer is promised."""

    model_config = ConfigDict(frozen=True)

    number: str
    category: ComplaintCategory
    text: str
    state: ComplaintState
    state_text: str
    answer: str | None
    created_at: datetime
    answered_at: datetime | None
