"""The part of a triage that any process can do: the records of a range of keys, and the examples made of them.

Each record is read once. Its raw pair is checked, and beside it the example that the working version has of it: one
that is still the raw pair needs no check of its own. What goes back is small: counts, keys and sketches.
"""

from __future__ import annotations

import importlib
import pickle
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from webtune_tui.domain.errors import ExtraMissing
from webtune_tui.domain.examples import decode_messages
from webtune_tui.domain.record_fields import host_of as domain_of
from webtune_tui.domain.records import RecordKind
from webtune_tui.pipeline.base import Draft, Surveying
from webtune_tui.pipeline.corpus import Columns
from webtune_tui.pipeline.languages import language_of
from webtune_tui.pipeline.part_of_recipe import with_step, without_steps
from webtune_tui.pipeline.recipe import Recipe, builders, step_names
from webtune_tui.pipeline.run import Assembly, Built, draft_steps, example_id
from webtune_tui.pipeline.tokens import TokenCounter
from webtune_tui.pipeline.triage_checks import Checks
from webtune_tui.pipeline.triage_counts import Counts, Judged
from webtune_tui.services.prepare_map import drafts_of_rows, with_own_keys
from webtune_tui.services.prepare_part import columns_of
from webtune_tui.services.prepare_shards import Section, ShardWriter
from webtune_tui.storage.database import Database
from webtune_tui.storage.dataset_types import Revision, StoredExample
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.live_records import RecordQueries

SURVEYING = "boilerplate"
"""The step that must see many records before it can judge one."""
_BATCH = 256
_MOST_CHARACTERS = 4_000_000  # of the fields of a batch
_EMPTY = Judged([("empty", "drops")])


@dataclass(frozen=True, slots=True)
class TriageSetting:
    """What every part of a triage has in common; ``head`` is the working version, where there is one."""

    database: Path
    folder: Path
    recipe: Recipe
    counter: TokenCounter
    head: Revision | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Records whose key lies after ``first`` and up to ``end``; ``learned`` is the pickled surveying step, or none."""

    learned: bytes
    first: str | None
    end: str | None


@dataclass(frozen=True, slots=True)
class Others:
    """Examples of the working version that no record makes now."""

    learned: bytes
    example_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found in a batch of records; ``columns`` and ``section`` are those of its raw pairs, in order."""

    records: int
    raw: Counts
    version: Counts
    columns: Columns
    section: Section


def surveying_step(recipe: Recipe, counter: TokenCounter) -> Surveying | None:
    """The step that looks at many records first, as the recipe sets it; none where it is not there or wants none."""
    if SURVEYING not in step_names():
        return None
    steps = draft_steps(with_step(without_steps(recipe), SURVEYING), counter)
    step = next(step for step in steps if step.name == SURVEYING)
    return step if isinstance(step, Surveying) and getattr(step, "needs_survey", True) else None


