"""What a message is written and sounds like, counted."""

from __future__ import annotations

import numpy as np
import pytest

from bot.components.ngrams import DEFAULT_VIEWS, VIEWS, Features, units

pytestmark = pytest.mark.usefixtures("rasa")

MESSAGES = [units("水管漏水", ["水管", "漏水"]), units("WiFi坏了", ["WiFi", "坏", "了"])]


@pytest.fixture
def features() -> Features:
    made = Features(DEFAULT_VIEWS)
    made.learn(MESSAGES)
    return made


def test_the_units_of_a_message_are_its_characters_words_sounds_and_kinds() -> None:
    found = units("水龙头漏水", ["水龙头", "漏水"])
    assert found == {
        "character": ["水", "龙", "头", "漏", "水"],
        "word": ["水龙头", "漏水"],
        "syllable": ["sui", "lon", "tou", "lou", "sui"],
        "concept": ["<facility>", "<fault>"],
    }


def test_capital_letters_change_nothing() -> None:
    assert units("WiFi坏了", ["WiFi", "坏", "了"]) == units("wifi坏了", ["wifi", "坏", "了"])


def test_pairs_know_the_beginning_and_the_end() -> None:
    assert VIEWS["character_pair"](units("漏水", [])) == ["^ 漏", "漏 水", "水 $"]


def test_every_n_gram_has_a_column_of_its_own(features: Features) -> None:
    columns = [column for vocabulary in features.vocabularies.values() for column in vocabulary.values()]
    assert sorted(columns) == list(range(features.width))


def test_a_row_names_only_what_occurs(features: Features) -> None:
    columns, values = features.row(MESSAGES[0])
    assert len(columns) == len(set(columns)) == len(values)
    assert set(columns).isdisjoint(features.row(MESSAGES[1])[0]) is False  # both begin and end
    assert features.vocabularies["character"]["水"] in columns
    assert features.vocabularies["character"]["坏"] not in columns


def test_no_view_drowns_another(features: Features) -> None:
    columns, values = features.row(MESSAGES[0])
    for view, weight in DEFAULT_VIEWS.items():
        own = set(features.vocabularies[view].values())
        length = np.linalg.norm([value for column, value in zip(columns, values, strict=True) if column in own])
        assert length == pytest.approx(weight), view


def test_what_occurs_twice_counts_more_but_not_twice(features: Features) -> None:
    columns, values = features.row(MESSAGES[0])
    of = dict(zip(columns, values, strict=True))
    water, pipe = (of[features.vocabularies["character"][char]] for char in "水管")
    assert 1 < water / pipe < 2


def test_an_n_gram_that_was_not_learned_is_left_out(features: Features) -> None:
    assert features.row({"character": ["猫"], "word": ["猫"], "syllable": ["mao"], "concept": ["猫"]}) == ([], [])


def test_the_matrix_has_the_rows_one_below_another(features: Features) -> None:
    matrix = features.matrix(MESSAGES)
    assert matrix.shape == (2, features.width)
    for number, message in enumerate(MESSAGES):
        columns, values = features.row(message)
        expected = np.zeros(features.width)
        expected[columns] = values
        assert matrix[number].toarray()[0] == pytest.approx(expected)


def test_kept_vocabularies_give_the_same_rows(features: Features) -> None:
    assert Features(DEFAULT_VIEWS, features.vocabularies).row(MESSAGES[0]) == features.row(MESSAGES[0])
