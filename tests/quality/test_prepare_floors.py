"""Preparation against a labelled corpus in five languages: pinned floors for what it must find and must not touch.

The judges are of another kind than the product: the answer key of the corpus, difflib, a simulation of its own.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest

from tests.quality.planted.corpus import make_corpus
from tests.quality.planted.grammar import LANGUAGES, stock
from tests.quality.planted.key import Corpus, Planted
from tests.quality.planted.likeness import alike, ratio
from tests.quality.planted.personal import KINDS
from tests.quality.planted.published import PUBLISHED
from tests.quality.planted.running import Outcome, prepared
from tests.quality.planted.shapes import TEXT_FIELD, shape_of

NEAR_RECALL = 0.95
NEAR_PRECISION = 0.99
REDACTION_RECALL = 0.95
REDACTION_PRECISION = 0.98
REASON_RECALL = 0.95
RESTORED = 0.95
MOST_HARMED = 0.002
RATE_TOLERANCE = 0.10  # of the simulated rate
LEAKING = 0.9  # likeness of two texts of which one tells the other

REASONS = {  # the reasons that are right for a kind of dirt
    "empty": ("empty",),
    "placeholder": ("placeholder",),
    "title_as_target": ("title_as_target",),
    "copied_prompt": ("title_as_target",),
    "too_short": ("short", "placeholder", "quality"),
    "gibberish": ("quality", "language"),
    "symbol_soup": ("quality", "placeholder"),
    "repetition": ("quality",),
    "error": ("error",),
    "warning": ("warning",),
    "exact_copy": ("exact_duplicate",),
    "normalised": ("exact_duplicate",),
    "near": ("near_duplicate",),
    "flood": ("near_duplicate", "exact_duplicate"),
    "shared_answer": ("shared_target", "near_duplicate"),
}
_COPIES = ("exact_copy", "normalised", "near", "flood", "shared_answer")
_PLACEHOLDER = re.compile(r"\[([A-Z][A-Z_]*?)(?:_\d+)?\]")


@dataclass(frozen=True)
class Judged:
    """The corpus and what became of it."""

    corpus: Corpus
    outcome: Outcome

    def became(self, planted: Planted) -> str:
        """The reason of a dropped record, or what its example teaches."""
        taught = self.outcome.taught.get(planted.name)
        return f"teaches {taught.answer!r}" if taught else self.outcome.reasons.get(planted.name, "is gone")

    def told(self, missed: Iterable[Planted]) -> str:
        """The first misses, for a person to look at."""
        lines = [f"{one.name} ({one.kind}): {self.became(one)[:300]}\n    {str(one.row)[:500]}" for one in missed]
        return "\n".join([f"{len(lines)} missed", *lines[:6]])

    def holds(self, floor: float, missed: Sequence[Planted], total: int) -> None:
        """Fails with the misses where less than the floor's share of the total was right."""
        if len(missed) > (1 - floor) * total + 1e-9:
            raise AssertionError(f"{1 - len(missed) / total:.4f} of {total}, floor {floor}; {self.told(missed)}")


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    corpus = make_corpus()
    return Judged(corpus, prepared(corpus, tmp_path_factory.mktemp("planted")))


# The corpus itself


def test_the_corpus_is_the_same_each_time_and_its_clean_texts_are_distinct() -> None:
    corpus = make_corpus()
    assert [one.row for one in corpus.records] == [one.row for one in make_corpus().records]
    assert 3_000 <= len(corpus.records) <= 5_000
    for language in LANGUAGES:
        clean = [one for one in corpus.records if one.kind == "clean" and one.language == language]
        pairs = list(alike([one.answer for one in clean], 0.75))
        assert pairs == [], [(clean[one].answer, clean[other].answer, how) for one, other, how in pairs[:3]]
    edited = [one for one in corpus.starting("near_") if one.reason]
    firsts = {one.cluster: one.answer for one in corpus.of("original")}
    far = [one for one in edited if ratio(firsts[one.cluster], one.row[TEXT_FIELD[shape_of(one.row)]]) < 0.87]
    assert far == []


# Duplicates


def clusters(judged: Judged, prefix: str, **fixed: str) -> dict[str, list[Planted]]:
    """The clusters with a member of the kinds that start so."""
    wanted = {
        one.cluster
        for one in judged.corpus.starting(prefix)
        if one.cluster and all(getattr(one, name) == value for name, value in fixed.items())
    }
    found: dict[str, list[Planted]] = defaultdict(list)
    for one in judged.corpus.records:
        if one.cluster in wanted:
            found[one.cluster].append(one)
    return found


def copies_left(judged: Judged, members: Sequence[Planted]) -> list[Planted]:
    """The members that stay beyond the first."""
    return [one for one in members if one.name in judged.outcome.taught][1:]


