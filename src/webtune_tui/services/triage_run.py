"""One triage, blocking: the records stream past once, then the examples of the working version; memory is bounded."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from zlib import crc32

from webtune_tui.domain import clock
from webtune_tui.domain.errors import InvalidInput
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.examples import decode_messages
from webtune_tui.domain.records import RecordKind
from webtune_tui.domain.triage import Tile, TriageReport
from webtune_tui.pipeline.base import Draft, Dropped, Step, Surveying
from webtune_tui.pipeline.part_of_recipe import with_step, without_steps
from webtune_tui.pipeline.recipe import Recipe, StepChoice, step_names
from webtune_tui.pipeline.run import Assembly, Built, example_id, learned_steps
from webtune_tui.pipeline.tokens import TokenCounter
from webtune_tui.pipeline.triage import HARMS, OVER_THE_SET, Checks, Harm, Languages, Tally, fix_of
from webtune_tui.services.prepare_map import domain_of, drafts_of
from webtune_tui.services.raw_pairs import RawPairs, drafts_in_order
from webtune_tui.services.recipes import Recipes
from webtune_tui.services.triage_marks import recipe_mark, records_mark
from webtune_tui.storage.datasets import DatasetStore, Revision
from webtune_tui.storage.live_records import RecordQueries
from webtune_tui.storage.workspace import Workspace

_BATCH = 128
_EVENTS_APART = 0.1  # seconds
_SURVEYED = 5_000  # records
_SURVEYING = "boilerplate"
_TILE_OF_REASON = {
    "exact_duplicate": "duplicates",
    "near_duplicate": "duplicates",
    "shared_target": "shared_targets",
}


@dataclass(slots=True)
class _Seen:
    """What was found in the raw pairs or in the version."""

    tallies: dict[str, Tally] = field(default_factory=lambda: {harm.name: Tally() for harm in HARMS})
    languages: Languages = field(default_factory=Languages)
    rows: int = 0


class TriageRun:
    """One run on a workspace; it writes nothing there."""

    def __init__(self, workspace: Workspace, counter: TokenCounter) -> None:
        self._workspace = workspace
        self._store = DatasetStore(workspace.database)
        self._records = RecordQueries(workspace.database)
        self._counter = counter
        self._recipe = Recipes(workspace.recipe_path, self._store).recipe()
        self._last_event = 0.0

    def events(self) -> Generator[Progressed | TriageReport, None, None]:
        """Progress, and at last the report.

        Raises:
            InvalidInput: there are no records.
        """
        started = time.monotonic()
        total = self._records.count()
        if total == 0:
            raise InvalidInput(
                "There are no records to look at", hint="Bring some: webtune collect brightdata, or webtune import FILE"
            )
        mark = records_mark(self._workspace.database)
        checks = Checks(self._recipe, self._counter, self._learned())
        raw, version = _Seen(), _Seen()
        pairs = RawPairs(_over_the_set(self._recipe), self._workspace.root)
        try:
            yield from self._look_at_records(checks, pairs, raw, total)
            for done, parts in pairs.decide():
                yield from self._told("comparing", done, parts, "parts")
            gone = pairs.gone()
            _take_gone(raw, pairs, gone)
            head = self._store.head()
            if head is not None:
                yield from self._look_at_version(checks, head, version)
                self._take_gone_left(version, head, pairs, gone)
            tiles = [self._tile(harm, checks, raw, version if head else None) for harm in HARMS]
            leak = {"raw_random_split_rate": round(pairs.random_split_rate(self._recipe.split), 6)}
            report = json.loads(self._store.build_report(head.build).report) if head else {}
            leak |= {name: float(figure) for name, figure in report.get("leak", {}).items()}
        finally:
            pairs.close()
        yield TriageReport(
            tiles=tuple(_by_harm(tiles)),
            records=total,
            pairs=raw.rows,
            examples=version.rows if head else None,
            content_hash=head.content_hash if head else "",
            leak=leak,
            created=clock.now(),
            seconds=round(time.monotonic() - started, 3),
            records_mark=mark,
            recipe_mark=recipe_mark(self._recipe),
        )

    # The raw pairs

    def _look_at_records(self, checks: Checks, pairs: RawPairs, seen: _Seen, total: int) -> Iterator[Progressed]:
        assembly = Assembly(without_steps(self._recipe), self._counter)
        done = 0
        for drafts in drafts_in_order(self._records):
            result = assembly.map_batch(drafts)
            pairs.add(result)
            by_record = {draft.record_id: draft for draft in drafts}
            for dropped in result.dropped:
                seen.rows += 1
                key = by_record[dropped.record_id].key
                seen.tallies["empty"].add(example_id(key, dropped.part), dropped.record_id)
                seen.tallies["empty"].drops += 1
            self._check(checks, seen, [(built.example_id, _pair(built, by_record)) for built in result.built])
            done += len(drafts)
            yield from self._told("reading", done, total, "records")

    def _learned(self) -> Mapping[str, Step]:
        """The step that surveys, with what a sample of the records showed it."""
        if _SURVEYING not in step_names():
            return {}
        recipe = with_step(without_steps(self._recipe), _SURVEYING)
        every = max(self._records.count() // _SURVEYED, 1)
        shown = frozenset(
            record_id
            for record_id, key, _ in self._records.keys_in_order()
            if crc32(key.encode("utf-8", "surrogatepass")) % every == 0
        )

        def sample() -> Iterator[list[Draft]]:
            return map(drafts_of, self._records.batches(_BATCH, shown))

        steps = learned_steps(recipe, self._counter, sample)
        return {step.name: step for step in steps if step.name == _SURVEYING and isinstance(step, Surveying)}

    # The working version

    def _look_at_version(self, checks: Checks, head: Revision, seen: _Seen) -> Iterator[Progressed]:
        total = head.totals.content.count
        batch: list[Any] = []
        for stored in self._store.stream(head):
            batch.append(stored)
            if len(batch) >= _BATCH:
                self._check_stored(checks, seen, batch)
                batch = []
                yield from self._told("checking", seen.rows, total, "examples")
        self._check_stored(checks, seen, batch)

    def _check_stored(self, checks: Checks, seen: _Seen, batch: Sequence[Any]) -> None:
        records = list({one for stored in batch for one in stored.record_ids})
        origins = {origin.record_id: origin for origin in self._records.origins(records)}
        rows = []
        for stored in batch:
            record_id = stored.record_ids[0] if stored.record_ids else 0
            messages = decode_messages(stored.messages)
            origin = origins.get(record_id)
            pair = Draft(
                record_id=record_id,
                key="",
                kind=RecordKind.DATA,
                fields=origin.fields if origin else {},
                source=stored.source,
                domain=domain_of(origin.url) if origin else "",
                messages=messages,
                tokens=stored.tokens,
            )
            rows.append((stored.example_id, pair))
        self._check(checks, seen, rows)

    def _take_gone_left(
        self, seen: _Seen, head: Revision, pairs: RawPairs, gone: Sequence[tuple[str, int, int, int]]
    ) -> None:
        """Of the pairs that are one too many those that stand in the version beside another of their kind."""
        wanted = sorted({index for _, index, keeper, _ in gone} | {keeper for _, _, keeper, _ in gone})
        alive = set(self._store.by_ids(head, [pairs.id_of(index) for index in wanted]))
        standing: set[tuple[str, int]] = {
            (_TILE_OF_REASON[reason], keeper) for reason, _, keeper, _ in gone if pairs.id_of(keeper) in alive
        }
        for reason, index, keeper, record_id in gone:
            tile, one = _TILE_OF_REASON[reason], pairs.id_of(index)
            if one not in alive:
                continue
            if (tile, keeper) in standing:
                seen.tallies[tile].add(one, record_id)
                seen.tallies[tile].drops += 1
            standing.add((tile, keeper))

    # Both

    def _check(self, checks: Checks, seen: _Seen, rows: Sequence[tuple[str, Draft]]) -> None:
        seen.rows += len(rows)
        seen.languages.add([(one, draft.record_id, draft.answer) for one, draft in rows])
        for one, draft in rows:
            for name, _ in checks.found(draft):
                tally = seen.tallies[name]
                tally.add(one, draft.record_id)
                harm = _BY_NAME[name]
                outcome = checks.mended(harm, draft)
                if isinstance(outcome, Dropped):
                    tally.drops += 1
                elif any(again == name for again, _ in checks.found(outcome.evolved(flags=()))):
                    tally.left += 1
                else:
                    tally.mends += 1

    def _tile(self, harm: Harm, checks: Checks, raw: _Seen, version: _Seen | None) -> Tile:
        before = raw.tallies[harm.name]
        after = version.tallies[harm.name] if version else None
        detail, main = "", ""
        if harm.name == "language":
            main = raw.languages.main
            before, detail = raw.languages.others(main), raw.languages.words(main)
            after = version.languages.others(main) if version else None
        present = before if after is None else after
        if harm.name == "language":
            present.drops = present.count
        is_checked = checks.is_checked(harm)
        return Tile(
            name=harm.name,
            before=before.count,
            after=after.count if after is not None and is_checked else None,
            rows=tuple(before.rows),
            rows_left=tuple(after.rows) if after else (),
            fix=fix_of(harm, self._recipe, main_language=main) if is_checked else {},
            drops=present.drops,
            mends=present.mends,
            left=present.left,
            detail=detail,
            is_checked=is_checked,
        )

    def _told(self, stage: str, done: int, total: int, unit: str) -> Iterator[Progressed]:
        """A progress event, at most ten a second."""
        now = time.monotonic()
        if now - self._last_event >= _EVENTS_APART or done == total:
            self._last_event = now
            yield Progressed(stage, done, total, unit)


_BY_NAME = {harm.name: harm for harm in HARMS}


def _by_harm(tiles: Sequence[Tile]) -> list[Tile]:
    """What harms most now first, then what harmed most before, then in the order of the kinds."""
    return sorted(
        tiles,
        key=lambda tile: (-_BY_NAME[tile.name].weight * tile.now, -_BY_NAME[tile.name].weight * tile.before),
    )


def _over_the_set(recipe: Recipe) -> Recipe:
    """The recipe with every step off but those over the set, as they drop all that is one too many."""
    steps = tuple(_switched(choice) for choice in without_steps(recipe).steps)
    return replace(recipe, steps=steps, edits=())


def _switched(choice: StepChoice) -> StepChoice:
    match choice.name:
        case "exact_duplicates" | "near_duplicates":
            return replace(choice, enabled=True)
        case "shared_targets":
            return replace(choice, enabled=True, options={"policy": "keep-one"})
    return choice


def _take_gone(seen: _Seen, pairs: RawPairs, gone: Sequence[tuple[str, int, int, int]]) -> None:
    for reason, index, _, record_id in gone:
        tally = seen.tallies[_TILE_OF_REASON[reason]]
        tally.add(pairs.id_of(index), record_id)
        tally.drops += 1


def _pair(built: Built, by_record: Mapping[int, Draft]) -> Draft:
    draft = by_record[built.record_id]
    messages = decode_messages(built.messages)
    return draft.evolved(messages=messages, tokens=built.tokens, flags=())


assert set(OVER_THE_SET) == set(_TILE_OF_REASON.values())
