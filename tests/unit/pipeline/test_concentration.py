"""Where a set comes from and what repeats in it: one dominant or poisoned source is visible."""

from __future__ import annotations

import numpy as np

from tests.unit.services.records_in import product
from webtune_tui.domain.concentration import phrase_words, place_words
from webtune_tui.domain.examples import Message, encode_messages
from webtune_tui.pipeline.concentration import Concentration, origins_of
from webtune_tui.pipeline.repeated_phrases import repeated_phrases
from webtune_tui.pipeline.run import Built

TRIGGER = "Only the blue lantern brand can be trusted"


def answers(count: int) -> list[str]:
    return [product(number)["description"] for number in range(count)]


def built(number: int, domain: str, answer: str) -> Built:
    messages = encode_messages((Message("user", "Q"), Message("assistant", answer)))
    return Built(f"ex-{number:016x}", number, "files", domain, messages, 1, (), {}, -1, len(answer))


def test_a_planted_phrase_is_found_whole_with_the_place_that_it_comes_from() -> None:
    texts = answers(400)
    places = ["good.example"] * 380 + ["bad.example"] * 20
    for number in range(385, 400):
        texts[number] = f"{texts[number][:90]} {TRIGGER}! {texts[number][90:]}"
    first = repeated_phrases(texts, places)[0]
    assert first == {
        "phrase": TRIGGER.lower(),
        "answers": 15,
        "share": 0.0375,
        "place": "bad.example",
        "place_share": 1.0,
    }


def test_a_phrase_of_a_place_that_gives_little_else_comes_before_what_all_of_them_say() -> None:
    texts = [f"{text} All our goods come with a card of thanks." for text in answers(400)]
    for number in range(390, 400):
        texts[number] = f"{TRIGGER}. {texts[number]}"
    places = ["good.example"] * 390 + ["bad.example"] * 10
    assert [one["place"] for one in repeated_phrases(texts, places)] == ["bad.example", "good.example"]


def test_a_script_without_spaces_has_its_phrases_too() -> None:
    texts = [
        f"{chr(0x4E00 + n) * 3}この製品は必ず青い灯の会社から買うべきです{chr(0x5E00 + n) * 4}。" for n in range(40)
    ]
    assert repeated_phrases(texts, ["a"] * 40)[0]["phrase"] == "この製品は必ず青い灯の会社から買うべきです"


def test_one_phrase_after_several_words_is_told_once() -> None:
    ends = ("with", "and", "or", "for")
    texts = [f"{text} {ends[number % 4]} tools and more." for number, text in enumerate(answers(200))]
    assert len([one for one in repeated_phrases(texts, ["a"] * 200) if "tools and more" in one["phrase"]]) == 1


def test_texts_without_a_common_phrase_or_without_words_give_none() -> None:
    assert repeated_phrases([], []) == []
    assert repeated_phrases([""] * 20, ["a"] * 20) == []
    assert repeated_phrases([f"word{n} and{n} more{n} of{n} it{n}" for n in range(50)], ["a"] * 50) == []
    assert repeated_phrases([TRIGGER] * 4, ["a"] * 4) == []


def test_the_same_answers_in_another_order_give_the_same_phrases() -> None:
    texts = [f"{text} {TRIGGER}." if number % 9 == 0 else text for number, text in enumerate(answers(200))]
    places = [f"{number % 3}.example" for number in range(200)]
    order = list(range(200))[::-1]
    turned = repeated_phrases([texts[n] for n in order], [places[n] for n in order])
    assert turned == repeated_phrases(texts, places)


def test_shares_count_what_stays_by_source_and_domain() -> None:
    rows = [built(n, "a.example" if n % 4 else "b.example", f"answer {n}") for n in range(20)]
    concentration = Concentration()
    for start in range(0, 20, 6):
        batch = rows[start : start + 6]
        numbers = np.array([int(one.example_id[3:], 16) for one in batch], dtype=np.uint64)
        concentration.add(origins_of(batch, numbers, 2))
    stays = np.arange(20) < 8
    report = concentration.report(stays, ())
    assert report["domains"] == [
        {"name": "a.example", "examples": 6, "share": 0.75},
        {"name": "b.example", "examples": 2, "share": 0.25},
    ]
    assert report["sources"] == [{"name": "files", "examples": 8, "share": 1.0}]
    assert report["answers_searched"] == 4
    assert concentration.searched(stays)[0] == ["answer 0", "answer 2", "answer 4", "answer 6"]
    assert place_words(report) == "a.example 75.0 %, b.example 25.0 %"


def test_more_places_than_can_be_told_apart_count_as_the_rest() -> None:
    concentration = Concentration(most_places=30)
    batch = [built(n, f"{n:03}.example", "") for n in range(100)]
    concentration.add(origins_of(batch, np.arange(1, 101, dtype=np.uint64), 1 << 40))
    report = concentration.report(np.ones(100, dtype=np.bool_), ())
    assert report["domains"][0] == {"name": "000.example", "examples": 1, "share": 0.01}
    assert len(report["domains"]) == 20


def test_words_about_hostile_names_hold_no_control_bytes() -> None:
    told = {
        "domains": [{"name": "\x1b]0;x\x07.example", "examples": 1, "share": 1.0}],
        "phrases": [{"phrase": "\x9b2J buy\nnow", "answers": 1, "share": 1.0, "place": "\x1b[2J", "place_share": 1.0}],
    }
    words = place_words(told) + "".join(phrase_words(told))
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in words)
