"""The part of a run that any process can do: records of a range of keys through the recipe, into a file of its own.

What goes back to the run is small: ids, keys, sketches and counts. Nothing depends on which process does which range.
"""

from __future__ import annotations

import pickle
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from webtune_tui.domain.body_facts import facts_of
from webtune_tui.pipeline.base import Draft
from webtune_tui.pipeline.concentration import Origins, origins_of
from webtune_tui.pipeline.corpus import Columns, example_number
from webtune_tui.pipeline.languages import language_named
from webtune_tui.pipeline.recipe import Recipe, builders
from webtune_tui.pipeline.run import Assembly, BatchResult, Built, example_id
from webtune_tui.pipeline.signatures import Signatures
from webtune_tui.pipeline.tokens import TokenCounter
from webtune_tui.services.prepare_map import drafts_of_rows, with_own_keys
from webtune_tui.services.prepare_shards import PlainFacts, Section, ShardWriter, WaitingRow
from webtune_tui.storage.body_facts import messages_of
from webtune_tui.storage.database import Database
from webtune_tui.storage.dataset_types import DroppedRow
from webtune_tui.storage.live_records import RecordQueries

_BATCH = 256
_MOST_CHARACTERS = 4_000_000  # of the fields of a batch


@dataclass(frozen=True, slots=True)
class Setting:
    """What every part of a run has in common; ``only`` are the ids of the records that take part (none: all).

    About one answer ``of_so_many`` is searched for phrases that repeat.
    """

    database: Path
    folder: Path
    recipe: Recipe
    counter: TokenCounter
    only: frozenset[int] | None
    of_so_many: int = 1


@dataclass(frozen=True, slots=True)
class KeyRange:
    """Records whose key lies after ``first`` and up to ``end``; ``steps`` are pickled, the same for all ranges."""

    steps: bytes
    first: str | None
    end: str | None


@dataclass(frozen=True, slots=True)
class Sighting:
    """Records that the surveying step with this number among the pickled steps is shown."""

    steps: bytes
    number: int
    record_ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class Part:
    """What became of a batch of records.

    ``columns`` and ``section`` are those of its examples in order, ``tokens`` and ``digests`` (16 bytes each) too;
    ``mix_parts`` where the recipe has a mix. ``redacted`` stands by the example's number in the batch: domain, counts.
    """

    records: int
    dropped: list[DroppedRow]
    changed: Counter[str]
    removed: Counter[str]
    columns: Columns
    origins: Origins
    section: Section
    tokens: array[int]
    digests: bytes
    redacted: dict[int, tuple[str, Mapping[str, int]]]
    mix_parts: list[int]


class PartMaker:
    """Makes parts in one process."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._database = Database(setting.database, read_only=True)
        self._records = RecordQueries(self._database)
        self._writer: ShardWriter | None = None
        self._tells_languages = tells_languages(setting.recipe)
        self._assembly = lru_cache(maxsize=1)(self._assembly_of)
        self._before = lru_cache(maxsize=1)(self._assembly_before)

    def parts(self, asked: KeyRange) -> list[Part]:
        """The parts of a range, in order."""
        assembly = self._assembly(asked.steps)
        only = self._setting.only
        found = []
        for rows in with_own_keys(self._records.between(asked.first, asked.end, _BATCH, _MOST_CHARACTERS)):
            drafts = drafts_of_rows(rows if only is None else [row for row in rows if row[0] in only])
            found.append(self._part(drafts, assembly.map_batch(drafts)))
        return found

    def sight(self, asked: Sighting) -> Any:
        """What a surveying step saw in some records."""
        step, before = self._before(asked.steps, asked.number)
        (rows,) = with_own_keys([self._records.with_ids(asked.record_ids)])
        return step.observe(before.seen(drafts_of_rows(rows), step.stage))

    def warm_up(self) -> None:
        """Loads the vocabulary and the builders."""
        self._setting.counter.count([""])
        builders()

    def close(self) -> None:
        """Closes database and file."""
        self._database.close()
        if self._writer is not None:
            self._writer.close()

    def _assembly_of(self, steps: bytes) -> Assembly:
        return Assembly(self._setting.recipe, self._setting.counter, steps=pickle.loads(steps))  # noqa: S301 - our own

    def _assembly_before(self, steps: bytes, number: int) -> tuple[Any, Assembly]:
        chosen = pickle.loads(steps)  # noqa: S301 - our own
        before = Assembly(self._setting.recipe, self._setting.counter, steps=chosen[:number], with_sketches=False)
        return chosen[number], before

    def _part(self, drafts: Sequence[Draft], result: BatchResult) -> Part:
        signatures = result.signatures
        assert signatures is not None
        self._writer = self._writer or ShardWriter(self._setting.folder)
        keys = {draft.record_id: draft.key for draft in drafts} if result.dropped else {}
        built = result.built
        columns = columns_of(built, signatures)
        rows: list[WaitingRow] = [
            (one.example_id, one.messages, one.tokens, " ".join(one.flags), str(one.record_id), one.source, facts)
            for one, facts in zip(built, self._facts(built), strict=True)
        ]
        return Part(
            records=result.records,
            dropped=[
                DroppedRow(one.record_id, one.reason, one.step, one.detail, example_id(keys[one.record_id], one.part))
                for one in result.dropped
            ],
            changed=result.changed,
            removed=result.removed,
            columns=columns,
            origins=origins_of(built, columns.example_ids, self._setting.of_so_many),
            section=self._writer.write(signatures.texts, rows),
            tokens=array("I", [one.tokens for one in built]),
            digests=b"".join(map(_digest, rows)),
            redacted={at: (one.domain or one.source, one.redacted) for at, one in enumerate(built) if one.redacted},
            mix_parts=[one.mix_part for one in built] if self._setting.recipe.mix else [],
        )

    def _facts(self, built: Sequence[Built]) -> Iterable[PlainFacts | None]:
        """What conditions ask of the messages, where their language was told anyway."""
        if not self._tells_languages:
            return repeat(None, len(built))
        return (tuple(facts_of(messages_of(one.messages), language_named)) for one in built)


def tells_languages(recipe: Recipe) -> bool:
    """Whether a run tells the language of each answer."""
    return any(one.name == "language" and one.enabled and one.options.get("languages") for one in recipe.steps)


def columns_of(built: Sequence[Built], signatures: Signatures) -> Columns:
    """What the decisions over the set need to know of a batch."""
    return Columns(
        example_ids=np.array([example_number(one.example_id) for one in built], dtype=np.uint64),
        record_ids=np.array([one.record_id for one in built], dtype=np.int64),
        answer_lengths=np.array([one.answer_length for one in built], dtype=np.uint32),
        collected=np.array([one.collected for one in built], dtype=np.uint64),
        ratings=np.array([one.rating for one in built], dtype=np.float32),
        exact_keys=signatures.exact_keys,
        answer_keys=signatures.answer_keys,
        whole=signatures.whole,
        answers=signatures.answers,
        prompts=signatures.prompts,
    )


def _digest(row: WaitingRow) -> bytes:
    """Stands for everything that an example is."""
    text = "\n".join((row[0], row[4], str(row[2]), row[3], row[5], row[1]))
    return sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]