def hold_recall(judged: Judged, found: Mapping[str, Sequence[Planted]]) -> None:
    """Fails where too few of the copies went."""
    left = [one for members in found.values() for one in copies_left(judged, members)]
    judged.holds(NEAR_RECALL, left, sum(len(members) - 1 for members in found.values()))


@pytest.mark.parametrize("share", [2, 5, 10])
def test_copies_with_up_to_a_tenth_of_the_words_edited_are_found(judged: Judged, share: int) -> None:
    hold_recall(judged, clusters(judged, f"near_{share}_"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_near_copies_are_found_in_each_language(judged: Judged, language: str) -> None:
    hold_recall(judged, clusters(judged, "near_", language=language))


@pytest.mark.parametrize("way", ["replace", "insert", "delete", "mixed", "move"])
def test_near_copies_are_found_however_they_were_edited(judged: Judged, way: str) -> None:
    edited = {
        name: members
        for name, members in clusters(judged, "near_").items()
        if any(one.kind.endswith(f"_{way}") for one in members)
    }
    hold_recall(judged, edited)


def test_of_the_editions_of_a_published_text_one_stays(judged: Judged) -> None:
    found = clusters(judged, "published_alike")
    assert len(found) >= 4
    for name, members in found.items():
        stay = [one.name for one in members if one.name in judged.outcome.taught]
        gone = {judged.outcome.reasons.get(one.name) for one in members} - {None}
        assert len(stay) == 1, name
        assert gone <= {"near_duplicate", "exact_duplicate"}, name  # some differ in nothing but their commas


def test_published_texts_that_have_much_in_common_all_stay(judged: Judged) -> None:
    planted = judged.corpus.of("published_apart")
    assert len(planted) >= 4
    judged.holds(1, [one for one in planted if _harm(judged, one)], len(planted))


def test_every_published_text_names_its_origin_and_licence() -> None:
    assert all(one["origin"] and one["licence"] for sets in PUBLISHED.values() for one in sets)


def test_what_goes_as_a_near_duplicate_is_a_copy(judged: Judged) -> None:
    gone = [one for one in judged.corpus.records if judged.outcome.reasons.get(one.name) == "near_duplicate"]
    wrong = [one for one in gone if not one.cluster]
    assert len(gone) > 300
    judged.holds(NEAR_PRECISION, wrong, len(gone))


@pytest.mark.parametrize("kind", ["exact_copy", "normalised", "shared_answer", "flood"])
def test_of_each_set_of_copies_one_stays(judged: Judged, kind: str) -> None:
    found = clusters(judged, kind)
    lost = [members[0] for members in found.values() if not any(one.name in judged.outcome.taught for one in members)]
    judged.holds(1, lost, len(found))
    hold_recall(judged, found)


def test_no_copy_takes_its_whole_cluster_with_it(judged: Judged) -> None:
    lost = [
        members[0]
        for members in clusters(judged, "").values()
        if not any(one.name in judged.outcome.taught for one in members)
    ]
    judged.holds(1, lost, len(clusters(judged, "")))


# Reasons


@pytest.mark.parametrize("kind", sorted(set(REASONS) - set(_COPIES)))
def test_each_kind_of_dirt_gets_its_reason(judged: Judged, kind: str) -> None:
    planted = judged.corpus.of(kind)
    missed = [one for one in planted if judged.outcome.reasons.get(one.name) not in REASONS[kind]]
    assert len(planted) >= 20
    judged.holds(REASON_RECALL, missed, len(planted))


@pytest.mark.parametrize("kind", _COPIES)
def test_the_copies_that_go_get_the_reason_of_their_kind(judged: Judged, kind: str) -> None:
    gone = [
        one for members in clusters(judged, kind).values() for one in members if one.name not in judged.outcome.taught
    ]
    missed = [one for one in gone if judged.outcome.reasons[one.name] not in REASONS[kind]]
    judged.holds(REASON_RECALL, missed, len(gone))


def test_each_record_has_an_example_or_one_reason(judged: Judged) -> None:
    report = judged.outcome.report
    both = judged.outcome.taught.keys() & judged.outcome.reasons.keys()
    assert both == set()
    assert len(judged.outcome.taught) + len(judged.outcome.reasons) == len(judged.corpus.records) == report.records
    assert report.examples == len(judged.outcome.taught)
    assert Counter(judged.outcome.reasons.values()) == Counter(dict(report.dropped))


# Text


def _words(text: str) -> list[str]:
    return re.sub(r"^\s*- ", " ", text, flags=re.M).split()


def _letters(text: str) -> str:
    return "".join(_words(text))


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("entities", str.strip),
        ("zero_width", str.strip),
        ("bidi", str.strip),
        ("control", str.strip),
        ("tag_characters", str.strip),
        ("mojibake", str.strip),
        ("repeated_lines", str.strip),
        ("html", _letters),
        ("boilerplate", _letters),
    ],
)
def test_dirt_of_text_goes_and_the_text_stays(judged: Judged, kind: str, form: Callable[[str], object]) -> None:
    planted = judged.corpus.of(kind)
    missed = [
        one
        for one in planted
        if (taught := judged.outcome.taught.get(one.name)) is None or form(taught.answer) != form(one.answer)
    ]
    assert len(planted) >= 20
    judged.holds(RESTORED, missed, len(planted))


