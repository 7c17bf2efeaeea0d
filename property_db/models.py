"""Every table, so that one import completes the metadata."""

from property_db.audit.models import AuditEntry
from property_db.base import Base
from property_db.calls.models import AgentPhone, Call, CallOptOut, OutboundTask, Recording, Utterance
from property_db.channels.models import (
    AccessToken,
    ChannelEvent,
    ContactWindow,
    OutboundPart,
    PullCursor,
    SingleUse,
)
from property_db.company.models import CompanyInfo
from property_db.complaints.models import Complaint, Feedback
from property_db.conversations.models import ActionRun, Conversation, Message
from property_db.estates.models import Building, Estate, Home, Unit
from property_db.feedback.models import Rating
from property_db.fees.models import Bill, FeeItem, Payment
from property_db.guides.models import Guide
from property_db.handoff.models import Agent, AgentSession, Alarm, QueueItem
from property_db.notices.models import Notice
from property_db.numbers import NumberCounter
from property_db.people.models import Binding, ChannelIdentity, ChannelOrigin, OneTimeCode, Person
from property_db.pushes.models import Push, Subscription
from property_db.tickets.models import Ticket, TicketEvent
from property_db.uploads.models import Upload

__all__ = [
    "AccessToken", "ActionRun", "Agent", "AgentPhone", "AgentSession", "Alarm", "AuditEntry", "Base", "Bill", "Binding",
    "Building", "Call", "CallOptOut", "ChannelEvent", "ChannelIdentity", "ChannelOrigin", "CompanyInfo", "Complaint",
    "ContactWindow", "Conversation", "Estate", "FeeItem", "Feedback", "Guide", "Home", "Message", "Notice",
    "NumberCounter", "OneTimeCode", "OutboundPart", "OutboundTask", "Payment", "Person", "PullCursor", "Push",
    "QueueItem", "Rating", "Recording", "SingleUse", "Subscription", "Ticket", "TicketEvent", "Unit", "Upload",
    "Utterance",
]  # fmt: skip
