"""A sample of a workspace's records at hand, and what a recipe makes of it. All methods block."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from webtune_tui.domain import field_paths
from webtune_tui.domain.examples import Message
from webtune_tui.domain.record_titles import TITLE_FIELDS
from webtune_tui.domain.records import RecordKind
from webtune_tui.pipeline.base import Draft, Dropped, Step, Surveying
from webtune_tui.pipeline.columns import Columns
from webtune_tui.pipeline.part_of_recipe import up_to_step, with_step
from webtune_tui.pipeline.recipe import Recipe, parse_recipe, step_class
from webtune_tui.pipeline.run import Assembly, BatchResult, learned_steps
from webtune_tui.pipeline.template import ChatTemplate, as_text, value_at
from webtune_tui.pipeline.template_set import TemplateSet, WeightedTemplate
from webtune_tui.pipeline.tokens import TokenCounter
from webtune_tui.services.prepare_map import drafts_of
from webtune_tui.services.raw_pairs import RawPairs
from webtune_tui.services.recipes import Recipes
from webtune_tui.storage.database import Database
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.live_records import LiveRecord, RecordQueries
from webtune_tui.storage.recipe_file import parse_toml

POOL = 2_000
"""Records among which the shortest, longest and worst are looked for."""

_POOL_BYTES = 32 * 1024 * 1024
_STEP_POOL = 400
_FIELD_RECORDS = 200
_MOST_FIELDS = 300
_SHOWN = 20_000  # characters of a text
_SAMPLE = 80
_BATCH = 128
_KEPT_SURVEYS = 8
_MOST_FINDINGS = 12
_LONGEST_FINDING = 160  # characters
_OVER_THE_SET = ("exact_duplicates", "near_duplicates", "shared_targets")
_MOST_PARTS = 4  # examples of one record that are shown


Template = Mapping[str, str] | None
"""The texts of a template by role: none stands for what the recipe has."""


class StudioBench:
    """The sample is read once; records that come later are seen by the next bench."""

    def __init__(self, root: Path, counter: TokenCounter) -> None:
        self._database = Database(root / "workspace.db", read_only=True)
        self._recipes = Recipes(root / "recipe.toml", DatasetStore(self._database))
        self._counter = counter
        self._records = RecordQueries(self._database)
        self._pool = list(_bounded(self._records.sample(POOL)))
        self._by_id = {row.record_id: row for row in self._pool}
        self._learned: dict[str, tuple[Step, ...]] = {}

    def close(self) -> None:
        """Closes the database."""
        self._database.close()

    def fields(self) -> list[dict[str, Any]]:
        """The fields of the records, the most frequent first."""
        drafts = drafts_of([row for row in self._pool[:_FIELD_RECORDS] if row.kind is RecordKind.DATA])
        counts: Counter[str] = Counter()
        samples: dict[str, str] = {}
        words: Counter[str] = Counter()
        for draft in drafts:
            for path in field_paths.paths_in(draft.fields)[:_MOST_FIELDS]:
                text = value_at(draft.fields, field_paths.parse(path)) if _can_be_written(path) else ""
                if text:
                    counts[path] += 1
                    words[path] += text.count(" ") + 1
                    samples.setdefault(path, text[:_SAMPLE])
        order = {path: place for place, path in enumerate(counts)}
        found = sorted(counts, key=lambda path: (-counts[path], order[path]))[:_MOST_FIELDS]
        return [
            {
                "path": path,
                "share": counts[path] / len(drafts),
                "sample": samples[path],
                "words": round(words[path] / counts[path]),
            }
            for path in found
        ]

    def choose(self, template: Template, choice: str, count: int, seed: int) -> list[int]:
        """The ids of some records of the sample."""
        data = [row for row in self._pool if row.kind is RecordKind.DATA]
        if choice == "random":
            chosen = random.Random(seed).sample(data, min(count, len(data)))
            return [row.record_id for row in chosen]
        recipe = self._recipe_with(template)
        if choice == "worst":
            return self._worst(recipe, data, count)
        built = self._assembly(recipe, self._record_steps(recipe), _Lengths())
        sizes = [(_size(built.outcomes(_draft(row))), row.record_id) for row in data]
        found = sorted((pair for pair in sizes if pair[0]), reverse=choice == "longest")
        return [record_id for _, record_id in found[:count]]

    def _worst(self, recipe: Recipe, rows: Sequence[LiveRecord], count: int) -> list[int]:
        """Refused rows, one of each reason before a second of any, then cut and flagged ones, then the shortest."""
        whole = self._assembly(recipe, self._steps(recipe))
        seen: Counter[str] = Counter()
        ranked: list[tuple[tuple[int, int], int]] = []
        for row in rows:
            outcome = whole.outcomes(_draft(row))[0]
            if isinstance(outcome, Dropped):
                seen[outcome.reason] += 1
                rank = (0, seen[outcome.reason])
            else:
                rank = (1 if "cut" in outcome.flags else 2 if outcome.flags else 3, len(outcome.answer))
            ranked.append((rank, row.record_id))
        return [record_id for _, record_id in sorted(ranked)[:count]]

    def preview(self, template: Template, record_ids: Sequence[int]) -> dict[str, Any]:
        """The records as the template builds them, and what the recipe makes of that."""
        recipe = self._recipe_with(template)
        built = self._assembly(recipe, self._record_steps(recipe))
        whole = self._assembly(recipe, self._steps(recipe))
        rows: list[dict[str, Any]] = []
        others = [record_id for record_id in record_ids if record_id not in self._by_id]
        found = self._by_id | {row.record_id: row for row in (self._records.of_ids(others) if others else ())}
        for record_id in record_ids:
            row = found.get(record_id)
            if row is not None:
                before, after = (_by_part(one.outcomes(_draft(row))) for one in (built, whole))
                rows += [_row(row, before[part], after.get(part, before[part])) for part in list(before)[:_MOST_PARTS]]
        return {"rows": rows, "encoding": self._counter.encoding, "pool": len(self._pool)}

    def step(self, assignments: Mapping[str, str], name: str, samples: int) -> dict[str, Any]:
        """What one step does to a part of the sample."""
        recipe = with_step(self._recipe(assignments), name)
        rows = self._pool[:_STEP_POOL]
        if step_class(name).stage == "corpus":
            return self._corpus_step(recipe, name, rows, samples)
        steps = self._steps(recipe)
        place = [step.name for step in steps].index(name)
        before = self._assembly(recipe, steps[:place])
        after = self._assembly(recipe, steps[: place + 1])
        seen = _Seen(name, samples)
        for row in rows:
            ones, others = (_by_part(one.outcomes(_draft(row))) for one in (before, after))
            for part, one in ones.items():
                if part in others:
                    seen.take(row, one, others[part])
        learned = steps[place]
        if isinstance(learned, Surveying):
            seen.told["findings"] = [_finding(one) for one in learned.findings()[:_MOST_FINDINGS]]
        return seen.told

    def _corpus_step(self, recipe: Recipe, name: str, rows: Sequence[LiveRecord], samples: int) -> dict[str, Any]:
        assembly = Assembly(recipe, self._counter, steps=self._steps(recipe))
        result: BatchResult = assembly.map_batch(drafts_of(rows))
        pairs = RawPairs(up_to_step(recipe, name))
        try:
            pairs.add(result)
            for _ in pairs.decide():
                pass
            gone = pairs.gone()
        finally:
            pairs.close()
        by_id = {row.record_id: row for row in rows}
        told: dict[str, Any] = {"step": name, "changed": 0, "altered": [], "dropped": []}
        step_of = dict(zip(("exact_duplicate", "near_duplicate", "shared_target"), _OVER_THE_SET, strict=True))
        taken = [(reason, index, keeper) for reason, index, keeper, _ in gone if step_of.get(reason) == name]
        for reason, index, keeper in taken[:samples]:
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
        told["rows_in"] = len(result.built) - len(gone) + len(taken)
        told["rows_out"] = told["rows_in"] - len(taken)
        return told

    def _assembly(self, recipe: Recipe, steps: Sequence[Step], counter: TokenCounter | None = None) -> Assembly:
        return Assembly(recipe, counter or self._counter, steps=steps, with_sketches=False)

    def _steps(self, recipe: Recipe) -> tuple[Step, ...]:
        """The steps that see one record at a time; what a surveying one learned of the sample is kept."""
        settings = repr(recipe.steps)
        if settings not in self._learned:
            if len(self._learned) >= _KEPT_SURVEYS:
                self._learned.clear()
            self._learned[settings] = learned_steps(recipe, self._counter, self._sample_drafts)
        return self._learned[settings]

    def _record_steps(self, recipe: Recipe) -> tuple[Step, ...]:
        return tuple(step for step in self._steps(recipe) if step.stage == "record")

    def _sample_drafts(self) -> Iterator[list[Draft]]:
        for start in range(0, len(self._pool), _BATCH):
            yield drafts_of(self._pool[start : start + _BATCH])

    def _recipe_with(self, template: Template) -> Recipe:
        """The workspace's recipe, with one template in the place of its own where one is given (empty: none)."""
        recipe = self._recipes.recipe()
        if template is None:
            return recipe
        if not any(text.strip() for text in template.values()):
            return replace(recipe, templates=None)
        tried = ChatTemplate(**template)
        tried.check("The template")
        return replace(recipe, templates=TemplateSet((WeightedTemplate(tried),)))

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