def test_no_example_holds_anything_that_a_person_would_not_see_or_a_trainer_would_obey(judged: Judged) -> None:
    hidden = re.compile(
        "[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
    )
    token = re.compile(r"<\|[a-z_]+\|>|\[/?INST\]|<</?SYS>>|<start_of_turn>|<s>")
    markup = re.compile(r"</?(?:p|div|li|ul|b|br|h2|script|style)\b|&(?:amp|nbsp|quot|#\d+);")
    found = {
        name: pattern.search(taught.whole)
        for name, taught in judged.outcome.taught.items()
        for pattern in (hidden, token, markup)
        if pattern.search(taught.whole)
    }
    assert found == {}


def test_no_line_that_a_site_repeats_is_taught(judged: Judged) -> None:
    lines = {line for language in LANGUAGES for line in stock(language).sections["boilerplate"]}
    holding = [
        one
        for one in judged.corpus.of("boilerplate")
        if (taught := judged.outcome.taught.get(one.name)) and any(line in taught.answer for line in lines)
    ]
    judged.holds(RESTORED, holding, len(judged.corpus.of("boilerplate")))


@pytest.mark.parametrize("kind", ["cut_in_word", "over_budget"])
def test_no_answer_ends_in_mid_word_unless_it_is_flagged(judged: Judged, kind: str) -> None:
    planted = judged.corpus.of(kind)
    missed = []
    for one in planted:
        taught = judged.outcome.taught.get(one.name)
        if taught is None or (kind == "cut_in_word" and "cut" in taught.flags):
            continue  # what may have been cut is left to a person
        whole = _letters(one.answer)
        said = _letters(taught.answer)
        if not whole.startswith(said) or taught.answer[-1] not in ".!?。？！”»“":
            missed.append(one)
    judged.holds(REASON_RECALL, missed, len(planted))


def test_an_answer_within_the_budget_is_as_long_as_it_can_be(judged: Judged) -> None:
    for one in judged.corpus.of("over_budget"):
        taught = judged.outcome.taught[one.name]
        assert 0.3 < len(taught.answer) / len(one.answer) <= 1, judged.told([one])


# Personal data


def secrets(judged: Judged, kind: str) -> Iterator[tuple[Planted, str]]:
    """The secrets of a kind in records that became examples."""
    for one in judged.corpus.starting("personal_"):
        for its, text in one.secrets:
            if its == kind and one.name in judged.outcome.taught:
                yield one, text


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_personal_data_is_replaced_by_the_placeholder_of_its_kind(judged: Judged, kind: str) -> None:
    planted = list(secrets(judged, kind))
    missed = [
        one
        for one, text in planted
        if text in (whole := judged.outcome.taught[one.name].whole) or f"[{kind.upper()}" not in whole
    ]
    assert len(planted) >= 25
    judged.holds(REDACTION_RECALL, missed, len(planted))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_placeholders_stand_only_for_personal_data(judged: Judged, kind: str) -> None:
    right, wrong = 0, []
    for one in judged.corpus.records:
        taught = judged.outcome.taught.get(one.name)
        if taught is None:
            continue
        count = sum(found.casefold() == kind for found in _PLACEHOLDER.findall(taught.answer))
        told = sum(its == kind for its, _ in one.secrets)
        right += min(count, told)
        wrong += [one] * max(count - told, 0)
    assert right, f"no {kind} was found"
    judged.holds(REDACTION_PRECISION, wrong, right + len(wrong))


def test_the_text_around_personal_data_stays(judged: Judged) -> None:
    """What is left between the placeholders stands in the record, in its order."""
    planted = judged.corpus.starting("personal_")
    missed = [one for one in planted if not _keeps_the_rest(judged, one)]
    judged.holds(REDACTION_PRECISION, missed, len(planted))


def _keeps_the_rest(judged: Judged, planted: Planted) -> bool:
    taught = judged.outcome.taught.get(planted.name)
    if taught is None:
        return False
    text = planted.row[TEXT_FIELD[shape_of(planted.row)]]
    pieces = _PLACEHOLDER.split(taught.answer)[::2]
    least = len(text) - sum(len(secret) for _, secret in planted.secrets) - 12
    return len("".join(pieces)) >= least and bool(re.search(".*?".join(map(re.escape, pieces)), text, re.S))