class TriageMaker:
    """Looks at parts in one process."""

    def __init__(self, setting: TriageSetting) -> None:
        self._setting = setting
        self._database = Database(setting.database, read_only=True)
        self._records = RecordQueries(self._database)
        self._store = DatasetStore(self._database)
        self._writer: ShardWriter | None = None
        self._assembly = Assembly(without_steps(setting.recipe), setting.counter)
        self._checks = lru_cache(maxsize=1)(self._checks_with)

    def sight(self, record_ids: Sequence[int]) -> Any:
        """What the surveying step saw in some records."""
        step = surveying_step(self._setting.recipe, self._setting.counter)
        assert step is not None
        (rows,) = with_own_keys([self._records.with_ids(record_ids)])
        return step.observe(self._assembly.seen(drafts_of_rows(rows), "record"))

    def look(self, asked: Stretch) -> list[Looked]:
        """What is found in a range, batch by batch."""
        batches = self._records.between(asked.first, asked.end, _BATCH, _MOST_CHARACTERS)
        checks = self._checks(asked.learned)
        return [self._looked(drafts_of_rows(rows), checks) for rows in with_own_keys(batches)]

    def look_at_others(self, asked: Others) -> Counts:
        """What is found in examples of the working version by themselves."""
        stored = self._standing(asked.example_ids)
        found = Counts()
        examples = [stored[one] for one in asked.example_ids if one in stored]
        drafts = self._drafts_of(examples)
        for example, draft, judged in zip(examples, drafts, self._checks(asked.learned).judged(drafts), strict=True):
            found.add(example.example_id, draft.record_id, judged)
        return found

    def warm_up(self) -> None:
        """Loads the vocabulary, the builders, and what looks for personal data and languages."""
        self._setting.counter.count([""])
        builders()
        importlib.import_module("webtune_tui.pipeline.private_data.finder")
        with suppress(ExtraMissing):  # nobody looks for languages then
            language_of(["A model is loaded by the first text."])

    def close(self) -> None:
        """Closes database and file."""
        self._database.close()
        if self._writer is not None:
            self._writer.close()

    def _checks_with(self, learned: bytes) -> Checks:
        known = {SURVEYING: pickle.loads(learned)} if learned else {}  # noqa: S301 - our own
        return Checks(self._setting.recipe, self._setting.counter, known)

    def _looked(self, drafts: Sequence[Draft], checks: Checks) -> Looked:
        result = self._assembly.map_batch(drafts)
        assert result.signatures is not None
        self._writer = self._writer or ShardWriter(self._setting.folder)
        raw, version = Counts(), Counts()
        if result.dropped:
            keys = {draft.record_id: draft.key for draft in drafts}
            for dropped in result.dropped:
                raw.add(example_id(keys[dropped.record_id], dropped.part), dropped.record_id, _EMPTY)
        pairs = [draft.evolved(flags=()) if draft.flags else draft for draft in result.drafts]
        judged = checks.judged(pairs)
        for built, one in zip(result.built, judged, strict=True):
            raw.add(built.example_id, built.record_id, one)
        if self._setting.head is not None:
            self._look_at_version(version, checks, result.built, pairs, judged)
        section = self._writer.write(result.signatures.texts, [])
        return Looked(result.records, raw, version, columns_of(result.built, result.signatures), section)

    # The working version

    def _look_at_version(
        self, version: Counts, checks: Checks, built: Sequence[Built], pairs: Sequence[Draft], judged: Sequence[Judged]
    ) -> None:
        """Counts the examples that the version has of these pairs; those that are the same were judged already."""
        stored = self._standing([one.example_id for one in built])
        found: dict[str, tuple[int, Judged]] = {}
        mended: list[tuple[StoredExample, Draft]] = []
        elsewhere: list[StoredExample] = []
        for raw, pair, one in zip(built, pairs, judged, strict=True):
            example = stored.get(raw.example_id)
            if example is None:
                continue
            if _record_of(example) != raw.record_id:
                elsewhere.append(example)
            elif (example.messages, example.tokens, example.source) == (raw.messages, raw.tokens, raw.source):
                found[raw.example_id] = raw.record_id, one
            else:
                mended.append((example, _as_stored(example, pair)))
        mended += zip(elsewhere, self._drafts_of(elsewhere), strict=True)
        for (example, draft), one in zip(mended, checks.judged([draft for _, draft in mended]), strict=True):
            found[example.example_id] = draft.record_id, one
        for raw in built:
            if raw.example_id in found:
                version.add(raw.example_id, *found[raw.example_id])

    def _standing(self, example_ids: Sequence[str]) -> dict[str, StoredExample]:
        assert self._setting.head is not None
        return self._store.by_ids(self._setting.head, example_ids)

    def _drafts_of(self, examples: Sequence[StoredExample]) -> list[Draft]:
        """Examples as drafts with the fields of their first record."""
        if not examples:
            return []
        origins = {one.record_id: one for one in self._records.origins(list({*map(_record_of, examples)}))}
        drafts = []
        for example in examples:
            origin = origins.get(_record_of(example))
            bare = Draft(
                record_id=_record_of(example),
                key="",
                kind=RecordKind.DATA,
                fields=origin.fields if origin else {},
                domain=domain_of(origin.url) if origin else "",
            )
            (recognised,) = self._assembly.seen([bare], "record")
            drafts.append(_as_stored(example, recognised))
        return drafts


def _record_of(example: StoredExample) -> int:
    return example.record_ids[0] if example.record_ids else 0


def _as_stored(example: StoredExample, draft: Draft) -> Draft:
    messages = decode_messages(example.messages)
    return draft.evolved(messages=messages, tokens=example.tokens, source=example.source, flags=())