class _Seen:
    """What one step did to the rows that came to it."""

    def __init__(self, name: str, samples: int) -> None:
        self._name = name
        self._samples = samples
        self.told: dict[str, Any] = {
            "step": name, "rows_in": 0, "rows_out": 0, "changed": 0, "dropped": [], "altered": []
        }  # fmt: skip

    def take(self, row: LiveRecord, before: Draft | Dropped, after: Draft | Dropped) -> None:
        """Takes a row as it was before the step and after it."""
        if isinstance(before, Dropped) and before.step != "builder":
            return
        told = self.told
        told["rows_in"] += 1
        shown = () if isinstance(before, Dropped) else before.messages
        if isinstance(after, Dropped):
            if after.step == self._name:
                self._add("dropped", _sample(row, shown, reason=after.reason, detail=after.detail))
            else:
                told["rows_out"] += 1
            return
        told["rows_out"] += 1
        if after.messages != shown:
            self._add("altered", _sample(row, shown, after=after.messages))
        if after.messages != shown or self._name in after.touched:
            told["changed"] += 1

    def _add(self, side: str, sample: dict[str, Any]) -> None:
        if len(self.told[side]) < self._samples:
            self.told[side].append(sample)


def _finding(found: Mapping[str, Any]) -> str:
    """One thing that a surveying step found in the sample, as a line."""
    text = next((value for value in found.values() if isinstance(value, str)), "")
    figures = ", ".join(
        f"{name} {value:g}" for name, value in found.items() if isinstance(value, int | float) and value is not True
    )
    return f"{text[:_LONGEST_FINDING]}  ({figures})" if figures else text[:_LONGEST_FINDING]


def _draft(row: LiveRecord) -> Draft:
    (draft,) = drafts_of([row])
    return draft


def _by_part(outcomes: Sequence[Draft | Dropped]) -> dict[int, Draft | Dropped]:
    """The outcomes of a record by the number of the example."""
    return dict(sorted(((one.part, one) for one in outcomes), key=lambda pair: pair[0]))


def _size(outcomes: Sequence[Draft | Dropped]) -> int:
    """The characters of the longest example with an answer; 0 where there is none."""
    return max((_characters(one) for one in outcomes if isinstance(one, Draft) and one.answer), default=0)


def _characters(draft: Draft) -> int:
    return sum(len(message.content) for message in draft.messages)


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
    if row.kind is not RecordKind.DATA:
        return row.url or f"{row.kind} row {row.key.rpartition(':')[2][:20]}"
    columns = Columns(_draft(row).fields)
    return as_text(columns.get(*TITLE_FIELDS))[:200] or (row.url or row.key)[:200]


def _can_be_written(path: str) -> bool:
    """Whether a template can name the field: braces and line feeds are no part of an address."""
    return not any(character in path for character in "{}\n\r") and bool(path.strip())
