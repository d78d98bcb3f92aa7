"""The mix: shares within an example, drawn by seed and id alone."""

from __future__ import annotations

import random

import pytest

from webtune_tui.pipeline.mix import TOKENS, Candidate, MixPart, left_out, part_of


def candidates(*sizes: int, tokens: int = 10) -> list[Candidate]:
    found: list[Candidate] = []
    for part, size in enumerate(sizes):
        for number in range(size):
            index = len(found)
            found.append(Candidate(index, f"ex-{part}-{number}", part, tokens + 7 * (number % 5)))
    return found


def staying(parts: list[MixPart], some: list[Candidate], seed: int = 1) -> list[Candidate]:
    gone = left_out(parts, some, seed)
    return [one for one in some if one.index not in gone]


@pytest.mark.parametrize("shares", [(0.7, 0.3), (3, 1), (0.5, 0.5)])
def test_shares_hold_within_one_percent(shares: tuple[float, float]) -> None:
    parts = [MixPart("domain", ["a"], shares[0]), MixPart("general", ["b"], shares[1])]
    kept = staying(parts, candidates(1_000, 4_000))
    share = sum(1 for one in kept if one.part == 0) / len(kept)
    assert share == pytest.approx(shares[0] / sum(shares), abs=0.01)
    assert sum(1 for one in kept if one.part == 0) in (1_000, 4_000 * shares[0] / shares[1])


def test_shares_of_tokens_hold_within_one_percent() -> None:
    parts = [MixPart("domain", ["a"], 0.8, TOKENS), MixPart("general", ["b"], 0.2)]
    kept = staying(parts, candidates(900, 2_000))
    tokens = [sum(one.tokens for one in kept if one.part == part) for part in (0, 1)]
    assert tokens[0] / sum(tokens) == pytest.approx(0.8, abs=0.01)


def test_the_order_does_not_matter_and_the_seed_does() -> None:
    parts = [MixPart("a", ["a"], 0.5), MixPart("b", ["b"], 0.5)]
    some = candidates(100, 300)
    shuffled = random.Random(3).sample(some, len(some))
    assert left_out(parts, some, 1) == left_out(parts, shuffled, 1)
    assert left_out(parts, some, 1) != left_out(parts, some, 2)


def test_a_cap_a_wanted_example_and_a_part_without_a_share_hold() -> None:
    parts = [MixPart("capped", ["a"], cap=10), MixPart("rest", ["*"])]
    some = candidates(50, 20)
    wanted = Candidate(0, "ex-0-0", 0, 10, is_wanted=True)
    kept = staying(parts, [wanted, *some[1:]])
    assert sum(1 for one in kept if one.part == 0) == 10
    assert sum(1 for one in kept if one.part == 1) == 20
    assert wanted in kept


def test_an_empty_part_takes_nothing_from_the_others() -> None:
    parts = [MixPart("a", ["a"], 0.5), MixPart("nobody", ["x"], 0.5)]
    assert left_out(parts, candidates(10), 1) == {}


def test_the_first_part_that_matches_takes_an_example() -> None:
    parts = [MixPart("general", ["general*.jsonl", "wiki.example"]), MixPart("rest", ["*"])]
    assert part_of(parts, "files", "General-2.jsonl", "") == 0
    assert part_of(parts, "files", "mine.jsonl", "wiki.example") == 0
    assert part_of(parts, "files", "mine.jsonl", "shop.example") == 1
    assert part_of(parts[:1], "files", "mine.jsonl", "") == -1
