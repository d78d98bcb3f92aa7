"""A sample of a workspace's records at hand, and what a recipe makes of it. All methods block."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from webtune_tui.domain import field_paths
from webtune_tui.domain.examples import Message
from webtune_tui.pipeline.base import Draft, Dropped
from webtune_tui.pipeline.columns import Columns
from webtune_tui.pipeline.part_of_recipe import before_step, through_step, without_stages
from webtune_tui.pipeline.recipe import Recipe, parse_recipe, step_class
from webtune_tui.pipeline.run import Assembly, BatchResult, Corpus
from webtune_tui.pipeline.template import as_text, value_at
from webtune_tui.pipeline.tokens import TokenCounter
from webtune_tui.services.prepare_map import drafts_of
from webtune_tui.services.recipes import Recipes
from webtune_tui.storage.database import Database
from webtune_tui.storage.datasets import DatasetStore, LiveRecord, RecordQueries
from webtune_tui.storage.recipe_file import parse_toml

POOL = 2_000
"""Records among which the shortest, longest and worst are looked for."""

_POOL_BYTES = 32 * 1024 * 1024
_STEP_POOL = 400
_FIELD_RECORDS = 200
_MOST_FIELDS = 300
_SHOWN = 20_000  # characters of a text
_SAMPLE = 80


class StudioBench:
    """The sample is read once; records that come later are seen by the next bench."""

    def __init__(self, root: Path, counter: TokenCounter) -> None:
        self._database = Database(root / "workspace.db", read_only=True)
        self._recipes = Recipes(root / "recipe.toml", DatasetStore(self._database))
        self._counter = counter
        self._pool = list(_bounded(RecordQueries(self._database).sample(POOL)))
        self._by_id = {row.record_id: row for row in self._pool}

    def close(self) -> None:
        """Closes the database."""
        self._database.close()

    def fields(self) -> list[dict[str, Any]]:
        """The fields of the records, the most frequent first."""
        drafts = drafts_of(self._pool[:_FIELD_RECORDS])
        counts: Counter[str] = Counter()
        samples: dict[str, str] = {}
        for draft in drafts:
            for path in field_paths.paths_in(draft.fields)[:_MOST_FIELDS]:
                text = value_at(draft.fields, field_paths.parse(path)) if _can_be_written(path) else ""
                if text:
                    counts[path] += 1
                    samples.setdefault(path, text[:_SAMPLE])
        order = {path: place for place, path in enumerate(counts)}
        found = sorted(counts, key=lambda path: (-counts[path], order[path]))[:_MOST_FIELDS]
        return [{"path": path, "share": counts[path] / len(drafts), "sample": samples[path]} for path in found]

    def choose(self, assignments: Mapping[str, str], choice: str, count: int, seed: int) -> list[int]:
        """The ids of some records of the sample."""
        if choice == "random":
            chosen = random.Random(seed).sample(self._pool, min(count, len(self._pool)))
            return [row.record_id for row in chosen]
        recipe = self._recipe(assignments)
        if choice == "worst":
            return self._worst(recipe, count)
        lengths = _Lengths()
        built = Assembly(_as_built(recipe), lengths, with_sketches=False)
        sizes = [(_size(_outcome(built, row)), row.record_id) for row in self._pool]
        found = sorted((pair for pair in sizes if pair[0]), reverse=choice == "longest")
        return [record_id for _, record_id in found[:count]]

    def _worst(self, recipe: Recipe, count: int) -> list[int]:
        """Refused rows, one of each reason before a second of any, then cut and flagged ones, then the shortest."""
        whole = Assembly(recipe, self._counter, with_sketches=False)
        seen: Counter[str] = Counter()
        ranked: list[tuple[tuple[int, int, int], int]] = []
        for row in self._pool:
            outcome = _outcome(whole, row)
            if isinstance(outcome, Dropped):
                seen[outcome.reason] += 1
                rank = (0, seen[outcome.reason], 0)
            else:
                rank = (1 if "cut" in outcome.flags else 2 if outcome.flags else 3, len(outcome.answer), 0)
            ranked.append((rank, row.record_id))
        return [record_id for _, record_id in sorted(ranked)[:count]]

    def preview(self, assignments: Mapping[str, str], record_ids: Sequence[int]) -> dict[str, Any]:
        """The records as the template builds them, and what the recipe makes of that."""
        recipe = self._recipe(assignments)
        built = Assembly(_as_built(recipe), self._counter, with_sketches=False)
        whole = Assembly(recipe, self._counter, with_sketches=False)
        rows = [
            _row(row, _outcome(built, row), _outcome(whole, row))
            for record_id in record_ids
            if (row := self._by_id.get(record_id)) is not None
        ]
        return {"rows": rows, "encoding": self._counter.encoding, "pool": len(self._pool)}

    def step(self, assignments: Mapping[str, str], name: str, samples: int) -> dict[str, Any]:
        """What one step does to a part of the sample."""
        recipe = self._recipe(assignments)
        rows = self._pool[:_STEP_POOL]
        if step_class(name).stage == "corpus":
            return self._corpus_step(recipe, name, rows, samples)
        before = Assembly(before_step(recipe, name), self._counter, with_sketches=False)
        after = Assembly(through_step(recipe, name), self._counter, with_sketches=False)
        told: dict[str, Any] = {"step": name, "rows_in": 0, "rows_out": 0, "changed": 0, "dropped": [], "altered": []}
        for row in rows:
            one = _outcome(before, row)
            if isinstance(one, Dropped) and one.step != "builder":
                continue
            other = _outcome(after, row)
            told["rows_in"] += 1
            shown = () if isinstance(one, Dropped) else one.messages
            if isinstance(other, Dropped):
                if other.step == name and len(told["dropped"]) < samples:
                    told["dropped"].append(_sample(row, shown, reason=other.reason, detail=other.detail))
                told["rows_out"] += other.step != name
                continue
            told["rows_out"] += 1
            if other.messages != shown or name in other.touched:
                told["changed"] += 1
                if len(told["altered"]) < samples and other.messages != shown:
                    told["altered"].append(_sample(row, shown, after=other.messages))
        return told

    def _corpus_step(self, recipe: Recipe, name: str, rows: Sequence[LiveRecord], samples: int) -> dict[str, Any]:
        assembly = Assembly(without_stages(recipe, ("corpus",)), self._counter)
        result: BatchResult = assembly.map_batch(drafts_of(rows))
        texts = [built.texts for built in result.built]
        corpus = Corpus(through_step(recipe, name), texts.__getitem__)
        for built in result.built:
            corpus.add(built)
        for _ in corpus.decide():
            pass
        by_id = {row.record_id: row for row in rows}
        told: dict[str, Any] = {"step": name, "changed": 0, "altered": [], "dropped": []}
        gone = corpus.report.gone
        before = sum(1 for _, step, _ in gone.values() if step != name)
        taken = {index: found for index, found in gone.items() if found[1] == name}
        for index, (reason, _, keeper) in list(taken.items())[:samples]:
            built, kept = result.built[index], result.built[keeper]
            told["dropped"].append(
                _sample(
                    by_id[built.record_id],
                    _decoded(built.messages),
                    reason=reason,
                    detail=f"like {kept.example_id}",
                    other=_decoded(kept.messages),
                )
            )
        told["rows_in"] = len(result.built) - before
        told["rows_out"] = told["rows_in"] - len(taken)
        return told

    def _recipe(self, assignments: Mapping[str, str]) -> Recipe:
        text = self._recipes.changed_text(assignments)
        return parse_recipe(parse_toml(text, "The recipe"), where="The recipe")


class _Lengths:
    """Stands in for a token counter where only the order of lengths is asked for."""

    encoding = "characters"

    def count(self, texts: Sequence[str]) -> list[int]:
        """The characters of each text."""
        return [len(text) for text in texts]


def _bounded(rows: Sequence[LiveRecord]) -> Iterator[LiveRecord]:
    """The rows in an order of their own, as many as fit in memory."""
    total = 0
    for row in sorted(rows, key=lambda row: blake2b(row.key.encode("utf-8", "surrogatepass"), digest_size=8).digest()):
        total += len(row.fields)
        if total > _POOL_BYTES:
            break
        yield row


def _as_built(recipe: Recipe) -> Recipe:
    return without_stages(recipe, ("example", "corpus"))


def _outcome(assembly: Assembly, row: LiveRecord) -> Draft | Dropped:
    (draft,) = drafts_of([row])
    return assembly.outcome(draft)


def _size(outcome: Draft | Dropped) -> int:
    return 0 if isinstance(outcome, Dropped) else sum(len(message.content) for message in outcome.messages)


def _row(row: LiveRecord, built: Draft | Dropped, outcome: Draft | Dropped) -> dict[str, Any]:
    body: dict[str, Any] = {
        "record_id": row.record_id,
        "title": _title(row),
        "messages": [],
        "answer": "",
        "tokens": 0,
        "tokens_built": 0,
        "flags": [],
        "reason": "",
        "detail": "",
    }
    if isinstance(built, Draft):
        body |= {"messages": _shown(built.messages), "tokens": built.tokens, "tokens_built": built.tokens}
    if isinstance(outcome, Dropped):
        return body | {"reason": outcome.reason, "detail": outcome.detail[:_SAMPLE]}
    return body | {
        "answer": outcome.answer[:_SHOWN],
        "tokens": outcome.tokens,
        "flags": list(outcome.flags),
    }


def _sample(
    row: LiveRecord,
    before: Sequence[Message],
    *,
    after: Sequence[Message] = (),
    other: Sequence[Message] = (),
    reason: str = "",
    detail: str = "",
) -> dict[str, Any]:
    return {
        "record_id": row.record_id,
        "title": _title(row),
        "before": _shown(before),
        "after": _shown(after),
        "other": _shown(other),
        "reason": reason,
        "detail": detail[:_SAMPLE],
    }


def _shown(messages: Sequence[Message]) -> list[tuple[str, str]]:
    return [(message.role, message.content[:_SHOWN]) for message in messages]


def _decoded(messages: str) -> tuple[Message, ...]:
    from webtune_tui.domain.examples import decode_messages

    return decode_messages(messages)


def _title(row: LiveRecord) -> str:
    (draft,) = drafts_of([row])
    columns = Columns(draft.fields)
    return as_text(columns.get("title", "name", "headline", "question", "instruction", "prompt"))[:200] or row.key[:200]


def _can_be_written(path: str) -> bool:
    """Whether a template can name the field: braces and line feeds are no part of an address."""
    return not any(character in path for character in "{}\n\r") and bool(path.strip())
