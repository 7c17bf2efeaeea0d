"""A house of paper: an office that keeps what it is asked and answers what the test says."""

from dataclasses import dataclass, field

from integrations.voice.call.answer import Answer, Author
from integrations.voice.call.office import Chosen, NotTaken, Sent, Standing
from integrations.voice.call.session import CallSession
from integrations.voice.spoken import Expects, Offered, Sentence, SpokenAnswer
from property_db.calls.models import CallOutcome, CallState

CONVERSATION = "c1"


@dataclass
class PaperOffice:
    """Keeps everything."""

    known: bool = False
    home: str = "501"
    where: Standing = field(default_factory=Standing)
    takes: bool = True
    sent: list[str] = field(default_factory=list)
    chosen: list[Chosen | None] = field(default_factory=list)
    kept: list[tuple[str, float, str | None]] = field(default_factory=list)
    moves: list[CallState] = field(default_factory=list)
    stars: list[int] = field(default_factory=list)
    messages: list[tuple[bytes, str]] = field(default_factory=list)
    speech_lost: int = 0
    left_queue: int = 0
    picked_up: bool = False
    _seq: int = 0

    async def answered(self) -> None:
        """Keep it."""
        self.picked_up = True

    async def is_known(self) -> bool:
        """As the test says."""
        return self.known

    async def confirm_home(self, digits: str) -> str | None:
        """Right for the one home."""
        return "翠湖花园3栋2单元501" if digits == self.home else None

    async def send(self, text: str, chosen: Chosen | None = None) -> Sent:
        """Keep it."""
        if not self.takes:
            raise NotTaken("paper")
        self.sent.append(text)
        self.chosen.append(chosen)
        self._seq += 2
        return Sent(self._seq, self._seq, self.where.owner not in ("waiting", "human"))

    async def heard(
        self, text: str, confidence: float, seconds: float, refused: str | None, message_id: int | None, sound: bytes
    ) -> None:
        """Keep it."""
        self.kept.append((text, confidence, refused))

    async def standing(self) -> Standing:
        """As the test says."""
        return self.where

    async def leave_queue(self) -> None:
        """The bot has it again."""
        self.left_queue += 1
        self.where = Standing()

    async def moved(self, state: CallState, agent_id: int | None = None) -> None:
        """Keep it."""
        self.moves.append(state)

    async def rated(self, stars: int) -> None:
        """Keep it."""
        self.stars.append(stars)

    async def speech_failed(self) -> None:
        """Count it."""
        self.speech_lost += 1

    async def voicemail(self, sound: bytes, transcript: str) -> bool:
        """Keep it."""
        self.messages.append((sound, transcript))
        return True

    async def ended(self, outcome: CallOutcome) -> None:
        """Nothing."""

    def answer(
        self,
        session: CallSession,
        *texts: str,
        options: dict[str, str] | None = None,
        expects: Expects | None = None,
        author: Author = "bot",
        danger: bool = False,
        more: tuple[SpokenAnswer, ...] = (),
        more_key: str | None = None,
        seq: int | None = None,
    ) -> Answer:
        """Answer the last message, as the outbox would."""
        spoken = SpokenAnswer(
            sentences=tuple(Sentence(text, text) for text in texts),
            uninterruptible=1 if danger else 0,
            options={key: Offered(key, title) for key, title in (options or {}).items()},
            expects=expects or ("choice" if options else "nothing"),
            more=more,
            more_key=more_key,
        )
        answer = Answer(CONVERSATION, seq or self._seq + 1, self._seq or None, author, spoken, danger)
        session.deliver(answer)
        return answer
