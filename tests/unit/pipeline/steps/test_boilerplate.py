"""Recurring lines of a source are found by frequency; facts, variants and whole texts are left."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webtune_tui.domain.records import RecordKind
from webtune_tui.pipeline.base import Draft, Dropped, Surveying
from webtune_tui.pipeline.steps.boilerplate import Boilerplate

NOTES = {
    "en": "Free shipping on all orders over $50.",
    "de": "Versandkostenfrei ab 50 Euro Bestellwert.",
    "fr": "Livraison gratuite à partir de 50 euros d'achat.",
    "es": "Envíos gratis a toda España en pedidos de más de 50 euros.",
    "pt": "Frete grátis para todo o Brasil em compras acima de R$ 99.",
    "ja": "送料無料、ご注文から二日以内に発送いたします。",
}
SYLLABLES = [first + second for first in "bcdfghjklmnprst" for second in "aeiou"]


def sentence(chance: random.Random, words: int = 9) -> str:
    return " ".join("".join(chance.choices(SYLLABLES, k=3)) for _ in range(words)).capitalize() + "."


def sentences(number: int, count: int = 4) -> list[str]:
    chance = random.Random(number)
    return [sentence(chance) for _ in range(count)]


def drafts(
    text: Callable[[int], str], count: int = 200, source: str = "shop", domain: str = "a.example"
) -> list[Draft]:
    return [
        Draft(
            number,
            f"k{number}",
            RecordKind.DATA,
            {"title": "A cup", "description": text(number)},
            source,
            domain=domain,
        )
        for number in range(count)
    ]


def learned(seen: Sequence[Draft], step: Boilerplate | None = None) -> Boilerplate:
    step = step or Boilerplate()
    return step.learned([step.observe(seen[start : start + 64]) for start in range(0, len(seen), 64)])


def changed(step: Boilerplate, seen: Sequence[Draft]) -> dict[int, str]:
    after = {draft.record_id: step.apply(draft) for draft in seen}
    return {
        draft.record_id: now.fields["description"]
        for draft in seen
        if isinstance(now := after[draft.record_id], Draft) and now.fields != draft.fields
    }


@pytest.mark.parametrize("language", NOTES)
def test_a_shipping_note_at_the_end_of_one_line_goes(language: str) -> None:
    seen = drafts(lambda number: " ".join(sentences(number) + [NOTES[language]] * (number % 20 == 0)))
    step = learned(seen)
    assert changed(step, seen) == {number: " ".join(sentences(number)) for number in range(0, 200, 20)}
    (found,) = step.findings()
    assert found == {
        "line": NOTES[language], "source": "shop", "domain": "a.example", "share": 0.05, "records": 10,
        "samples": ["k0", "k100", "k120"],
    }  # fmt: skip


def test_navigation_and_footers_of_pages_go() -> None:
    around = ["Home > Shop > Kitchen > Sale"], ["", "Customers also bought", "We use cookies to improve your visit."]
    seen = drafts(lambda number: "\n".join([*around[0], *sentences(number), *around[1]]))
    assert changed(learned(seen), seen) == {number: "\n".join(sentences(number)) for number in range(200)}


def test_what_stands_on_many_domains_is_boilerplate_of_the_source() -> None:
    def of_domain(number: int) -> list[Draft]:
        return drafts(
            lambda record: f"{sentences(number * 10 + record)[0]}\n{NOTES['en']}", 2, domain=f"d{number}.example"
        )

    seen = [draft for number in range(40) for draft in of_domain(number)]
    step = learned(seen)
    assert [(one["domain"], one["records"]) for one in step.findings()] == [("", 80)]
    unseen = drafts(lambda record: f"{sentences(9_999)[0]}\n{NOTES['en']}", 1, domain="new.example")
    assert changed(step, unseen) == {0: sentences(9_999)[0]}


HOUSE = ["Dishwasher safe and easy to clean.", "Made of solid beech wood from here.", "It comes in a box of paper."]


@pytest.mark.parametrize(
    "text",
    [
        lambda number: " ".join([*sentences(number), *[HOUSE[number % 3]] * (number % 4 == 0)]),
        lambda number: "\n".join([*sentences(number), "Material: 100 % cotton", "Care: machine wash at 30 degrees"]),
        lambda number: "\n".join([*sentences(number), *["- Machine washable at 30 degrees"] * (number % 5 == 0)]),
        lambda number: " ".join(random.Random(number).sample(HOUSE + sentences(1, 9), 4)),
        lambda number: f"A shirt in colour number {number}. {' '.join(sentences(1))} {NOTES['en']}",
        lambda number: f"{NOTES['en']} We ship daily." if number % 4 == 0 else " ".join(sentences(number)),
        lambda number: " ".join(sentences(number)),
        lambda number: "\n".join(sentences(number)) + ("\nFree returns" if number % 2 else ""),
    ],
    ids=[
        "facts at the end",
        "label and value",
        "list items",
        "a bank of sentences",
        "variants",
        "whole texts",
        "nothing",
        "short",
    ],
)
def test_no_clean_text_is_harmed(text: Callable[[int], str]) -> None:
    seen = drafts(text)
    assert changed(learned(seen), seen) == {}


def test_a_line_to_keep_stays() -> None:
    seen = drafts(lambda number: "\n".join([*sentences(number), NOTES["en"]]))
    step = Boilerplate(keep=[NOTES["en"].upper()])
    assert changed(learned(seen, step), seen) == {}


def test_written_examples_are_left_alone() -> None:
    seen = drafts(lambda number: "\n".join([*sentences(number), NOTES["en"]]))
    written = [Draft(one.record_id, one.key, one.kind, one.fields, one.source, is_written=True) for one in seen]
    assert Boilerplate().observe(written) == {}
    assert changed(learned(seen), written) == {}


def test_a_flag_leaves_the_text_and_a_drop_takes_rows_of_nothing_else() -> None:
    def text(number: int) -> str:
        return (
            f"{NOTES['en']}\n{NOTES['de']}"
            if number == 7
            else "\n".join([sentences(number)[0], NOTES["en"], NOTES["de"]])
        )

    seen = drafts(text)
    flagged = learned(seen, Boilerplate(policy="flag")).apply(seen[0])
    assert isinstance(flagged, Draft) and flagged.flags == ("boilerplate",) and flagged.fields == seen[0].fields
    removing = learned(seen)
    assert removing.apply(seen[7]) is seen[7]
    now = removing.apply(seen[0])
    assert isinstance(now, Draft) and now.touched == ("boilerplate",) and now.removed == {"boilerplate": 2}
    assert now.flags == ()
    assert learned(seen, Boilerplate(policy="drop")).apply(seen[7]) == Dropped(7, "boilerplate", "boilerplate")


def test_code_in_a_fence_is_left_alone() -> None:
    seen = drafts(lambda number: "\n".join([*sentences(number), NOTES["en"]]))
    fenced = drafts(lambda number: f"{sentences(number)[0]}\n```\n{NOTES['en']}\n```\n{sentences(number)[1]}", 3)
    assert changed(learned(seen), fenced) == {}


def test_order_and_batches_do_not_matter_and_what_is_seen_can_be_sent() -> None:
    seen = drafts(lambda number: " ".join([*sentences(number), *[NOTES["fr"]] * (number % 9 == 0)]))
    step = Boilerplate()
    assert isinstance(step, Surveying)
    mixed = random.Random(1).sample(seen, len(seen))
    one = step.learned([step.observe(seen)])
    other = step.learned(pickle.loads(pickle.dumps([step.observe(mixed[:7]), step.observe(mixed[7:])])))
    assert one == other == pickle.loads(pickle.dumps(one))


@cache
def learned_from_every_note() -> Boilerplate:
    return learned(drafts(lambda number: "\n".join([*sentences(number), *NOTES.values()])))


@given(
    st.lists(st.lists(st.sampled_from([*NOTES.values(), *sentences(3), "", "Short", "```"]), max_size=6), max_size=30)
)
@settings(max_examples=60, deadline=None)
def test_removing_twice_is_removing_once_and_never_leaves_nothing(texts: list[list[str]]) -> None:
    seen = drafts(lambda number: "\n".join(texts[number]).strip() or "x", len(texts))
    step = learned_from_every_note()
    for number, text in changed(step, seen).items():
        assert text.strip() and len(text) < len("\n".join(texts[number]))
        again = step.apply(drafts(lambda _, text=text: text, 1)[0])  # type: ignore[misc]
        assert isinstance(again, Draft) and again.fields["description"] == text