def test_what_only_looks_like_personal_data_is_left_alone(judged: Judged) -> None:
    planted = judged.corpus.of("lookalike")
    missed = [
        one
        for one in planted
        for _, text in one.lookalikes
        if (taught := judged.outcome.taught.get(one.name)) is None or text not in taught.answer
    ]
    judged.holds(REDACTION_PRECISION, missed, len(planted))


# Harm


def test_hardly_a_clean_record_is_dropped_or_changed(judged: Judged) -> None:
    clean = [one for one in judged.corpus.records if one.is_clean]
    harmed = [one for one in clean if _harm(judged, one)]
    assert len(clean) > 1_800
    judged.holds(1 - MOST_HARMED, harmed, len(clean))


def _harm(judged: Judged, planted: Planted) -> bool:
    taught = judged.outcome.taught.get(planted.name)
    if taught is None or taught.answer != planted.answer:
        return True
    return any(value not in taught.prompt for value in prompt_values(planted))


def prompt_values(planted: Planted) -> list[str]:
    """The texts of a row that its prompt must hold."""
    values: list[str] = []
    for name, value in planted.row.items():
        if name not in ("url", "price", "rating", *TEXT_FIELD.values()):
            values += value if isinstance(value, list) else [value]
    return values


# Splits


def test_no_example_of_training_tells_one_of_the_test(judged: Judged) -> None:
    """By difflib over the exported files; the report says so too."""
    assert judged.outcome.report.leak["shared_clusters"] == 0
    names = sorted(judged.outcome.taught)
    taught = [judged.outcome.taught[name] for name in names]
    leaking = [
        (names[one], names[other], how)
        for one, other, how in alike([one.answer for one in taught], LEAKING)
        if taught[one].split != taught[other].split and len(taught[one].answer) > 60
    ]
    assert leaking == [], [
        (judged.outcome.taught[one].answer, judged.outcome.taught[two].answer) for one, two, _ in leaking[:3]
    ]


def groups(planted: Iterable[Planted]) -> list[set[str]]:
    """The sets of records that tell of each other, by the key."""
    members: dict[str, set[str]] = defaultdict(set)
    for one in planted:
        for name in filter(None, (one.cluster, one.linked)):
            members[name].add(one.name)
    return list(members.values())


def _mates(judged: Judged, names: Sequence[str]) -> dict[str, set[str]]:
    """Who would tell of whom: by the key, and where difflib finds two prompts alike, as headlines by chance are."""
    by_name = {one.name: one for one in judged.corpus.records}
    prompts = ["\n".join(prompt_values(by_name[name])) for name in names]
    pairs = [{names[one], names[other]} for one, other, _ in alike(prompts, LEAKING)]
    member_of = {name: {name} for name in names}
    for its in [*groups(judged.corpus.records), *pairs]:
        joined = set().union(*(member_of[name] for name in its if name in member_of))
        member_of.update(dict.fromkeys(joined, joined))
    return {name: joined - {name} for name, joined in member_of.items() if len(joined) > 1}


@pytest.mark.parametrize("kind", ["linked", "near_miss_specs"])
def test_examples_with_like_answers_or_like_prompts_lie_in_one_split(judged: Judged, kind: str) -> None:
    parted = [
        its for its in groups(judged.corpus.of(kind))
        if len({judged.outcome.taught[name].split for name in its if name in judged.outcome.taught}) > 1
    ]  # fmt: skip
    by_name = {one.name: one for one in judged.corpus.records}
    assert len(parted) == 0, judged.told(by_name[name] for its in parted for name in sorted(its))


def test_each_split_has_its_share(judged: Judged) -> None:
    splits = Counter(taught.split for taught in judged.outcome.taught.values())
    total = splits.total()
    for split, share in (("train", 0.8), ("validation", 0.1), ("test", 0.1)):
        assert abs(splits[split] / total - share) < 0.01


def test_the_rate_of_a_random_split_is_that_of_a_simulation(judged: Judged) -> None:
    before = {"near_duplicate", "exact_duplicate", "shared_target"}
    names = [
        one.name
        for one in judged.corpus.records
        if one.name in judged.outcome.taught or judged.outcome.reasons[one.name] in before
    ]
    mates = _mates(judged, names)
    chance = random.Random(20_261_127)
    tested = round(len(names) / 10)
    rates = []
    for _ in range(60):
        chance.shuffle(names)
        train = set(names[2 * tested :])
        rates.append(sum(1 for name in names[:tested] if mates.get(name, set()) & train) / tested)
    simulated = sum(rates) / len(rates)
    told = judged.outcome.report.leak["random_split_rate"]
    assert abs(told - simulated) <= RATE_TOLERANCE * simulated, (told, simulated)
