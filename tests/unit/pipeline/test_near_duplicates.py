"""Near-duplicates: copies with small edits are found, distinct texts stay apart, in any order."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webtune_tui.pipeline.near_duplicates import (
    SKETCH_BYTES,
    Compared,
    Threshold,
    UnionFind,
    are_answers_similar,
    edits,
    is_near_duplicate,
    similarity,
    sketches,
    survivors,
)
from webtune_tui.pipeline.wording import folded, words

TOKENS = st.lists(st.sampled_from("abcdefg"), max_size=14)
VOCABULARY = [f"w{number}" for number in range(900)]


def plain_edits(first: Sequence[str], second: Sequence[str]) -> int:
    """The textbook table, as the judge."""
    row = list(range(len(second) + 1))
    for number, one in enumerate(first, start=1):
        previous, row[0] = row[0], number
        for column, other in enumerate(second, start=1):
            previous, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, previous + (one != other))
    return row[-1]


@given(TOKENS, TOKENS)
@settings(max_examples=500)
def test_edits_are_those_of_the_textbook(first: list[str], second: list[str]) -> None:
    assert edits(first, second, 99) == plain_edits(first, second)


@given(TOKENS, TOKENS, st.integers(0, 6))
def test_more_edits_than_asked_for_is_said_and_no_more(first: list[str], second: list[str], most: int) -> None:
    exact = plain_edits(first, second)
    told = edits(first, second, most)
    assert told == exact if exact <= most else told > most


@given(TOKENS, TOKENS)
def test_similarity_is_symmetric_and_whole_for_equals(first: list[str], second: list[str]) -> None:
    assert similarity(first, second, 0.5) == similarity(second, first, 0.5)
    assert similarity(first, first, 0.9) == 1.0


def compared(*fields: str) -> Compared:
    *values, answer = map(folded, fields)
    return Compared((tuple(values), answer))


def edited(text: str, share: float, chance: random.Random) -> str:
    units = text.split()
    for place in sorted(chance.sample(range(len(units)), int(len(units) * share)), reverse=True):
        match chance.randrange(3):
            case 0:
                units[place] = chance.choice(VOCABULARY)
            case 1:
                del units[place]
            case _:
                units.insert(place, chance.choice(VOCABULARY))
    return " ".join(units)


def shares_a_band(one: bytes, other: bytes) -> bool:
    width = SKETCH_BYTES - 64
    return any(one[at : at + 4] == other[at : at + 4] for at in range(0, width, 4))


@pytest.mark.parametrize("length", [30, 80, 300])
def test_copies_with_a_tenth_of_the_words_edited_are_proposed_and_found(length: int) -> None:
    chance = random.Random(length)
    found = 0
    for _ in range(200):
        text = " ".join(chance.choices(VOCABULARY, k=length))
        copy = edited(text, 0.1, chance)
        one, other = sketches([((), folded(text)), ((), folded(copy))])
        is_near = is_near_duplicate(compared(text), compared(copy), Threshold())
        found += is_near and shares_a_band(one[0], other[0])
    assert found >= 198


def test_copies_with_a_twentieth_of_the_characters_edited_are_found_without_spaces() -> None:
    chance = random.Random(7)
    signs = [chr(code) for code in range(0x4E00, 0x4E00 + 700)]
    for _ in range(100):
        text = "".join(chance.choices(signs, k=120))
        copy = list(text)
        for place in chance.sample(range(120), 6):
            copy[place] = chance.choice(signs)
        one, other = compared(text), compared("".join(copy))
        assert is_near_duplicate(one, other, Threshold())
        one_sketch, other_sketch = sketches([((), folded(text)), ((), folded("".join(copy)))])
        assert shares_a_band(one_sketch[0], other_sketch[0])


def test_texts_with_a_quarter_of_the_words_changed_are_distinct() -> None:
    chance = random.Random(3)
    for _ in range(100):
        text = " ".join(chance.choices(VOCABULARY, k=100))
        units = text.split()
        for place in chance.sample(range(100), 25):
            units[place] = f"other{chance.randrange(10_000)}"
        assert not is_near_duplicate(compared(text), compared(" ".join(units)), Threshold())


def test_a_new_question_on_the_same_long_context_is_no_duplicate_but_shares_the_split() -> None:
    context = " ".join(VOCABULARY[:300])
    one = compared("Who built the old stone bridge in town?", context, "A mason named Orla")
    other = compared("When does the market open on Sundays?", context, "At nine in the morning")
    assert not is_near_duplicate(one, other, Threshold())
    assert similarity(one.whole, other.whole, 0.85) > 0


def test_short_lines_in_one_house_style_stay_apart() -> None:
    def line(thing: str, kind: str, beside: str) -> Compared:
        answer = f"{thing} of {kind} made to last beside a {beside} and a small tray"
        return Compared(((f"describe the {thing} of {kind}",), answer))

    lamp, chair = line("lamp", "red oak", "chair"), line("chair", "red oak", "mug")
    assert not is_near_duplicate(lamp, chair, Threshold())
    copied = Compared(
        (("describe the lamp of red oak",), "lamp of red oak made to last beside a chair and one small tray")
    )
    assert is_near_duplicate(lamp, copied, Threshold())


def test_the_same_story_with_another_label_is_no_duplicate() -> None:
    story = " ".join(VOCABULARY[:60])
    assert not is_near_duplicate(compared(story, "positive"), compared(story, "negative"), Threshold())


def test_answers_alone_are_compared_as_well() -> None:
    answer = " ".join(VOCABULARY[:40])
    one, other = compared("one prompt of its own", answer), compared("quite another question here", answer + " more")
    assert are_answers_similar(one, other, Threshold())


def test_only_copies_of_what_stays_go() -> None:
    chain = [" ".join(VOCABULARY[start : start + 100]) for start in (0, 7, 14)]
    texts = [compared(text) for text in chain]
    gone = survivors([0, 1, 2], texts.__getitem__, Threshold())
    assert gone == {1: 0}


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60), st.randoms())
def test_joined_sets_do_not_depend_on_the_order(pairs: list[tuple[int, int]], chance: random.Random) -> None:
    one, other = UnionFind(31), UnionFind(31)
    for first, second in pairs:
        one.union(first, second)
    chance.shuffle(pairs)
    for first, second in pairs:
        other.union(second, first)
    assert [one.find(member) for member in range(31)] == [other.find(member) for member in range(31)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  Quick, (brown) FOX!", ["the", "quick", "brown", "fox"]),
        ("2 + 3 is not 2 - 3", ["2", "+", "3", "is", "not", "2", "-", "3"]),
        ("日本 go", ["日", "本", "go"]),
        ("", []),
    ],
)
def test_words_ignore_case_spacing_and_edge_punctuation_only(text: str, expected: list[str]) -> None:
    assert words(text) == expected
