"""Chinese text to the phonemes that the voice was trained on (those of misaki's first Mandarin front end).

Tones are arrows. Words are separated by spaces: the voice breathes there.
"""

import logging
import re
import warnings
from functools import lru_cache
from pathlib import Path

from pypinyin import Style, lazy_pinyin
from pypinyin.contrib.tone_convert import to_finals, to_initials

with warnings.catch_warnings():
    warnings.simplefilter("ignore", SyntaxWarning)  # its patterns are older than the rule
    import jieba

_INITIALS = {
    "b": "p", "c": "ʦʰ", "ch": "ꭧʰ", "d": "t", "f": "f", "g": "k", "h": "x", "j": "ʨ", "k": "kʰ", "l": "l", "m": "m",
    "n": "n", "p": "pʰ", "q": "ʨʰ", "r": "ɻ", "s": "s", "sh": "ʂ", "t": "tʰ", "x": "ɕ", "z": "ʦ", "zh": "ꭧ", "": "",
}  # fmt: skip
# 0 is where the tone goes.
_FINALS = {
    "a": "a0", "ai": "ai0", "an": "a0n", "ang": "a0ŋ", "ao": "au0", "e": "ɤ0", "ei": "ei0", "en": "ə0n", "eng": "ə0ŋ",
    "i": "i0", "ia": "ja0", "ian": "jɛ0n", "iang": "ja0ŋ", "iao": "jau0", "ie": "je0", "in": "i0n", "iou": "jou0",
    "ing": "i0ŋ", "iong": "jʊ0ŋ", "ong": "ʊ0ŋ", "ou": "ou0", "u": "u0", "uei": "wei0", "ua": "wa0", "uai": "wai0",
    "uan": "wa0n", "uen": "wə0n", "uang": "wa0ŋ", "ueng": "wə0ŋ", "uo": "wo0", "o": "wo0", "ü": "y0", "üe": "ɥe0",
    "üan": "ɥɛ0n", "ün": "y0n",
}  # fmt: skip
_WHOLE = {"io": "jɔ0", "ê": "ɛ0", "er": "ɚ0", "o": "ɔ0", "hm": "hm0", "hng": "hŋ0", "m": "m0", "n": "n0", "ng": "ŋ0"}
_APICAL = dict.fromkeys(("zh", "ch", "sh", "r", "z", "c", "s"), "ɨ0")
_TONES = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}
_LETTERS = {
    "A": "ˈA", "B": "bˈi", "C": "sˈi", "D": "dˈi", "E": "ˈi", "F": "ˈɛf", "G": "ʤˈi", "H": "ˈAʧ", "I": "ˈI",
    "J": "ʤˈA", "K": "kˈA", "L": "ˈɛl", "M": "ˈɛm", "N": "ˈɛn", "O": "ˈO", "P": "pˈi", "Q": "kjˈu", "R": "ˈɑɹ",
    "S": "ˈɛs", "T": "tˈi", "U": "jˈu", "V": "vˈi", "W": "dˈʌbᵊlju", "X": "ˈɛks", "Y": "wˈI", "Z": "zˈi",
}  # fmt: skip
_MARKS = {"，": ", ", "、": ", ", "。": ". ", "！": "! ", "？": "? ", "：": ": ", "；": "; "}
_PIECES = re.compile(r"[A-Z]+|[\u4e00-\u9fff]+|.")


def phonemes(text: str) -> str:
    """The phonemes of a text.

    Args:
        text: Han characters, the marks ，、。！？：； and capital letters, which are spelled the English way.
    """
    return "".join(map(_piece, _PIECES.findall(text))).strip()


def _piece(piece: str) -> str:
    if piece[0] in _LETTERS:
        return f" {' '.join(_LETTERS[letter] for letter in piece)} "
    if "\u4e00" <= piece[0] <= "\u9fff":
        return " ".join(_word(word) for word in jieba.lcut(piece))
    return _MARKS.get(piece, piece)


def _word(word: str) -> str:
    return "".join(map(syllable, lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True, errors="ignore")))


def prepare(folder: Path) -> None:
    """Load the dictionary of words now, from its quick form in `folder`, which is made where it is missing."""
    jieba.setLogLevel(logging.WARNING)
    jieba.dt.tmp_dir = str(folder)
    jieba.initialize()


@lru_cache(maxsize=2048)
def syllable(pinyin: str) -> str:
    """The phonemes of a syllable such as ``zhong1``; 5 is the neutral tone. Empty for what is no syllable."""
    plain, tone = pinyin[:-1], _TONES.get(pinyin[-1:], "")
    if plain in _WHOLE:
        return _WHOLE[plain].replace("0", tone)
    initial = to_initials(plain, strict=True)
    final = to_finals(plain, strict=True, v_to_u=True)
    sound = _APICAL.get(initial) if final == "i" else None
    sound = sound or _FINALS.get(final)
    return "" if sound is None else _INITIALS[initial] + sound.replace("0", tone)
