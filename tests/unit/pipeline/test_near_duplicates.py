"""Near-duplicates: copies with small edits are found, distinct texts stay apart, in any order."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webtune_tui.pipeline.near_duplicates import (
    Compared,
    Threshold,
    UnionFind,
    are_answers_similar,
    edits,
    is_near_duplicate,
    similarity,
    survivors,
)
from webtune_tui.pipeline.signatures import signatures, unpacked
from webtune_tui.pipeline.sketches import BANDS, band_numbers, meet_in_buckets, sketches
from webtune_tui.pipeline.word_numbers import Texts, wording_of
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
    return Compared.of(values, answer)


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


def share_a_band(one: str, other: str) -> bool:
    whole, _, _ = sketches(wording_of([((), one), ((), other)]))
    first, second = band_numbers(whole)
    return bool((first == second).any())


@pytest.mark.parametrize("length", [30, 80, 300])
def test_copies_with_a_tenth_of_the_words_edited_are_proposed_and_found(length: int) -> None:
    chance = random.Random(length)
    found = 0
    for _ in range(200):
        text = " ".join(chance.choices(VOCABULARY, k=length))
        copy = edited(text, 0.1, chance)
        is_near = is_near_duplicate(compared(text), compared(copy), Threshold())
        found += is_near and share_a_band(text, copy)
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
        assert share_a_band(text, "".join(copy))


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
        return Compared.of([f"describe the {thing} of {kind}"], answer)

    lamp, chair = line("lamp", "red oak", "chair"), line("chair", "red oak", "mug")
    assert not is_near_duplicate(lamp, chair, Threshold())
    copied = Compared.of(
        ["describe the lamp of red oak"], "lamp of red oak made to last beside a chair and one small tray"
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


PIECES = st.sampled_from(
    [
        "C++",
        "C",
        "-5",
        "5",
        "The",
        "the",
        "(the)",
        "日本",
        "v1.2",
        "1.2",
        "«",
        "straße",
        "STRASSE",
        "𝒳",
        "É",
        "é\u00a0x",
        "L" * 70,
    ]
)
TEXTS = st.lists(PIECES, max_size=6).map(" ".join)


@given(st.lists(TEXTS, max_size=3), TEXTS, st.lists(TEXTS, max_size=3), TEXTS)
@settings(max_examples=300)
def test_keys_are_equal_for_equal_wording_and_for_no_other(
    values: list[str], answer: str, others: list[str], other: str
) -> None:
    first, second = wording_of([(values, answer), (others, other)]).keys()
    is_same = [words(text) for text in (*values, answer)] == [words(text) for text in (*others, other)]
    assert (first[0] == second[0]) == is_same
    assert (first[1] == second[1]) == (words(answer) == words(other))


@given(st.lists(TEXTS, max_size=3), TEXTS)
def test_packed_words_come_back_as_the_same_words(values: list[str], answer: str) -> None:
    packed = unpacked(signatures([(values, answer)]).texts[0])
    plain = Compared.of(list(map(folded, values)), folded(answer))
    assert list(map(len, packed.fields)) == list(map(len, plain.fields))
    assert (packed.is_unspaced, packed.is_answer_unspaced) == (plain.is_unspaced, plain.is_answer_unspaced)
    assert [packed.whole.index(word) for word in packed.whole] == [plain.whole.index(word) for word in plain.whole]


def test_words_have_the_same_numbers_in_every_process() -> None:
    read = wording_of([(("Bright (lamp)",), "日本 lamp")])
    assert read.words.tolist() == [
        13_199_833_030_644_121_300,
        74_140_675_915_408_401,
        4_921_482_881_141_820_994,
        4_205_330_652_146_908_439,
        74_140_675_915_408_401,
    ]


def met(texts: Sequence[Texts]) -> tuple[set[tuple[int, int]], int]:
    """The pairs that are joined, and how often two texts were compared."""
    signed = signatures(texts)
    sets = UnionFind(len(texts))
    asked = 0

    def meet(one: int, other: int) -> bool:
        nonlocal asked
        asked += 1
        first, second = unpacked(signed.texts[one]), unpacked(signed.texts[other])
        if is_near_duplicate(first, second, Threshold()):
            sets.union(one, other)
            return True
        return False

    for band in range(BANDS):
        meet_in_buckets(signed.whole, band, np.arange(len(texts)), 0, sets.roots_of, meet)
    joined = {(sets.find(index), index) for index in range(len(texts)) if sets.find(index) != index}
    return joined, asked


def test_texts_that_share_most_of_their_words_are_not_all_compared_with_each_other() -> None:
    chance = random.Random(5)
    shared = " ".join(VOCABULARY[:60])
    texts: list[Texts] = [((), f"{shared} {' '.join(chance.choices(VOCABULARY, k=30))}") for _ in range(400)]
    joined, asked = met(texts)
    assert joined == set()
    assert asked < 400 * 8 * BANDS  # 79,800 pairs would be one band of all with all


def test_each_copy_in_a_crowded_bucket_meets_its_original() -> None:
    chance = random.Random(6)
    originals = [" ".join(chance.choices(VOCABULARY, k=90)) for _ in range(100)]
    texts: list[Texts] = [((), text) for original in originals for text in (original, edited(original, 0.08, chance))]
    joined, _ = met(texts)
    assert joined == {(at, at + 1) for at in range(0, 200, 2)}
