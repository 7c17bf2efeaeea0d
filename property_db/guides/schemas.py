"""A guide as the dialogue tells it."""

from pydantic import BaseModel, ConfigDict


class GuideView(BaseModel):
    """Numbered steps; with `professional_only` they only make safe until somebody comes."""

    model_config = ConfigDict(frozen=True)

    facility: str
    fault: str
    steps: list[str]
    warning: str
    professional_only: bool

    @property
    def steps_text(self) -> str:
        """The steps as numbered lines."""
        return "\n".join(f"{number}. {step}" for number, step in enumerate(self.steps, 1))
