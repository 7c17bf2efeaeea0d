"""What differs by city, contract and company: never a constant in code."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from property_db.estates.models import Estate


class EstateSettings(BaseModel):
    """An estate's settings. Empty numbers mean: not told, so nothing may be invented in their place."""

    model_config = ConfigDict(extra="allow")

    office_phone: str = ""
    emergency_phone: str = ""
    gas_phone: str = ""
    hours: str = ""
    late_fee_rate: Decimal = Field(default=Decimal(0), ge=0)
    """Share of the unpaid amount per day, only where the contract agrees one (民法典 585)."""
    max_urges: int = Field(default=3, ge=0)
    """Urging a ticket more often than this is a matter for a person."""
    respond_hours: int = Field(default=2, gt=0)
    repair_hours: int = Field(default=24, gt=0)
    complaint_answer_hours: int = Field(default=24, gt=0)


def settings_of(estate: Estate | None) -> EstateSettings:
    """Read the estate's settings; defaults where there is no estate or a value is missing."""
    return EstateSettings.model_validate(estate.settings if estate is not None else {})
