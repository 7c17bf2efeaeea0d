"""What a resident can do before somebody comes."""

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from property_db.base import Base, Name


class Guide(Base):
    """Steps for one fault of one facility; `professional_only` means: make safe, do not repair."""

    __tablename__ = "guide"
    __table_args__ = (UniqueConstraint("facility", "fault"),)

    facility: Mapped[Name]
    fault: Mapped[Name]
    keywords: Mapped[list[str]] = mapped_column(default=list)
    steps: Mapped[list[str]] = mapped_column(default=list)
    warning: Mapped[str] = mapped_column(String(500), default="")
    professional_only: Mapped[bool] = mapped_column(default=False)
