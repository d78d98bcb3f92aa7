"""The chain from records to examples: a pure function over batches, and the decisions that need the whole set."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any

from webtune_tui.domain.examples import encode_messages
from webtune_tui.pipeline.base import Builder, BuildsSeveral, Conversation, Draft, Dropped, Step, Surveying
from webtune_tui.pipeline.columns import Columns
from webtune_tui.pipeline.generated import with_questions
from webtune_tui.pipeline.mix import part_of
from webtune_tui.pipeline.near_duplicates import (
    BANDS,
    Compared,
    SketchTable,
    Texts,
    Threshold,
    UnionFind,
    are_answers_similar,
    are_whole_similar,
    is_near_duplicate,
    least_overlap,
    sketches,
    survivors,
)
from webtune_tui.pipeline.parts import parted
from webtune_tui.pipeline.recipe import Recipe, builders
from webtune_tui.pipeline.steps.exact_duplicates import ExactDuplicates
from webtune_tui.pipeline.steps.near_duplicates import NearDuplicates
from webtune_tui.pipeline.steps.shared_targets import GROUP, KEEP, KEEP_ONE, SharedTargets
from webtune_tui.pipeline.tokens import TokenCounter, count_examples
from webtune_tui.pipeline.wording import folded, wording_key

_NOTHING_TO_BUILD = "no builder knows this shape"


@dataclass(frozen=True, slots=True)
class Built:
    """An example on its way, with what is needed to find its duplicates. ``texts`` are values and answer, folded.

    ``redacted`` counts the placeholders in its messages by kind; ``mix_part`` numbers its part of the mix (-1: none).
    """

    example_id: str
    record_id: int
    key: str
    source: str
    domain: str
    messages: str
    texts: Texts
    tokens: int
    flags: tuple[str, ...]
    redacted: Mapping[str, int]
    mix_part: int
    exact_key: bytes
    answer_key: bytes
    answer_length: int
    whole_sketch: bytes
    answer_sketch: bytes


@dataclass(slots=True)
class BatchResult:
    """What became of a batch of records."""

    records: int = 0
    built: list[Built] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    changed: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)


_FINAL_REASONS = frozenset({"error", "warning", "empty"})
"""Rows that make no example even when they are wanted back by hand."""


class Assembly:
    """The per-record part of a recipe. ``map_batch`` depends on nothing but its arguments.

    ``steps`` are those of the record and example stages in order; without them the recipe's own as they are.
    """

    def __init__(
        self,
        recipe: Recipe,
        counter: TokenCounter,
        *,
        steps: Sequence[Step] | None = None,
        with_sketches: bool = True,
    ) -> None:
        self._counter = counter
        chosen = draft_steps(recipe, counter) if steps is None else steps
        self._record_steps = tuple(step for step in chosen if step.stage == "record")
        self._example_steps = tuple(step for step in chosen if step.stage == "example")
        self._templates = recipe.templates
        self._plan = recipe.build
        self._mix = recipe.mix
        self._kept_ids = recipe.kept_ids
        self._with_sketches = with_sketches

    def map_batch(self, drafts: Sequence[Draft]) -> BatchResult:
        """The examples of a batch, and the records that make none."""
        result = BatchResult(records=len(drafts))
        finished = self._finished(drafts, result)
        for draft in finished:
            result.removed.update(draft.removed)
        touched = {(draft.record_id, step) for draft in finished for step in draft.touched}
        result.changed.update(step for _, step in touched)
        result.built = self._built(finished)
        result.dropped = _whole_records(result)
        return result

    def outcomes(self, draft: Draft) -> list[Draft | Dropped]:
        """What becomes of one record, part by part, for a preview."""
        result = BatchResult()
        finished = self._finished([draft], result)
        return [*finished, *result.dropped]

    def seen(self, drafts: Sequence[Draft], stage: str) -> list[Draft]:
        """The drafts as the steps leave them, before the builder or after it, for a step that looks at many."""
        result = BatchResult()
        if stage == "example":
            return self._finished(drafts, result)
        known = [self._recognised(draft) for draft in drafts]
        return list(self._through(self._record_steps, known, result))

    def _finished(self, drafts: Sequence[Draft], result: BatchResult) -> list[Draft]:
        """The drafts that come through every step, counted; the others stand in ``result.dropped``."""
        known = [self._recognised(draft) for draft in drafts]
        cleaned = self._through(self._record_steps, known, result)
        conversing = [part for draft in cleaned for part in self._conversing(draft, result)]
        counts = count_examples([draft.messages for draft in conversing], self._counter)
        counted = [replace(draft, tokens=count) for draft, count in zip(conversing, counts, strict=True)]
        return list(self._through(self._example_steps, counted, result))

    def _through(self, steps: Sequence[Step], drafts: Sequence[Draft], result: BatchResult) -> Iterator[Draft]:
        for draft in drafts:
            outcome = self._through_all(steps, draft)
            if isinstance(outcome, Dropped):
                result.dropped.append(replace(outcome, part=draft.part) if draft.part else outcome)
            else:
                yield outcome

    def _through_all(self, steps: Sequence[Step], draft: Draft) -> Draft | Dropped:
        is_kept = bool(self._kept_ids) and example_id(draft.key, draft.part) in self._kept_ids
        current = draft
        for step in steps:
            outcome = _applied(step, current)
            if not isinstance(outcome, Dropped):
                current = outcome
            elif not is_kept or outcome.reason in _FINAL_REASONS:
                return outcome
        return current

    def _conversing(self, draft: Draft, result: BatchResult) -> list[Draft]:
        """The drafts of a record with their messages, one for each example that it makes."""
        made = parted(self._conversations(draft), self._plan, self._counter, is_written=draft.is_written)
        made = with_questions(made, self._plan, lambda part: example_id(draft.key, part))
        conversations = [one for one in made if one.messages]
        if not conversations:
            shape = ", ".join(list(draft.fields)[:8])
            result.dropped.append(Dropped(draft.record_id, "empty", "builder", f"{_NOTHING_TO_BUILD}: {shape}"))
        return [
            replace(draft, part=part, messages=one.messages, values=one.values, flags=(*draft.flags, *one.flags))
            for part, one in enumerate(conversations)
        ]

    def _conversations(self, draft: Draft) -> Sequence[Conversation]:
        if self._templates is not None:
            return [self._templates.build(draft.key, draft.fields)]
        builder = _builder_for(draft.fields)
        if builder is None:
            return []
        if isinstance(builder, BuildsSeveral):
            return builder.build_all(draft.fields, self._plan)
        built = builder.build(draft.fields)
        return [built] if built else []

    def _recognised(self, draft: Draft) -> Draft:
        """The draft with the fields that its example will be made of."""
        if self._templates is not None:
            return replace(draft, wanted=tuple(name for name in self._templates.fields if name in draft.fields))
        builder = _builder_for(draft.fields)
        if builder is None:
            return draft
        reads = builder.reads_for(self._plan) if isinstance(builder, BuildsSeveral) else builder.reads
        wanted = Columns(draft.fields).actual(reads)
        return replace(draft, wanted=wanted, is_written=builder.is_written)

    def _built(self, drafts: Sequence[Draft]) -> list[Built]:
        texts = [(tuple(map(folded, draft.values)), folded(answer_text(draft))) for draft in drafts]
        drawn = sketches(texts) if self._with_sketches and texts else [(b"", b"")] * len(texts)
        return [
            self._built_one(draft, its, whole, answer)
            for draft, its, (whole, answer) in zip(drafts, texts, drawn, strict=True)
        ]

    def _built_one(self, draft: Draft, texts: Texts, whole: bytes, answer: bytes) -> Built:
        redacted = _redacted(draft)
        return Built(
            example_id=example_id(draft.key, draft.part),
            record_id=draft.record_id,
            key=draft.key,
            source=draft.source,
            domain=draft.domain,
            messages=encode_messages(draft.messages),
            texts=texts,
            tokens=draft.tokens,
            flags=(*dict.fromkeys(draft.flags), *(f"redacted:{kind}" for kind in sorted(redacted))),
            redacted=redacted,
            mix_part=part_of(self._mix, draft.source, draft.label, draft.domain),
            exact_key=wording_key(*texts[0], "", texts[1]),
            answer_key=wording_key(texts[1]),
            answer_length=len(draft.answer),
            whole_sketch=whole,
            answer_sketch=answer,
        )


def draft_steps(recipe: Recipe, counter: TokenCounter) -> tuple[Step, ...]:
    """The enabled steps that see one record at a time, in order."""
    return (*recipe.enabled("record", counter), *recipe.enabled("example", counter))


def learned_steps(
    recipe: Recipe, counter: TokenCounter, sample: Callable[[], Iterable[Sequence[Draft]]]
) -> tuple[Step, ...]:
    """The enabled steps, each surveying one with what the sample showed it; ``sample`` is read once for each."""
    steps = draft_steps(recipe, counter)
    for number, step in enumerate(steps):
        if isinstance(step, Surveying) and getattr(step, "needs_survey", True):
            before = Assembly(recipe, counter, steps=steps[:number], with_sketches=False)
            observed = [step.observe(before.seen(drafts, step.stage)) for drafts in sample()]
            steps = (*steps[:number], step.learned(observed), *steps[number + 1 :])
    return steps


def _whole_records(result: BatchResult) -> list[Dropped]:
    """The first word on each record of which nothing is left."""
    used = {built.record_id for built in result.built}
    first: dict[int, Dropped] = {}
    for dropped in sorted(result.dropped, key=lambda one: one.part):
        if dropped.record_id not in used:
            first.setdefault(dropped.record_id, dropped)
    return [one for one in result.dropped if first.get(one.record_id) is one]


def _redacted(draft: Draft) -> dict[str, int]:
    """How often the placeholders of each kind stand in the messages."""
    found: Counter[str] = Counter()
    for placeholder, kind in draft.redacted.items():
        found[kind] += sum(message.content.count(placeholder) for message in draft.messages)
    return {kind: count for kind, count in found.items() if count}


def _builder_for(fields: Mapping[str, Any]) -> Builder | None:
    return next((builder for builder in builders() if builder.accepts(fields)), None)


def answer_text(draft: Draft) -> str:
    """What an example teaches to say; tool calls as their JSON."""
    if draft.answer:
        return draft.answer
    calls = [message.extra.get("tool_calls") for message in draft.messages if message.role == "assistant"]
    return json.dumps(calls, sort_keys=True, default=str) if any(calls) else ""


def example_id(key: str, part: int = 0) -> str:
    """The stable id of an example of the record with this key; ``part`` numbers the examples of one record."""
    digest = blake2b(f"{part}\n{key}".encode("utf-8", "surrogatepass"), digest_size=8)
    return f"ex-{digest.hexdigest()}"


@dataclass
class CorpusReport:
    """What the decisions over the whole set found; indices count the built examples."""

    gone: dict[int, tuple[str, str, int]] = field(default_factory=dict)
    exact: int = 0
    near: int = 0
    clusters: int = 0
    flagged: dict[int, str] = field(default_factory=dict)


class Corpus:
    """Finds duplicates and groups among built examples by their compact signatures.

    ``fetch`` reads an example's texts back; signatures take about 450 bytes an example.
    """

    def __init__(self, recipe: Recipe, fetch: Callable[[int], Texts]) -> None:
        steps = {step.name: step for step in recipe.enabled("corpus")}
        self._exact: ExactDuplicates | None = steps.get(ExactDuplicates.name)
        self._near: NearDuplicates | None = steps.get(NearDuplicates.name)
        self._shared: SharedTargets | None = steps.get(SharedTargets.name)
        self._threshold = Threshold(self._near.similarity if self._near else NearDuplicates().similarity)
        self._fetch = fetch
        self._kept_ids = recipe.kept_ids
        self._kept: set[int] = set()
        self._exact_keys: list[bytes] = []
        self._answer_keys: list[bytes] = []
        self._lengths: list[int] = []
        self._whole = SketchTable()
        self._answers = SketchTable()
        self._cache: dict[int, Compared] = {}
        self._siblings: list[int] = []
        self._last_record = 0

    @property
    def has_siblings(self) -> bool:
        """Whether any record makes more than one example."""
        return bool(self._siblings)

    def add(self, built: Built) -> None:
        """Takes the next example's signatures; those of one record come one after the other."""
        if built.record_id == self._last_record:
            self._siblings.append(len(self))
        self._last_record = built.record_id
        if built.example_id in self._kept_ids:
            self._kept.add(len(self))
        self._exact_keys.append(built.exact_key)
        self._answer_keys.append(built.answer_key)
        self._lengths.append(built.answer_length)
        self._whole.append(built.whole_sketch)
        self._answers.append(built.answer_sketch)

    def __len__(self) -> int:
        return len(self._exact_keys)

    def decide(self) -> Iterator[tuple[int, int]]:
        """Works through the set; yields (done, total) of its parts. The findings are in ``report`` and ``groups``."""
        total = 2 * BANDS
        self.report = CorpusReport()
        self.groups = UnionFind(len(self))
        self._clusters = UnionFind(len(self))
        for index in self._siblings:
            self.groups.union(index - 1, index)
        first_of = self._drop_exact()
        standing = [index for index in range(len(self)) if first_of[index] == index]
        near = UnionFind(len(self))
        for band in range(BANDS):
            self._link_whole(band, standing, near)
            yield band + 1, total
        self._drop_near(near, standing)
        self._drop_shared()
        answering = [index for index in standing if self._answer_keys[index]]
        for band in range(BANDS):
            if self._links_answers:
                self._link_answers(band, answering)
            yield BANDS + band + 1, total
        sizes = Counter(self._clusters.find(index) for index in range(len(self)))
        self.report.clusters = sum(1 for size in sizes.values() if size > 1)

    def cluster_sizes(self) -> list[int]:
        """The sizes of the groups with two members or more, before anything was dropped."""
        sizes = Counter(self.groups.find(index) for index in range(len(self)))
        return [size for size in sizes.values() if size > 1]

    @property
    def _links_answers(self) -> bool:
        return self._shared is None or self._shared.policy != KEEP

    def _drop_exact(self) -> list[int]:
        """For each example the one whose copy it is: itself, or the copy that stays."""
        copies: dict[bytes, list[int]] = {}
        for index, key in enumerate(self._exact_keys):
            copies.setdefault(key, []).append(index)
        first_of = list(range(len(self)))
        for members in copies.values():
            if len(members) == 1:
                continue
            for member in members[1:]:
                self.groups.union(members[0], member)
                self._clusters.union(members[0], member)
            if self._exact is None:
                continue
            rule = self._exact.survivor
            keeper = min(members, key=lambda index: self._rank(index, rule))
            for member in members:
                first_of[member] = keeper
                if member != keeper and member not in self._kept:
                    self.report.gone[member] = ("exact_duplicate", ExactDuplicates.name, keeper)
                    self.report.exact += 1
        return first_of

    def _rank(self, index: int, survivor: str) -> tuple[bool, int, int]:
        """Those wanted by hand first, then by the rule."""
        return index not in self._kept, -self._lengths[index] if survivor == "longest" else 0, index

    def _link_whole(self, band: int, order: Sequence[int], near: UnionFind) -> None:
        def is_similar(one: int, other: int) -> bool:
            if self.groups.find(one) == self.groups.find(other) and near.find(one) == near.find(other):
                return True
            return are_whole_similar(self._compared(one), self._compared(other), self._threshold)

        least = least_overlap(self._threshold)
        for one, other in self._whole.similar_pairs(band, order, least, is_similar):
            if near.find(one) == near.find(other):
                continue
            self.groups.union(one, other)
            if is_near_duplicate(self._compared(one), self._compared(other), self._threshold):
                near.union(one, other)

    def _drop_near(self, near: UnionFind, order: Sequence[int]) -> None:
        members_of: dict[int, list[int]] = {}
        for index in order:
            members_of.setdefault(near.find(index), []).append(index)
        for members in members_of.values():
            if len(members) == 1:
                continue
            for member in members[1:]:
                self._clusters.union(members[0], member)
            if self._near is None:
                continue
            rule = self._near.survivor
            preferred = sorted(members, key=lambda index: self._rank(index, rule))
            for member, keeper in survivors(preferred, self._compared, self._threshold).items():
                if member in self._kept:
                    continue
                self.report.gone[member] = ("near_duplicate", NearDuplicates.name, keeper)
                self.report.near += 1

    def _drop_shared(self) -> None:
        sharing: dict[bytes, list[int]] = {}
        for index, key in enumerate(self._answer_keys):
            sharing.setdefault(key, []).append(index)
        for members in sharing.values():
            if len(members) > 1 and self._links_answers:
                for member in members[1:]:
                    self.groups.union(members[0], member)
            staying = [index for index in members if index not in self.report.gone]
            if len(staying) < 2 or self._shared is None or self._shared.policy == KEEP:
                continue
            if self._shared.policy == GROUP:
                self.report.flagged.update(dict.fromkeys(staying, "shared_target"))
            elif self._shared.policy == KEEP_ONE:
                staying.sort(key=lambda index: (index not in self._kept, index))
                for member in staying[1:]:
                    if member not in self._kept:
                        self.report.gone[member] = ("shared_target", SharedTargets.name, staying[0])

    def _link_answers(self, band: int, order: Sequence[int]) -> None:
        def is_similar(one: int, other: int) -> bool:
            if self.groups.find(one) == self.groups.find(other):
                return True
            return are_answers_similar(self._compared(one), self._compared(other), self._threshold)

        least = least_overlap(self._threshold)
        for one, other in self._answers.similar_pairs(band, order, least, is_similar):
            self.groups.union(one, other)

    def _compared(self, index: int) -> Compared:
        found = self._cache.get(index)
        if found is None:
            if len(self._cache) >= 4096:
                self._cache.clear()
            found = self._cache[index] = Compared(self._fetch(index))
        return found


def _applied(step: Step, draft: Draft) -> Draft | Dropped:
    """The step's answer; a record on which it fails is set aside under the step's name."""
    try:
        return step.apply(draft)
    except Exception as error:  # noqa: BLE001 - one odd record must not end the run of a million
        return Dropped(draft.record_id, step.name, step.name, f"{type(error).__name__}: {error}"[:200])
