"""The recogniser engine: Whisper base, int8, greedy, Mandarin, ten seconds of features at a time."""

from collections.abc import Callable

import opencc
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer

from integrations.speech.errors import Dropped
from integrations.speech.hearing import RATE, WINDOW_SECONDS, Hearing
from integrations.speech.sound import Samples
from integrations.speech.weights import Weights

_FRAMES_PER_S = 100
_TOKENS_PER_S = 12
_PROMPT_TOKENS = 160


class Whisper:
    """The recogniser with its weights loaded; `hear` may run in as many threads as it has workers.

    Args:
        threads: for one piece.
        workers: pieces at once.

    Raises:
        WeightsMissing: they are not there.
    """

    def __init__(self, weights: Weights, threads: int, workers: int = 1) -> None:
        self._whisper = WhisperModel(
            str(weights.recogniser()), device="cpu", compute_type="int8", cpu_threads=threads, num_workers=workers
        )
        self._tokenizer = Tokenizer(self._whisper.hf_tokenizer, True, task="transcribe", language="zh")
        # It was trained on both scripts and writes now this, now that.
        self._simplified = opencc.OpenCC("t2s").convert

    def hear(self, speech: Samples, prompt: str, wanted: Callable[[], bool] = lambda: True) -> Hearing:
        """What is heard.

        Args:
            speech: 16 kHz, at most `WINDOW_SECONDS`; the rest is cut.
            prompt: words that are likely.
            wanted: asked between the two halves of the work.

        Raises:
            Dropped: it is not wanted any more.
        """
        features = self._whisper.feature_extractor(speech)
        # The window costs time in proportion; cut to the bare length the model invents text.
        encoded = self._whisper.encode(pad_or_trim(features, WINDOW_SECONDS * _FRAMES_PER_S))
        if not wanted():
            raise Dropped
        # The last words count most, and the model reads no more than 223 tokens.
        previous = self._tokenizer.encode(" " + prompt)[-_PROMPT_TOKENS:] if prompt else []
        head = self._whisper.get_prompt(self._tokenizer, previous, without_timestamps=True)
        result = self._whisper.model.generate(
            encoded,
            [head],
            beam_size=1,
            max_length=min(len(head) + 10 + int(len(speech) / RATE * _TOKENS_PER_S), self._whisper.max_length),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=[-1],
        )[0]
        tokens = result.sequences_ids[0]
        logprob = result.scores[0] * len(tokens) / (len(tokens) + 1)
        # Half a character comes as a replacement mark.
        text = self._simplified(self._tokenizer.decode(tokens).replace("\ufffd", "").strip())
        return Hearing(text, logprob, result.no_speech_prob)
