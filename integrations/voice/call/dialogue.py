"""What is said and done at each turn of a call; knows no sound, no telephone and no database.

The stages: *greeting* (a known number may confirm its home by keys), *talking* with the bot, *waiting* for a person
and *with* one (both decided by the conversation's owner), *voicemail*, *closing*.

Longer than other files on purpose: these rules decide between each other (a word may be an answer, an option, an echo,
a danger), so they are read and changed in one place. What they only use stands beside it.
"""

from dataclasses import replace
from typing import Literal

import structlog

from bot.language.emergency import detect
from integrations.voice.call import keypad as keys
from integrations.voice.call import words
from integrations.voice.call.answer import Answer
from integrations.voice.call.chime import chime
from integrations.voice.call.echo import AFTER_SECONDS, BEFORE_SECONDS, is_echo
from integrations.voice.call.floor import MOST_REPROMPTS, Floor
from integrations.voice.call.home import HomeCheck
from integrations.voice.call.office import Chosen, NotTaken, Standing
from integrations.voice.call.parts import Parts
from integrations.voice.call.playing import Sentence
from integrations.voice.call.saying import Saying
from integrations.voice.call.standing import Persons
from integrations.voice.call.understanding import Understood
from integrations.voice.call.voicemail import Voicemail
from integrations.voice.keyed import WrongKeys, text_of_keys
from integrations.voice.spoken.rendering import PERSON_KEY
from property_db.calls.models import CallOutcome, CallState

log = structlog.get_logger()

Stage = Literal["greeting", "talking", "voicemail", "closing"]
COUGH_SECONDS = 0.4
RENDERED_AHEAD_SECONDS = 0.1
"""What is rendered ahead can be heard in a fraction of it."""


