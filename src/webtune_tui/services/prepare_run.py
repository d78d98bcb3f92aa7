"""One run of prepare, blocking: records are streamed twice past bounded memory, events tell how far it is.

First every record goes through the recipe's steps and builder; the examples wait in a nameless file in the workspace,
their signatures in memory. Then duplicates and splits are decided, and what stays is stored as a new build that
nobody sees before it is whole.
"""

from __future__ import annotations

import json
import marshal
import random
import tempfile
import time
from array import array
from collections import Counter, deque
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any
from zlib import crc32

from webtune_tui.domain.datasets import PrepareReport
from webtune_tui.domain.errors import InvalidInput, UsageError
from webtune_tui.domain.events import Noted, Prepared, PrepareEvent, Progressed
from webtune_tui.domain.examples import Split
from webtune_tui.pipeline.base import Draft, Step, Surveying
from webtune_tui.pipeline.mix import REASON as MIX_REASON
from webtune_tui.pipeline.mix import Candidate, left_out
from webtune_tui.pipeline.near_duplicates import Texts
from webtune_tui.pipeline.recipe import Recipe, with_seed
from webtune_tui.pipeline.run import BatchResult, Built, Corpus, example_id, learned_steps
from webtune_tui.pipeline.split import (
    LEAST_GROUPS,
    Assignment,
    FrozenTest,
    Group,
    SplitPlan,
    assign,
    place,
    random_split_rate,
)
from webtune_tui.pipeline.tokens import TokenCounter
from webtune_tui.services.edits import effect_of
from webtune_tui.services.prepare_map import drafts_of, mapped
from webtune_tui.services.recipes import Recipes
from webtune_tui.storage.datasets import (
    BuildReport,
    DatasetStore,
    DroppedRow,
    LiveRecord,
    RecordQueries,
    Revision,
    StoredExample,
    Totals,
)
from webtune_tui.storage.workspace import Workspace

_BATCH = 128
_STORED_AT_ONCE = 2_000
_EVENTS_APART = 0.1  # seconds
_SHOWN_IDS = 5
_SHOWN_OF_A_SOURCE = 5_000  # records that a surveying step sees
_KEYS_NOTED = 64  # batches; more than ever wait for a worker


@dataclass(frozen=True, slots=True)
class PrepareRequest:
    """What a run is asked for. ``recipe`` names another file than the workspace's own."""

    recipe: Path | None = None
    seed: int | None = None
    sample: int | None = None
    workers: int = 1


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An example in the waiting file."""

    example_id: str
    record_id: int
    source: str
    messages: str
    texts: Texts
    tokens: int
    flags: tuple[str, ...]


class _WaitingFile:
    """Built examples on disk, read back by number; the file has no name and goes with the process."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed in close()
        self._places = array("Q", [0])

    def append(self, built: Built) -> None:
        """Adds an example; all are added before any is read."""
        body = marshal.dumps(
            (
                built.example_id,
                built.record_id,
                built.source,
                built.messages,
                built.texts,
                built.tokens,
                built.flags,
            )
        )
        self._file.write(body)
        self._places.append(self._places[-1] + len(body))

    def __len__(self) -> int:
        return len(self._places) - 1

    def __getitem__(self, index: int) -> _Waiting:
        start, end = self._places[index], self._places[index + 1]
        self._file.seek(start)
        return _Waiting(*marshal.loads(self._file.read(end - start)))  # noqa: S302 - our own bytes

    def texts(self, index: int) -> Texts:
        """The field values and the answer of an example."""
        return self[index].texts

    def close(self) -> None:
        """Gives the space back."""
        self._file.close()


@dataclass(slots=True)
class _Tally:
    """Counts of the first pass."""

    records: int = 0
    result: BatchResult = field(default_factory=BatchResult)
    dropped: list[DroppedRow] = field(default_factory=list)
    redacted: dict[int, tuple[str, Mapping[str, int]]] = field(default_factory=dict)
    """By example: the domain, and its personal data by kind."""
    mix: list[tuple[int, int, int]] = field(default_factory=list)
    """(index, part, tokens) of the examples, where the recipe has a mix."""
    notes: list[str] = field(default_factory=list)
    findings: dict[str, Any] = field(default_factory=dict)
    left_out: dict[int, str] = field(default_factory=dict)
    """The examples that the mix left out, with the name of its part."""


