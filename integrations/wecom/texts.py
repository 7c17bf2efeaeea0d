"""The channel's own sentences, kept in ``texts.yml`` where a non-programmer edits them."""

from pathlib import Path

from integrations.sentences import Sentences

_sentences = Sentences(Path(__file__).with_name("texts.yml"))
CATALOGUE = _sentences.path
say = _sentences.say
has = _sentences.has
options = _sentences.options