class Dialogue:
    """The turns of one call.

    Attributes:
        over: the call may be hung up: everything is said.
        aside: somebody else speaks with the caller; what is delivered waits until they do no longer.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.floor = Floor(parts)
        self.stage: Stage = "greeting"
        self.over = False
        self.aside = False
        self.voicemail: Voicemail | None = None
        self.saying = Saying(parts)
        self._held: list[Answer] = []
        self.home = HomeCheck(parts, self.saying)
        self.persons = Persons(parts, self.floor, self.saying)
        self._misses = 0
        self._told_speech_down = False
        self._voicemail_offered = False
        self._began = parts.pace.now()
        self._over_what = ""
        self._over_from = 0.0

    @property
    def standing(self) -> Standing:
        """How it stands with the conversation."""
        return self.persons.now

    @property
    def outcome(self) -> CallOutcome:
        """How the call would end if it ended now."""
        return self.persons.outcome

    # What starts and ends it

    async def begin(self) -> None:
        """Greet, tell of the recording, and say what can be done."""
        parts = self.parts
        self.floor.heard_of()
        opening = [parts.prompt("greeting", company=parts.manners.company)]
        if parts.manners.record:
            opening.append(self.recording_notice())
        if not parts.understanding.works:
            parts.mouth.say(opening)
            await self._speech_down()
            return
        if await parts.office.is_known():
            self.home.begin()
            self.saying.ask([*opening, parts.prompt("confirm_home")], question=1)
            return
        self.stage = "talking"
        self.saying.ask([*opening, parts.prompt("how_to")], question=1)

    def recording_notice(self) -> Sentence:
        """What must be heard before anything is recorded: not even a key cuts it."""
        return replace(self.parts.prompt("recording_notice"), interruptible=False)

    def close(self, prompt: str = "goodbye") -> None:
        """Say goodbye, then it is over."""
        if self.stage == "closing":
            return
        self.stage = "closing"
        self.voicemail = None
        self.parts.ear.forget()
        self.parts.understanding.drop()
        self.parts.mouth.interrupt()
        self.parts.mouth.say([self.parts.prompt(prompt)])

    async def hung_up(self) -> None:
        """The caller is gone; a message that was being left is kept."""
        if self.voicemail is not None and self.voicemail.recording and self.voicemail.anything:
            await self._keep_voicemail(say=False)

    def came_back(self) -> None:
        """The call goes on with us after somebody else has spoken with the caller."""
        self.aside = False
        self._began = self.parts.pace.now()
        self.floor.heard_of()

    def leave_voicemail(self) -> None:
        """No message after all."""
        self.voicemail, self.stage = None, "talking"
        self.parts.mouth.cut()

    # What the caller does

    def began_to_speak(self) -> None:
        """Speech begins, perhaps over ours."""
        mouth = self.parts.mouth
        self._over_from = mouth.played - BEFORE_SECONDS
        self._over_what = mouth.said_between(self._over_from, mouth.played + AFTER_SECONDS) if mouth.busy else ""
        self.floor.noise()

    def ended_to_speak(self) -> None:
        """The caller has ended a sentence and waits from now on."""
        mouth = self.parts.mouth
        if mouth.busy and self._over_what:  # they did not stop us
            self._over_what = mouth.said_between(self._over_from, mouth.played)
        self.floor.spoke()

    def interrupted(self) -> None:
        """It is speech and no cough, or a key: stop speaking."""
        if self.stage in ("closing", "voicemail"):
            return
        unheard = self.parts.mouth.interrupt()
        if unheard:
            self.saying.cut = unheard

    async def nothing_said(self) -> None:
        """What began as speech was none."""
        if self.stage != "closing":
            self.saying.resume()

    async def key(self, key: str) -> None:
        """A key was pressed; what was being said is cut already."""
        self.floor.pressed()
        if self.stage == "closing":
            return
        if self.voicemail is not None:
            await self._key_on_voicemail(key)
            return
        if key == keys.END and self.persons.now.owner == "waiting":
            await self._rather_leave_a_message()
            return
        await self._pressed(self.parts.keypad.press(key))

    def echoes(self, said: Understood) -> bool:
        """Whether it was our own voice."""
        if not said.utterance.over_prompt or self.saying.names_option(said.text):
            return False
        return is_echo(said.text, self._over_what, asked=self.parts.keypad.entry != "none")

    async def understood(self, said: Understood) -> None:
        """An utterance is understood, or could not be."""
        self.floor.noise()
        if self.stage == "closing" or self.voicemail is not None:
            return
        if self.echoes(said):
            log.info("voice.echo")
            self.saying.resume()
            return
        heard = said.heard
        if heard is None:
            await self._not_recognised(said)
            return
        text = said.text
        if not text and (self.persons.now.owner == "human" or detect(heard.text) is not None):
            text = heard.text  # a person makes more of it than we do; a danger is rather believed once too often
        if not text:
            await self._keep_heard(said, None)
            await self._missed(said)
            return
        self.floor.heard_of()
        self._misses = 0
        self.interrupted()
        self.saying.cut = []
        message_id = await self._meant(text)
        await self._keep_heard(said, message_id)

    async def _keep_heard(self, said: Understood, message_id: int | None) -> None:
        heard = said.heard
        if heard is not None and (heard.text or said.utterance.seconds >= COUGH_SECONDS):
            await self.parts.office.heard(
                heard.text, heard.confidence, said.utterance.seconds, heard.refused, message_id, said.utterance.sound
            )

    # What the house does

    async def answer(self, answer: Answer) -> None:
        """An answer came: spoken when the caller is silent, a danger at once."""
        self.floor.answered(answer.reply_to)
        if self.stage == "closing" and not answer.danger:
            return
        if self.aside:
            self._held.append(answer)
        elif answer.danger:
            self.leave_voicemail()
            self._held.clear()
            await self._speak(answer)
        elif self.parts.ear.speaking or self.parts.understanding.busy or self.voicemail is not None:
            self._held.append(answer)
        else:
            await self._speak(answer)

    async def conversation_changed(self) -> None:
        """The owner of the conversation may have changed."""
        if self.stage != "closing":
            await self._look()

    async def tick(self) -> None:
        """Time passes."""
        mouth = self.parts.mouth
        if self.stage == "closing":
            self.over = not mouth.busy
            return
        if self.voicemail is not None:
            if self.voicemail.is_over():
                await self._end_voicemail()
            return
        too_long = self.parts.pace.now() - self._began >= self.parts.manners.longest_seconds
        if too_long and self.persons.now.owner not in ("waiting", "human", "rating"):
            self.close("goodbye_longest")
            return
        if self.floor.digits_ended() and (pressed := self.parts.keypad.pause()) is not None:
            await self._pressed(pressed)
        while self._held and not (self.parts.ear.speaking or self.parts.understanding.busy):
            await self._speak(self._held.pop(0))
        if self._nobody_speaks and self.floor.opener_due():
            self.saying.say("opener")
        if patience := self.floor.patience(may_speak=self._nobody_speaks):
            mouth.say([self.parts.prompt(patience)])
        if self.persons.now.owner == "waiting" and self._nobody_speaks and self.floor.place_due():
            await self._tell_place()
        if self.persons.now.owner == "waiting" and self.floor.chime_due():
            mouth.say([Sentence("", recording=chime())])
        if self.floor.silent(patient=self.persons.asked):
            await self._silence()

    @property
    def _nobody_speaks(self) -> bool:
        return not (self.parts.mouth.busy or self.parts.ear.speaking)

    # Keys

    async def _pressed(self, pressed: keys.Pressed) -> None:
        match pressed:
            case keys.More():
                self.floor.key()
            case keys.Ended():
                self.saying.resume()
            case keys.Cleared():
                self.saying.say("digits_cleared")
            case keys.Person():
                await self._ask_for_a_person()
            case keys.Again():
                self.saying.repeat()
            case keys.Back():
                await self._back()
            case keys.Option(key):
                await self._choose(key)
            case keys.Digits(digits):
                await self._digits(digits)
            case keys.Stars(stars):
                if self.persons.now.owner == "rating":
                    await self.parts.office.rated(stars)
                await self._send(str(stars))
            case keys.NotOffered():
                self.saying.say("invalid_key")
                self.saying.repeat()

    async def _key_on_voicemail(self, key: str) -> None:
        voicemail = self.voicemail
        if voicemail is None:
            return
        if key == keys.PERSON:
            if voicemail.recording and voicemail.anything:
                await self._keep_voicemail(say=False)
            self.leave_voicemail()
            await self._ask_for_a_person()
        elif key == keys.END and voicemail.recording:
            await self._end_voicemail()
        elif key == keys.BACK:
            self.leave_voicemail()
            self.saying.open_menu()

    async def _choose(self, key: str) -> None:
        if self.saying.read_back is not None:
            await self._confirmed(right=key == self.saying.yes_key)
        elif self.saying.menu_open:
            self.saying.menu_open = False
            if key == words.repair_key() and not self.parts.understanding.works:
                self._begin_voicemail("voicemail_repair")
            else:
                await self._send(words.menu()[key])
        elif self.saying.part is not None and key == self.saying.part.more_key:
            self.saying.more()
        elif self.saying.part is not None and (chosen := self.saying.chosen(key)) is not None:
            await self._send(self.saying.part.options[key].title, chosen)

    async def _digits(self, digits: str) -> None:
        if self.home.asking:
            await self.home.keyed(digits)
            return
        expects = self.saying.part.expects if self.saying.part is not None else "nothing"
        try:
            text = text_of_keys(expects, digits, self.parts.clock.now())
        except WrongKeys as wrong:
            self.parts.mouth.say([self.parts.sentence(wrong.sentence)])
            return
        await self._send(text)

    async def _back(self) -> None:
        if self.home.skip():
            return
        if self.persons.now.owner == "waiting":
            await self.parts.office.leave_queue()
            await self._look()
            self.saying.open_menu()
        elif self.persons.now.owner != "human":
            self.saying.open_menu()

    async def _ask_for_a_person(self) -> None:
        self.home.leave()
        self._voicemail_offered = False  # who asks again may also leave a message after all
        if self.persons.now.owner == "waiting":
            await self._tell_place()
        elif self.persons.now.owner != "human":
            await self._send(words.person(), self.saying.chosen(PERSON_KEY))

    async def _meant(self, text: str) -> int | None:
        """Do what a text says; the message it became, if it became one."""
        with_person = self.persons.asked
        danger = detect(text) is not None
        command = words.command_in(text)
        self.home.leave()
        if danger or with_person:
            return await self._send(text, opens=False)  # the safety text is the first that is heard
        if self.saying.read_back is not None:
            return await self._answer_read_back(text)
        if self.saying.part is not None and self.saying.part.more_key is not None and words.wants_more(text):
            self.saying.more()
        elif command == "repeat":
            self.saying.repeat()
        elif command == "back":
            self.saying.open_menu()
        elif command == "goodbye" or (command == "nothing_more" and self.parts.keypad.entry == "none"):
            self.persons.served()
            self.close()
        elif (key := words.key_said(text)) is not None and key in self.parts.keypad.options:
            await self._choose(key)
        elif (value := self.saying.value_in(text)) is not None:
            self.saying.read_it_back(value)
        else:
            return await self._send(text)
        return None

    async def _not_recognised(self, said: Understood) -> None:
        if self.persons.asked:
            await self.parts.office.heard("", 0.0, said.utterance.seconds, "unavailable", None, said.utterance.sound)
            return
        await self._speech_down()

    async def _speech_down(self) -> None:
        self.stage = "talking"
        self.home.leave()
        if not self._told_speech_down:
            self._told_speech_down = True
            await self.parts.office.speech_failed()
            self.parts.mouth.say([self.parts.prompt("speech_down")])
        self.saying.cut = []
        if self.parts.keypad.entry == "none":
            self.saying.open_menu()
        else:
            self.saying.repeat()  # what was asked can be answered by keys too

    async def _missed(self, said: Understood) -> None:
        """Something was said that gave no text."""
        short = said.utterance.seconds < COUGH_SECONDS
        if self.persons.asked or self.parts.keypad.begun:
            return
        if self.saying.cut or short:
            self.saying.resume()
            return
        self._misses += 1
        if self._misses == 1:
            self.saying.say("not_heard")
        elif self._misses == 2:
            self.home.leave()
            self.saying.open_menu()
        else:
            self._misses = 0
            self.saying.say("not_heard_person")
            await self._ask_for_a_person()

    async def _silence(self) -> None:
        silences = self.floor.silences
        if self.home.skip():
            self.floor.silences = 0
        elif silences > MOST_REPROMPTS:
            self.close("goodbye_silence")
        elif silences == 1 and self.parts.keypad.entry != "none":
            self.saying.say("reprompt_keys")  # one is an option there
        else:
            self.saying.say(f"reprompt_{silences}")

    # A spoken number is read back

    async def _answer_read_back(self, text: str) -> int | None:
        verdict = words.verdict_in(text)
        if verdict is not None:
            return await self._confirmed(right=verdict)
        self.saying.read_back = None
        self.saying.offer()
        if (value := self.saying.value_in(text)) is not None:  # said once more, as people do when it was wrong
            self.saying.read_it_back(value)
            return None
        return await self._send(text)

    async def _confirmed(self, *, right: bool) -> int | None:
        value, self.saying.read_back = self.saying.read_back, None
        if right and value is not None:
            return await self._send(value)
        self.saying.offer()
        self.saying.ask([self.parts.prompt("read_back_again")])
        return None

    # Saying

    async def _send(self, text: str, chosen: Chosen | None = None, *, opens: bool = True) -> int | None:
        parts = self.parts
        self.stage = "talking"
        self.home.leave()
        self.saying.forget()
        try:
            sent = await parts.office.send(text, chosen)
        except NotTaken as reason:
            log.warning("voice.not_taken", reason=str(reason))
            self.saying.say("unanswered")
            return None
        self.persons.served()
        if sent.awaits:
            self.floor.asked(sent.seq, opens=opens)
        return sent.message_id

    async def _speak(self, answer: Answer) -> None:
        opens = answer.author == "bot" and not answer.danger and not self.floor.opened
        self.floor.opened = True
        self.saying.say_answer(answer, max(self.floor.opens_in(), RENDERED_AHEAD_SECONDS) if opens else None)
        if answer.danger:
            self.parts.mouth.say([self.parts.prompt("emergency_offer")])
        await self._look()

    # Persons

    async def _look(self) -> None:
        """See who has the conversation now; where nobody is on duty, a message may be left, once."""
        await self.persons.stand(await self.parts.office.standing())
        offered = self._voicemail_offered or self.voicemail is not None
        # The answer that says why comes first; it looks again when it is spoken.
        if self.persons.now.call_back and not offered and not self.aside and not self.floor.awaiting:
            self._begin_voicemail("voicemail")

    async def _tell_place(self) -> None:
        await self._look()
        self.persons.tell_place()

    # Voicemail

    async def _rather_leave_a_message(self) -> None:
        """The caller does not want to wait any longer, and still wants a person."""
        await self.parts.office.leave_queue()
        await self._look()
        if not self.persons.asked and self.voicemail is None:  # otherwise somebody has just taken the call
            self.persons.outcome = CallOutcome.ABANDONED
            self._begin_voicemail("voicemail")

    def _begin_voicemail(self, prompt: str) -> None:
        self._voicemail_offered = True
        self.stage = "voicemail"
        self.voicemail = Voicemail(self.parts)
        self.voicemail.begin(prompt)

    async def _end_voicemail(self) -> None:
        voicemail = self.voicemail
        if voicemail is None:
            return
        if not voicemail.anything and self.parts.ear.finish() is None:
            self.voicemail, self.stage = None, "talking"
            self.saying.say("voicemail_empty")
            self.saying.open_menu()
            return
        await self._keep_voicemail(say=True)

    async def _keep_voicemail(self, *, say: bool) -> None:
        voicemail = self.voicemail
        if voicemail is None:
            return
        await self.parts.office.moved(CallState.VOICEMAIL)
        kept = await voicemail.keep()
        self.voicemail = None
        if kept:
            self.persons.outcome = CallOutcome.VOICEMAIL
        if say:
            self.stage = "talking"
            self.saying.say("voicemail_kept" if kept else "voicemail_failed")
            closing = self.parts.prompt("goodbye")
            self.parts.mouth.say([closing])
            self.stage = "closing"
