"""Bins, tallies, words and conditions: nothing is lost, and each bar selects exactly what it counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace as replaced
from itertools import pairwise

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as some

from webtune_tui.domain.conditions import compiled
from webtune_tui.domain.costs import Estimate
from webtune_tui.domain.record_fields import day_of
from webtune_tui.domain.statistics import StatisticsGroup
from webtune_tui.pipeline.counting import groups, tally
from webtune_tui.pipeline.counting.bins import MOST_BINS, binned, quantile
from webtune_tui.pipeline.counting.facts import ExampleFacts, texts_of
from webtune_tui.pipeline.counting.tally import Tally
from webtune_tui.pipeline.counting.vocabulary import Vocabulary

ESTIMATE = Estimate("openai", "gpt-x", 3_000, 3, 0.75, None, None, None, "tokens x epochs", "2026-11-01")
LABELS = some.sampled_from(
    ["a.example", "A.example ", "", 'quo"te', "back\\slash", "it’s", "“curly”", "\x1b[31mred", "x" * 300,
     "x" * 299 + "y", "true", "12", "日本.example", "a, b", "not in"]
)  # fmt: skip
FLAGS = some.sampled_from(["cut", "near-duplicate", 'odd"flag', "Cut", "\u202eflag"])
FACTS = some.builds(
    ExampleFacts,
    split=some.sampled_from(["train", "validation", "test"]),
    tokens=some.one_of(some.integers(0, 40), some.integers(0, 90_000)),
    messages=some.integers(1, 30),
    prompt_characters=some.integers(0, 5_000),
    answer_characters=some.integers(0, 2_000_000),
    source=LABELS,
    domain=LABELS,
    collected_at=some.sampled_from(["", "2026-11-02", "2026-11-30", "2025-01-01", "2026-13", "0999-01-01"]),
    flags=some.lists(FLAGS, unique_by=str.casefold, max_size=3).map(tuple),
    language=some.sampled_from([None, "en", "pt", ""]),
    filled=some.none() | some.lists(some.sampled_from(["title", "a.b[]", "Brand", "x y"]), unique=True).map(tuple),
    read=some.just(("title", "price")),
)  # fmt: skip
SETS = some.lists(FACTS, max_size=12)
DISJOINT = {"tokens", "answers", "prompts", "turns", "splits", "sources", "domains", "freshness"}


def groups_of(counted: Tally) -> list[StatisticsGroup]:
    return [
        *groups.number_groups(counted),
        groups.split_group(counted),
        groups.label_group(counted, "sources", "sources", "Sources", "source", "no source"),
        groups.label_group(counted, "domains", "domains", "Domains", "domain", "no address"),
        groups.time_group(counted),
        groups.flag_group(counted),
        groups.language_group(counted, 1),
        groups.coverage_group(counted, ("title",), 1),
    ]


def counted_of(facts: list[ExampleFacts]) -> Tally:
    found = Tally()
    found.add(facts)
    return found


@settings(max_examples=30, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(SETS)
def test_each_bar_selects_exactly_the_examples_that_it_counts(facts: list[ExampleFacts]) -> None:
    for group in groups_of(counted_of(facts)):
        if group.name in DISJOINT:
            assert sum(row.count for row in group.rows) == group.of == len(facts)
        for row in group.rows:
            if row.condition:
                chosen = compiled(row.condition)
                assert row.count == sum(chosen.matches(one.as_fields()) for one in facts), (group.name, row)
            else:
                assert any(sign in row.label for sign in "“”’"), row


@settings(max_examples=30)
@given(SETS, SETS, SETS)
def test_taking_out_and_in_gives_what_counting_anew_gives(
    stay: list[ExampleFacts], gone: list[ExampleFacts], come: list[ExampleFacts]
) -> None:
    counted = counted_of(stay + gone)
    counted.add(gone, -1)
    counted.add(come)
    kept = Tally.from_plain(counted.to_plain())
    assert kept is not None
    assert groups_of(kept) == groups_of(counted_of(stay + come))
    assert kept.to_plain() == counted_of(stay + come).to_plain()


def test_a_tally_of_another_form_is_not_read() -> None:
    assert Tally.from_plain(Tally().to_plain() | {"form": 0}) is None


@given(some.dictionaries(some.integers(0, 10**9), some.integers(1, 1000), min_size=1))
def test_bins_lose_nothing_and_are_few(counts: dict[int, int]) -> None:
    found = binned(counts)
    assert len(found) <= MOST_BINS + 1
    assert sum(count for _, count in found) == sum(counts.values())
    for (one, _), (following, _) in pairwise(found):
        assert one.high is not None and following.low == one.high + 1


@given(some.lists(some.integers(0, 1000), min_size=1), some.floats(0, 1))
def test_a_quantile_is_the_value_at_its_place(values: list[int], share: float) -> None:
    assert quantile(Counter(values), share) == sorted(values)[min(int(share * len(values)), len(values) - 1)]


def test_edges_are_readable_numbers() -> None:
    even = [one.label for one, _ in binned(Counter(range(60, 300)))]
    assert even[0] == "41–60" and even[-1] == "281–300"
    tail = [one.label for one, _ in binned(Counter({**dict.fromkeys(range(100, 300), 50), 2_500: 1}))]
    assert tail == [
        "71–100", "101–150", "151–200", "201–300", "301–500", "501–700", "701–1,000", "1,001–1,500",
        "1,501–2,000", "2,001–3,000",
    ]  # fmt: skip


def test_labels_without_room_are_counted_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "MOST_CHARACTERS", 30)
    plain = ExampleFacts("train", 1, 2, 3, 4, "files", "", "", ())
    counted = counted_of([plain._replace(domain=f"{number:05}.example") for number in range(100)])
    found = groups.label_group(counted, "domains", "domains", "Domains", "domain", "no address")
    assert counted.beyond["domains"] == 98
    assert [row.label for row in found.rows] == ["00000.example", "00001.example", "all others"]
    assert found.rows[-1].count == 98 and sum(row.count for row in found.rows) == 100


def test_many_months_become_years() -> None:
    plain = ExampleFacts("train", 1, 2, 3, 4, "files", "", "", ())
    days = [f"{year}-{month:02}-05" for year in range(2004, 2027) for month in (1, 7)]
    facts = [plain._replace(collected_at=day) for day in days]
    found = groups.time_group(counted_of(facts))
    assert found.rows[0].label == "before 2012" and found.rows[0].count == 16
    for row in found.rows:
        assert row.count == sum(compiled(row.condition).matches(one.as_fields()) for one in facts)


def test_cost_lies_where_the_training_tokens_lie() -> None:
    plain = ExampleFacts("train", 100, 2, 3, 4, "files", "", "", ())
    counted = counted_of([*[plain] * 5, plain._replace(tokens=500), plain._replace(split="test", tokens=9_000)])
    found = groups.cost_group(counted, ESTIMATE)
    assert found.of == 1_000 and sum(row.count for row in found.rows) == 1_000
    assert sum(row.cost or 0 for row in found.rows) == pytest.approx(0.75)
    assert "3 epochs" in found.summary and "0.75 USD" in found.summary
    assert found.rows[-1].condition.startswith('split = "train" and tokens between')
    unpriced = groups.cost_group(counted, replaced(ESTIMATE, cost=None))
    assert {row.cost for row in unpriced.rows} == {None} and "price unknown" in unpriced.summary


def test_words_of_a_split_that_train_has() -> None:
    words = Vocabulary()
    words.add("train", ["The kettle BOILS. 42 Straße", "日本"])
    words.add("test", ["the kettle sings: strasse 日 7"])
    assert (words.overlaps()["test"].words, words.overlaps()["test"].shared) == (5, 4)
    assert words.overlaps()["validation"].words == 0


def test_a_large_vocabulary_is_sampled_evenly() -> None:
    words = Vocabulary(most_words=500)
    letters = "abcdefghij"
    names = ["".join(letters[int(digit)] for digit in f"{number:05}") for number in range(8_000)]
    for name in names:
        words.add("train", [name])
    for name in [*names[:2_000], *(f"z{name}" for name in names[:2_000])]:
        words.add("validation", [name])
    found = words.overlaps()["validation"]
    assert words.one_of >= 16
    assert found.words == pytest.approx(4_000, rel=0.3)
    assert found.shared / found.words == pytest.approx(0.5, abs=0.12)


def test_texts_of_odd_messages() -> None:
    bodies = (
        '{"role":"user","content":null}',
        r'{"role":"user","content":"\ud800"}',
        '{"role":"tool","content":"t"}',
    )
    found = texts_of(f"[{','.join(bodies)}]")
    assert (found.messages, found.prompt, found.answer) == (3, "\ud800", "")
    assert found.contents == ("", "\ud800", "t")


@pytest.mark.parametrize(
    ("moment", "day"),
    [("2026-11-26T10:00:00Z", "2026-11-26"), ("2026-11", "2026-11"), ("Nov 3, 2024", "2024-11-03"), ("x", "")],
)
def test_the_day_of_a_moment(moment: str, day: str) -> None:
    assert day_of(moment) == day
