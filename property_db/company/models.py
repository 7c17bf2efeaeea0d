"""Office and service information the company edits itself."""

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from property_db.base import Base, Line, Name


class CompanyInfo(Base):
    """The company's text on one topic; a row without estate holds for every estate that has none of its own."""

    __tablename__ = "company_info"
    __table_args__ = (
        UniqueConstraint("estate_id", "topic"),
        # Two rows without estate are not equal to a unique constraint, so they need one of their own.
        Index(
            "uq_company_info_topic_everywhere",
            "topic",
            unique=True,
            sqlite_where=text("estate_id IS NULL"),
            postgresql_where=text("estate_id IS NULL"),
        ),
    )

    estate_id: Mapped[int | None] = mapped_column(ForeignKey("estate.id", ondelete="CASCADE"))
    topic: Mapped[Name]
    title: Mapped[Line]
    body: Mapped[str] = mapped_column(Text)
    phone: Mapped[Name | None]
    url: Mapped[Line | None]
