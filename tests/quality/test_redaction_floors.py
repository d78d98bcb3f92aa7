"""How much is found, and how much of what is found is right: per kind, in five languages, between look-alikes."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache

import pytest

from tests.quality.private_bait import BAIT
from tests.quality.private_corpus import LANGUAGES, Planted, planted_text, plants
from webtune_tui.pipeline.private_data.finder import find

LEAST_RECALL, LEAST_PRECISION, MOST_HARMED = 0.95, 0.98, 0.002
ROUNDS = 40
KINDS = ("email", "phone", "card", "iban", "cpf", "cnpj", "ip", "mac", "api_key", "token_url", "ssn", "nir", "dni",
         "steuer_id", "my_number")  # fmt: skip


@cache
def corpus() -> list[Planted]:
    rng = random.Random(20261126)
    return [
        planted_text(rng, language, plant, [make(rng) for make in rng.sample(BAIT, 4)])
        for _ in range(ROUNDS)
        for language in LANGUAGES
        for plant in plants(rng, language)
    ]


@cache
def scores() -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Found of what was planted, planted, and found in all; by kind."""
    right: Counter[str] = Counter()
    planted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for one in corpus():
        hits = {tuple(hit) for hit in find(one.text)}
        for kind, start, end in one.key:
            planted[kind] += 1
            right[kind] += (kind, start, end) in hits
        for kind, _, _ in hits:
            found[kind] += 1
    return right, planted, found


@pytest.mark.parametrize("kind", KINDS)
def test_nearly_all_that_was_planted_is_found_to_the_character(kind: str) -> None:
    right, planted, _ = scores()
    assert right[kind] / planted[kind] >= LEAST_RECALL


@pytest.mark.parametrize("kind", KINDS)
def test_nearly_all_that_is_found_was_planted(kind: str) -> None:
    right, _, found = scores()
    assert right[kind] / found[kind] >= LEAST_PRECISION


def test_no_kind_is_found_where_only_others_were_planted() -> None:
    _, planted, found = scores()
    assert {kind: count for kind, count in found.items() if kind not in planted} == {}


def test_look_alikes_alone_are_left_alone() -> None:
    rng = random.Random(7)
    texts = [f"{make(rng)}. {other(rng)}." for make in BAIT for other in rng.sample(BAIT, 12)]
    harmed = [text for text in texts if find(text)]
    assert len(harmed) / len(texts) <= MOST_HARMED, harmed[:5]