class PrepareRun:
    """One run on a workspace that is open for writing."""

    def __init__(self, workspace: Workspace, counter: TokenCounter, request: PrepareRequest) -> None:
        self._workspace = workspace
        self._store = DatasetStore(workspace.database)
        self._records = RecordQueries(workspace.database)
        self._recipes = Recipes(workspace.recipe_path, self._store)
        self._counter = counter
        self._request = request
        self._last_event = 0.0

    def events(self) -> Generator[PrepareEvent, None, None]:
        """The whole run; ends with Prepared.

        Raises:
            InvalidInput: there are no records. UsageError: the recipe does not fit.
        """
        started = time.monotonic()
        self._store.discard_unfinished()
        self._recipes.recover()
        recipe, text = self._recipes.load(self._request.recipe)
        recipe = self._with_border(with_seed(recipe, self._request.seed))
        total = self._records.count()
        if total == 0:
            raise InvalidInput(
                "There are no records to prepare", hint="Bring some: webtune collect brightdata, or webtune import FILE"
            )
        waiting = _WaitingFile(self._workspace.root)
        try:
            yield from self._prepare(recipe, text, waiting, total, started)
        finally:
            waiting.close()

    def _prepare(
        self, recipe: Recipe, text: str, waiting: _WaitingFile, total: int, started: float
    ) -> Generator[PrepareEvent, None, None]:
        tally = _Tally()
        corpus = Corpus(recipe, waiting.texts)
        yield from self._map(recipe, waiting, corpus, tally, total)
        for done, parts in corpus.decide():
            yield from self._told("comparing", done, parts, "parts")
        tally.left_out = _mixed(recipe, waiting, corpus, tally)
        splitting = _Splitting(corpus, waiting, recipe.split, self._store, tally.left_out)
        kept = splitting.kept
        if not kept:
            yield Noted("No record makes an example; see the reasons", level="warn")
        build = None
        digest = _result_digest(kept, waiting, splitting, corpus, tally)
        took_over = self._recipes.take_over(recipe)
        head = self._store.head()
        told = self._store.build_report(head.build) if head else None
        if head and told and told.result_digest == digest and told.encoding == self._counter.encoding and not took_over:
            revision = head
        else:
            build = self._store.begin_build()
            try:
                totals = yield from self._store_build(build, kept, waiting, splitting, corpus, tally)
            except BaseException:
                self._store.discard_unfinished()
                raise
            revision = self._store.seal(build, totals, self._counter.encoding)
            revision = self._replay(recipe, revision, tally)
        text = self._final_text(recipe, text, splitting.assignment)
        report = self._report(recipe, revision, splitting, corpus, tally, time.monotonic() - started)
        kept_of_run = BuildReport(text, self._counter.encoding, json.dumps(asdict(report)), digest)
        if build is None:
            self._store.update_report(revision.build, kept_of_run)
        else:
            self._store.publish(build, kept_of_run)
        if self._recipes.adopt(text):
            yield Noted("The recipe of the workspace was replaced; the one before is recipe.previous.toml")
        for note in report.notes:
            yield Noted(note, level="warn")
        yield Prepared(report)

    # First pass

    def _map(
        self, recipe: Recipe, waiting: _WaitingFile, corpus: Corpus, tally: _Tally, total: int
    ) -> Iterator[PrepareEvent]:
        only = self._sampled(recipe.split.seed)
        wanted = len(only) if only is not None else total
        steps = self._learned(recipe, only, tally)
        keys: dict[int, str] = {}
        batches = _noting_keys(_with_own_keys(self._records.batches(_BATCH, only)), keys)
        for result in mapped(batches, recipe, self._counter, steps, self._request.workers):
            tally.records += result.records
            tally.result.changed.update(result.changed)
            tally.result.removed.update(result.removed)
            tally.dropped.extend(
                DroppedRow(one.record_id, one.reason, one.step, one.detail, example_id(keys[one.record_id], one.part))
                for one in result.dropped
            )
            for built in result.built:
                index = len(corpus)
                waiting.append(built)
                corpus.add(built)
                if built.redacted:
                    tally.redacted[index] = built.domain or built.source, built.redacted
                if recipe.mix:
                    tally.mix.append((index, built.mix_part, built.tokens))
            yield from self._told("reading", tally.records, wanted, "records")

    def _learned(self, recipe: Recipe, only: frozenset[int] | None, tally: _Tally) -> tuple[Step, ...]:
        """The recipe's steps, the surveying ones with what a sample of the records showed."""

        def sample() -> Iterator[list[Draft]]:
            shown = self._shown(only)
            for rows in _with_own_keys(self._records.batches(_BATCH, shown)):
                yield drafts_of(rows)

        steps = learned_steps(recipe, self._counter, sample)
        tally.findings = {
            step.name: found for step in steps if isinstance(step, Surveying) and (found := list(step.findings()))
        }
        return steps

    def _shown(self, only: frozenset[int] | None) -> frozenset[int]:
        """The records that surveying steps see: every n-th of a source by the hash of its key."""
        sizes: Counter[str] = Counter()
        for record_id, _, source in self._records.keys_in_order():
            if only is None or record_id in only:
                sizes[source] += 1
        return frozenset(
            record_id
            for record_id, key, source in self._records.keys_in_order()
            if (only is None or record_id in only)
            and crc32(key.encode("utf-8", "surrogatepass")) % max(sizes[source] // _SHOWN_OF_A_SOURCE, 1) == 0
        )

    def _sampled(self, seed: int) -> frozenset[int] | None:
        if self._request.sample is None:
            return None
        ids = self._records.ids_in_order()
        return frozenset(random.Random(seed).sample(ids, min(self._request.sample, len(ids))))

    def _told(self, stage: str, done: int, total: int, unit: str) -> Iterator[PrepareEvent]:
        """A progress event, at most ten a second."""
        now = time.monotonic()
        if now - self._last_event >= _EVENTS_APART or done == total:
            self._last_event = now
            yield Progressed(stage, done, total, unit)

    # Second pass

    def _store_build(
        self,
        build: int,
        kept: Sequence[int],
        waiting: _WaitingFile,
        splitting: _Splitting,
        corpus: Corpus,
        tally: _Tally,
    ) -> Generator[PrepareEvent, None, Totals]:
        totals = Totals()
        batch: list[StoredExample] = []
        for ordinal, index in enumerate(kept):
            example = _stored(
                ordinal, waiting[index], splitting.split_of(index), splitting.group_of(index), corpus, index
            )
            totals = totals.with_example(example)
            batch.append(example)
            if len(batch) >= _STORED_AT_ONCE:
                self._store.add_examples(build, batch)
                batch = []
                yield from self._told("storing", ordinal + 1, len(kept), "examples")
        self._store.add_examples(build, batch)
        self._store.add_dropped(build, tally.dropped)
        self._store.add_dropped(build, _gone_rows(kept, waiting, corpus, tally))
        yield from self._told("storing", len(kept), len(kept), "examples")
        return totals

    def _replay(self, recipe: Recipe, revision: Revision, tally: _Tally) -> Revision:
        """Applies the recipe's edits one by one, so that each can be undone."""
        stored = [edit for edit in self._store.edits() if edit.state == "applied"]
        missing: list[str] = []
        for edit, kept in zip(recipe.edits, stored, strict=True):
            try:
                effect = effect_of(edit, self._store, revision, self._counter)
            except UsageError as error:
                tally.notes.append(f"An edit of {edit.example_ids[0]} no longer fits: {error.message}")
                continue
            missing += effect.missing
            revision = self._store.commit(revision, effect.changes, action="replay", edit_id=kept.edit_id)
        if missing:
            shown = ", ".join(missing[:_SHOWN_IDS]) + (" …" if len(missing) > _SHOWN_IDS else "")
            tally.notes.append(f"{len(missing)} edited examples no longer exist: {shown}")
        return revision

    # What is told and kept

    def _report(
        self,
        recipe: Recipe,
        revision: Revision,
        splitting: _Splitting,
        corpus: Corpus,
        tally: _Tally,
        seconds: float,
    ) -> PrepareReport:
        version = revision.to_version()
        dropped = self._store.dropped_counts(revision.build)
        staying = set(splitting.kept)
        redacted: Counter[str] = Counter()
        by_domain: dict[str, Counter[str]] = {}
        for index, (domain, kinds) in tally.redacted.items():
            if index in staying:
                redacted.update(kinds)
                by_domain.setdefault(domain, Counter()).update(kinds)
        return PrepareReport(
            dataset_version=version.dataset_version,
            content_hash=version.content_hash,
            records=tally.records,
            records_used=tally.records - sum(dropped.values()),
            examples=version.examples,
            dropped=dropped,
            changed=dict(sorted(tally.result.changed.items())),
            redacted=dict(sorted(redacted.items())),
            duplicates={
                "exact": corpus.report.exact,
                "near": corpus.report.near,
                "clusters": corpus.report.clusters,
            },
            splits=dict(version.splits),
            leak=splitting.leak(),
            tokens={
                "total": version.tokens,
                "per_split": self._store.tokens_per_split(revision),
                "encoding": self._counter.encoding,
            },
            seconds=round(seconds, 3),
            notes=(*tally.notes, *_notes(tally, splitting)),
            redacted_by_domain={domain: dict(sorted(kinds.items())) for domain, kinds in sorted(by_domain.items())},
            findings=tally.findings,
            mix=_mix_counts(recipe, tally, staying),
        )

    def _with_border(self, recipe: Recipe) -> Recipe:
        """The recipe with its test border where that still binds: for the same seed and share, or for good."""
        split = recipe.split
        if split.frozen is None:
            return recipe
        is_same = split.frozen.seed == split.seed and abs(split.frozen.share - split.test) < 1e-9
        if is_same or self._store.has_fixed():
            return recipe
        return replace(recipe, split=replace(split, frozen=None))

    def _final_text(self, recipe: Recipe, text: str, assignment: Assignment) -> str:
        """The recipe's text as it must stand to give this result again."""
        frozen: FrozenTest | None = assignment.frozen
        if frozen is None or self._request.sample is not None:
            return text
        before, _ = self._recipes.load(self._request.recipe)
        if before.split.frozen == frozen and before.split.seed == recipe.split.seed:
            return text
        return self._recipes.freeze(text, frozen, recipe.split.seed)


class _Splitting:
    """Groups and splits of the examples that stay."""

    def __init__(
        self,
        corpus: Corpus,
        waiting: _WaitingFile,
        plan: SplitPlan,
        store: DatasetStore,
        left_out: Mapping[int, str],
    ) -> None:
        self._corpus = corpus
        self._plan = plan
        self.kept = [index for index in range(len(corpus)) if index not in corpus.report.gone and index not in left_out]
        members: dict[int, list[int]] = {}
        for index in range(len(corpus)):
            members.setdefault(corpus.groups.find(index), []).append(index)
        ids = {root: [waiting[index].example_id for index in some] for root, some in members.items()}
        self._keys = {root: min(some) for root, some in ids.items()}
        sizes = Counter(corpus.groups.find(index) for index in self.kept)
        self.groups = [Group(self._keys[root], size) for root, size in sizes.items()]
        held, barred = self._bound({self._keys[root]: ids[root] for root in sizes}, store)
        self.assignment = assign(self.groups, plan, held=held, barred=barred)

    def _bound(self, members: dict[str, list[str]], store: DatasetStore) -> tuple[set[str], set[str]]:
        """The groups that must be in the test split, and those that must not, since a fixed version used them."""
        if not store.has_fixed():
            return set(), set()
        frozen = store.frozen_ids()
        held = {key for key, ids in members.items() if not frozen.isdisjoint(ids)}
        border = self._plan.frozen
        near = [key for key in members if border is None or place(border.seed, key) < border.below]
        trained = store.trained_ids([one for key in near for one in members[key]])
        return held, {key for key in near if not trained.isdisjoint(members[key])} - held

    def group_of(self, index: int) -> str:
        """The key of an example's group."""
        return self._keys[self._corpus.groups.find(index)]

    def split_of(self, index: int) -> Split:
        """The split of an example."""
        return self.assignment.splits[self.group_of(index)]

    def leak(self) -> dict[str, float]:
        """Clusters with members in two splits, and what a random split would have leaked."""
        splits_of: dict[int, set[Split]] = {}
        for index in self.kept:
            splits_of.setdefault(self._corpus.groups.find(index), set()).add(self.split_of(index))
        shared = sum(1 for splits in splits_of.values() if len(splits) > 1)
        rate = random_split_rate(self._corpus.cluster_sizes(), len(self._corpus), self._plan)
        return {"shared_clusters": shared, "random_split_rate": round(rate, 6)}


def _with_own_keys(batches: Iterable[Sequence[LiveRecord]]) -> Iterator[list[LiveRecord]]:
    """The records in batches, each with a key of its own: equal keys, which come one after the other, are numbered."""
    previous, repeated = None, 0
    for rows in batches:
        own: list[LiveRecord] = []
        for row in rows:
            repeated = repeated + 1 if row.key == previous else 0
            previous = row.key
            own.append(replace(row, key=f"{row.key}\n{repeated}") if repeated else row)
        yield own


def _noting_keys(batches: Iterable[list[LiveRecord]], keys: dict[int, str]) -> Iterator[list[LiveRecord]]:
    """The batches, their own keys noted by record; only those of the last few batches are kept."""
    recent: deque[list[LiveRecord]] = deque()
    for rows in batches:
        keys.update((row.record_id, row.key) for row in rows)
        recent.append(rows)
        if len(recent) > _KEYS_NOTED:
            for row in recent.popleft():
                del keys[row.record_id]
        yield rows


def _mixed(recipe: Recipe, waiting: _WaitingFile, corpus: Corpus, tally: _Tally) -> dict[int, str]:
    """The examples that the mix leaves out of those that are no duplicates."""
    if not recipe.mix:
        return {}
    candidates = [
        Candidate(index, example := waiting[index].example_id, part, tokens, example in recipe.kept_ids)
        for index, part, tokens in tally.mix
        if index not in corpus.report.gone
    ]
    present = {one.part for one in candidates}
    tally.notes += [
        f"The mix's part {part.name!r} matches no example" for n, part in enumerate(recipe.mix) if n not in present
    ]
    return left_out(recipe.mix, candidates, recipe.split.seed)


def _mix_counts(recipe: Recipe, tally: _Tally, staying: Collection[int]) -> dict[str, dict[str, int]]:
    """Examples and tokens of each part of the mix."""
    counts = {part.name: {"examples": 0, "tokens": 0} for part in recipe.mix}
    for index, part, tokens in tally.mix:
        if index in staying and part >= 0:
            counts[recipe.mix[part].name]["examples"] += 1
            counts[recipe.mix[part].name]["tokens"] += tokens
    return counts


def _gone_rows(kept: Sequence[int], waiting: _WaitingFile, corpus: Corpus, tally: _Tally) -> Iterator[DroppedRow]:
    """The records of which no example stays, with the reason of the first that went."""
    used = {waiting[index].record_id for index in kept} if corpus.has_siblings else set()
    for index in sorted({*corpus.report.gone, *tally.left_out}):
        one = waiting[index]
        if one.record_id in used:
            continue
        used.add(one.record_id)
        if index in tally.left_out:
            yield DroppedRow(one.record_id, MIX_REASON, MIX_REASON, tally.left_out[index], one.example_id)
        else:
            reason, step, keeper = corpus.report.gone[index]
            keeper_id = waiting[keeper].example_id
            yield DroppedRow(one.record_id, reason, step, f"like {keeper_id}", one.example_id, keeper_id)


def _stored(ordinal: int, waiting: _Waiting, split: Split, group: str, corpus: Corpus, index: int) -> StoredExample:
    flag = corpus.report.flagged.get(index)
    return StoredExample(
        ordinal=ordinal,
        example_id=waiting.example_id,
        split=split,
        messages=waiting.messages,
        tokens=waiting.tokens,
        flags=(*waiting.flags, flag) if flag else waiting.flags,
        record_ids=(waiting.record_id,),
        group=group,
        source=waiting.source,
    )


def _result_digest(
    kept: Sequence[int], waiting: _WaitingFile, splitting: _Splitting, corpus: Corpus, tally: _Tally
) -> str:
    """Stands for everything that the run gives before the edits: examples, splits and reasons."""
    digest = blake2b(digest_size=16)
    for index in kept:
        one = waiting[index]
        told = (one.example_id, one.record_id, one.messages, one.tokens, one.flags, corpus.report.flagged.get(index))
        digest.update(repr((told, splitting.split_of(index), splitting.group_of(index))).encode("utf-8", "replace"))
    for index, (reason, step, keeper) in sorted(corpus.report.gone.items()):
        digest.update(repr((waiting[index].record_id, reason, step, keeper)).encode())
    digest.update(repr(sorted(tally.left_out.items())).encode("utf-8", "replace"))
    for dropped in tally.dropped:
        digest.update(repr(dropped).encode("utf-8", "replace"))
    return digest.hexdigest()


def _notes(tally: _Tally, splitting: _Splitting) -> Iterator[str]:
    if 0 < len(splitting.groups) < LEAST_GROUPS:
        yield (
            f"Only {len(splitting.groups)} groups of examples: validation and test may be empty"
            f" (from {LEAST_GROUPS} on each has at least one)"
        )
    hidden = {kind: count for kind, count in tally.result.removed.items() if kind not in ("markup", "model_token")}
    if hidden:
        told = ", ".join(f"{count} {kind.replace('_', '-')}" for kind, count in sorted(hidden.items()))
        yield f"Invisible characters removed: {told}"
