"""A dataset of any size that exists only where it is looked at, and services that remember what was asked of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.tui.fake_services import AppOnFakes, fake_services

from webtune_tui.domain.clusters import Alike, AlikeSet
from webtune_tui.domain.datasets import (
    Cluster,
    DatasetVersion,
    DroppedRecord,
    PrepareReport,
    RecordOrigin,
    ValidationReport,
)
from webtune_tui.domain.errors import NotFound, UsageError
from webtune_tui.domain.events import Prepared, PrepareEvent, Progressed
from webtune_tui.domain.example_checks import ExampleCheck, Form, Remark, TokenLimits
from webtune_tui.domain.example_facets import FacetCounts
from webtune_tui.domain.example_fields import condition_on_examples, matches
from webtune_tui.domain.examples import Example, Message, Split
from webtune_tui.domain.records import Record, RecordKind
from webtune_tui.domain.triage import Tile, TriageReport
from webtune_tui.pipeline.packing import PackingPlan, plan_packing
from webtune_tui.pipeline.private_data.fields import FoundIn
from webtune_tui.pipeline.triage import HARMS
from webtune_tui.services.curate import EditResult
from webtune_tui.services.example_listing import ExamplePage, Found
from webtune_tui.services.export import Exported
from webtune_tui.services.prepare import PreviewRow, StepDescription
from webtune_tui.services.private_data import PrivateFindings, PrivateHit
from webtune_tui.services.studio import Choice, FieldOffer, StepPreview, StepSample, StudioPreview, StudioRow
from webtune_tui.services.table_views import KeptViews, SavedView
from webtune_tui.services.triage import HarmedRow, KeptTriage, Triaged, TriageEvent
from webtune_tui.services.validate import checking

PRODUCTS = (
    ("Bose QuietComfort 45 Wireless Headphones", "Balanced sound and steady noise cancelling for long flights."),
    ("Anker Soundcore Life Q30", "Hybrid noise cancelling, 40 hours of battery, soft ear cushions that stay cool."),
    ("象印 電気ケトル 0.8L", "素早く沸騰し、倒れてもお湯がこぼれにくい安全設計の電気ケトルです。"),
    ("Café Moído Tradicional 500 g", "Torra média, aroma intenso e sabor equilibrado para o dia a dia."),
    (
        "Lodge Cast Iron Skillet 10.25 inch",
        "Seasoned with vegetable oil; goes from the stove to the oven and lasts for decades.",
    ),
    (
        "Stanley Quencher Tumbler 40 oz",
        "Keeps water cold for a full day, fits the cup holder and survives the dishwasher.",
    ),
)
FLAGS = ((), (), ("edited",), (), ("cut",), (), ("redacted", "near-duplicate"), ())
SYSTEM = "You write product descriptions for an online shop: plain, true and short."


def make_example(index: int) -> Example:
    """The example at a place; always the same for the same place."""
    title, text = PRODUCTS[index % len(PRODUCTS)]
    split = Split.TEST if index % 10 == 9 else Split.VALIDATION if index % 10 == 8 else Split.TRAIN
    messages = (
        Message("system", SYSTEM),
        Message("user", f"Write a product description.\nTitle: {title}\nItem no. {index}"),
        Message("assistant", f"{text} It comes with a two-year warranty and free returns."),
    )
    return Example(f"ex-{index:07d}", split, messages, tokens=60 + index % 240, flags=FLAGS[index % len(FLAGS)])


def make_version(examples: int, revision: int = 0) -> DatasetVersion:
    """A version of so many examples."""
    test = validation = examples // 10
    splits = {"train": examples - test - validation, "validation": validation, "test": test}
    name = f"{examples:06x}{revision:06x}"
    return DatasetVersion(
        name, name * 5, 1, revision, examples, splits, examples * 178, "o200k_base", "2026-11-22T13:00:00.000Z", True
    )


def make_report(examples: int) -> PrepareReport:
    """What a run said that made so many examples."""
    return PrepareReport(
        dataset_version=f"{examples:06x}000000",
        content_hash="0" * 64,
        records=examples + 71,
        records_used=examples,
        examples=examples,
        dropped={
            "error": 12,
            "near_duplicate": 31,
            "exact_duplicate": 14,
            "empty": 9,
            "title_as_target": 4,
            "placeholder": 1,
        },
        changed={"normalise_text": 187, "token_budget": 22},
        redacted={"email": 6, "phone": 3},
        duplicates={"exact": 14, "near": 31, "clusters": 28},
        splits=dict(make_version(examples).splits),
        leak={"shared_clusters": 0, "random_split_rate": 0.118},
        tokens={
            "total": examples * 178,
            "per_split": {"train": 34_000, "validation": 4_300, "test": 4_420},
            "encoding": "o200k_base",
        },
        seconds=1.8,
    )


class FakeListing:
    """The pages of a fake. It sorts by place and tokens alone."""

    def __init__(self, curate: FakeCurate, text: str, where: str, sort: str, is_descending: bool) -> None:
        self.curate = curate
        self.text = text
        self.split = where.removeprefix("split = ") if where.startswith("split = ") and " and " not in where else ""
        self.condition = condition_on_examples(where) if where and not self.split else None
        self.sort = sort
        self.is_descending = is_descending

    async def page(self, offset: int, limit: int) -> ExamplePage:
        if self.condition is None and self.sort == "index" and not self.is_descending:
            return await self.curate.page(text=self.text, split=self.split, offset=offset, limit=limit)
        rows = self.rows()
        numbers = [number for number, _ in rows]
        return ExamplePage(
            [one for _, one in rows][offset : offset + limit], offset, len(rows), numbers[offset : offset + limit]
        )

    def rows(self) -> list[tuple[int, Example]]:
        every = ((number, self.curate.make(number - 1)) for number in range(1, self.curate.size + 1))
        fitting = [
            (number, one)
            for number, one in every
            if self.curate._fits(one, self.text, self.split)
            and (self.condition is None or matches(self.condition, one, number))
        ]
        by = (lambda row: row[1].tokens) if self.sort == "tokens" else (lambda row: row[0])
        return sorted(fitting, key=by, reverse=self.is_descending)

    async def place_of(self, example_id: str) -> int | None:
        examples = (await self.page(0, self.curate.size)).examples
        return next((place for place, one in enumerate(examples) if one.example_id == example_id), None)

    async def find(self) -> AsyncGenerator[Found, None]:
        count = self.curate.size - len(self.curate.dropped)
        if self.text or self.split or self.condition:
            count = len(self.rows())
        yield Found(count, is_complete=True)

    def stop(self) -> None:
        pass


class FakeCurate:
    """Examples by place; drops, edits and their undoing are kept in memory."""

    def __init__(self, examples: int = 240, make: Callable[[int], Example] = make_example) -> None:
        self.make = make
        self.size = examples
        self.asked: list[tuple[int, int]] = []
        self.edits: list[tuple[str, Mapping[str, str]]] = []
        self.dropped: list[str] = []
        self.restored: list[str] = []
        self.gate: asyncio.Event | None = None
        self.listed: list[tuple[str, str, str, bool]] = []
        self.counted: list[tuple[str, str]] = []
        self.stopped_counts = 0

    async def report(self) -> PrepareReport | None:
        return make_report(self.size) if self.size else None

    async def packing(self, version: str | None = None, *, sequence_length: int, batch_size: int) -> PackingPlan:
        return plan_packing([220] * self.size, sequence_length, batch_size)

    async def version(self, name: str | None = None) -> DatasetVersion:
        if not self.size:
            raise NotFound("There is no dataset")
        return make_version(self.size - len(self.dropped), len(self.dropped) + len(self.edits))

    async def versions(self) -> Sequence[DatasetVersion]:
        return [await self.version()] if self.size else []

    async def page(
        self, version: str | None = None, *, text: str = "", split: str = "", offset: int = 0, limit: int = 100
    ) -> ExamplePage:
        self.asked.append((offset, limit))
        if self.gate is not None:
            await self.gate.wait()
        if not text and not split and not self.dropped:
            end = min(offset + limit, self.size)
            return ExamplePage([self.make(index) for index in range(offset, end)], offset, self.size)
        every = [example for index in range(self.size) if self._fits(example := self.make(index), text, split)]
        return ExamplePage(every[offset : offset + limit], offset, len(every))

    async def listing(
        self,
        version: str | None = None,
        *,
        where: str = "",
        text: str = "",
        sort: str = "index",
        is_descending: bool = False,
    ) -> FakeListing:
        self.listed.append((where, text, sort, is_descending))
        return FakeListing(self, text, where, sort, is_descending)

    async def present(self, example_ids: Sequence[str]) -> frozenset[str]:
        every = {self.make(number).example_id for number in range(self.size)}
        return frozenset(example_ids) & every - set(self.dropped)

    async def facets(
        self, version: str | None = None, *, where: str = "", text: str = "", with_languages: bool = True
    ) -> AsyncGenerator[Progressed | FacetCounts, None]:
        self.counted.append((where, text))
        try:
            yield Progressed("counting", 20, None, "examples")
            if self.gate is not None:
                await self.gate.wait()
            condition = condition_on_examples(where) if where else None
            made = [self.make(number) for number in range(self.size)]
            some = [one for number, one in enumerate(made, 1) if not condition or matches(condition, one, number)]
            flags = Counter(flag for one in some for flag in one.flags)
            yield FacetCounts(
                {
                    "split": Counter(one.split.value for one in some),
                    "source": Counter(one.source for one in some),
                    "flag": flags,
                    "edited": Counter(str("edited" in one.flags).lower() for one in some),
                },
                len(some),
            )
        except (asyncio.CancelledError, GeneratorExit):
            self.stopped_counts += 1
            raise

    def _fits(self, example: Example, text: str, split: str) -> bool:
        if example.example_id in self.dropped or (split and example.split != split):
            return False
        return any(text.casefold() in message.content.casefold() for message in example.messages)

    async def example(self, example_id: str, version: str | None = None) -> Example:
        if example_id in self.dropped:
            raise NotFound(f"There is no example {example_id}")
        return self.make(int(example_id.removeprefix("ex-")))

    async def lineage(self, example_id: str) -> Sequence[RecordOrigin]:
        position = int(example_id.removeprefix("ex-"))
        return [
            RecordOrigin(
                position, "c-20261122-bestsellers", position, f"https://www.shop.example/dp/B0{position:08d}",
                "2026-11-22T12:31:09.000Z", "/home/ana/work/headphones/raw/c-20261122-bestsellers",
            )
        ]  # fmt: skip

    async def edit(self, example_id: str, changes: Mapping[str, str]) -> EditResult:
        self.edits.append((example_id, changes))
        return EditResult(await self.version(), (example_id,))

    async def drop(self, example_ids: Sequence[str]) -> EditResult:
        self.dropped += example_ids
        return EditResult(await self.version(), tuple(example_ids))

    async def restore(self, example_ids: Sequence[str]) -> EditResult:
        self.restored += example_ids
        return EditResult(await self.version(), (), tuple(example_ids))

    async def undo(self) -> EditResult:
        if not self.dropped:
            raise UsageError("There is nothing to undo")
        back = self.dropped.pop()
        return EditResult(await self.version(), (back,))

    async def redo(self) -> EditResult:
        raise UsageError("There is nothing to redo")


class FakeExamples:
    """Counts words as tokens, finds nothing odd but what a test says, and knows no edits but those of a test."""

    def __init__(self) -> None:
        self.remarks: tuple[Remark, ...] = ()
        self.forms: tuple[Form, ...] = ()
        self.checked: list[Sequence[Message]] = []

    async def limits(self) -> TokenLimits:
        return TokenLimits(1024, None, "")

    async def check(self, messages: Sequence[Message], limits: TokenLimits) -> ExampleCheck | None:
        self.checked.append(messages)
        counts = tuple(len(message.content.split()) for message in messages)
        return ExampleCheck(counts, sum(counts) + 3, "o200k_base", self.remarks)

    async def history(self, example_id: str) -> Sequence[Form]:
        return self.forms


class FakeClusters:
    """Three duplicates of the example at 7, one of each kind, and two neighbours of it."""

    def __init__(self) -> None:
        self.members: Sequence[Alike] = (
            Alike("ex-1000000", 1_000_000, "near_duplicate", False, "Anker Soundcore Life Q30", "like ex-0000007"),
            Alike("ex-1000001", 1_000_001, "exact_duplicate", False, "Anker Soundcore", "like ex-0000007"),
            Alike("ex-0000013", 13, "group", True, "Write a product description.", split="train"),
        )

    async def size(self, example_id: str) -> int:
        return 2 if example_id == "ex-0000007" else 0

    async def of(self, example_id: str) -> AlikeSet:
        return AlikeSet(example_id, self.members if example_id == "ex-0000007" else ())


STEPS = (
    StepDescription("error_rows", "Error rows out", True, True, ()),
    StepDescription(
        "normalise_text",
        "Normalise text",
        True,
        True,
        (
            {
                "name": "repeated_lines",
                "label": "Drop repeated lines",
                "help": "Lines that stand there twice.",
                "default": True,
                "type": "bool",
            },
            {
                "name": "unicode",
                "label": "Unicode form",
                "help": "How accents are stored.",
                "default": "NFC",
                "type": "str",
                "choices": ("NFC", "NFKC"),
            },
        ),
    ),
    StepDescription("empty_targets", "Empty answers out", True, True, ()),
    StepDescription(
        "length",
        "Length of answers",
        False,
        False,
        (
            {
                "name": "minimum",
                "label": "Shortest answer",
                "help": "In characters, after cleaning.",
                "default": 40,
                "type": "int",
            },
            {
                "name": "maximum",
                "label": "Longest answer",
                "help": "In characters; 0 sets no limit.",
                "default": 0,
                "type": "int",
            },
        ),
    ),
    StepDescription("language", "Language", False, False, ()),
    StepDescription("redact", "Redact personal data", True, True, ()),
    StepDescription("exact_duplicates", "Exact duplicates out", True, True, ()),
    StepDescription(
        "near_duplicates",
        "Near-duplicates out",
        True,
        True,
        ({"name": "threshold", "label": "Similarity", "help": "1 is equal.", "default": 0.8, "type": "float"},),
    ),
    StepDescription("shared_targets", "Same answer, other prompt", True, True, ()),
    StepDescription(
        "token_budget",
        "Token budget",
        True,
        True,
        (
            {
                "name": "tokens",
                "label": "Tokens per example",
                "help": "Cut at the end of a sentence.",
                "default": 1024,
                "type": "int",
            },
        ),
    ),
)


class FakePrepare:
    """A recipe that can be set, previewed and run."""

    def __init__(self, curate: FakeCurate, makes: int = 240) -> None:
        self.curate = curate
        self.makes = makes
        self.previews: list[Mapping[str, str]] = []
        self.set: dict[str, str] = {}
        self.go = asyncio.Event()
        self.go.set()
        self.stopped = False

    async def recipe(self) -> Mapping[str, Any]:
        return {
            "template": {
                "system": self.set.get("template.system", SYSTEM),
                "user": "Write a product description.\nTitle: {title}\nBrand: {brand}",
                "assistant": "{description}",
            },
            "steps": {"length": {"minimum": 40}},
            "split": {"train": 0.8, "validation": 0.1, "test": 0.1, "seed": 7},
        }

    async def steps(self) -> Sequence[StepDescription]:
        stages = dict(zip((s.name for s in STEPS), ("record",) * 2 + ("example",) * 4 + ("corpus",) * 4, strict=True))
        return [
            replace(
                s,
                enabled=self.set.get(f"steps.{s.name}.enabled", str(s.enabled)).lower() == "true",
                stage=stages[s.name],
                order=int(self.set.get(f"steps.{s.name}.order") or 10 * number + 10),
            )
            for number, s in enumerate(STEPS)
        ]

    async def set_option(self, assignments: Mapping[str, str]) -> Sequence[str]:
        self.set |= assignments
        return tuple(assignments)

    async def preview(self, assignments: Mapping[str, str], *, limit: int = 20) -> Sequence[PreviewRow]:
        self.previews.append(dict(assignments))
        if assignments.get("steps.length.minimum") == "4x":
            raise UsageError("steps.length.minimum = '4x' does not fit", hint="Give a number.")
        system = assignments.get("template.system", SYSTEM)
        rows = []
        for index in range(limit):
            example = make_example(index)
            title = PRODUCTS[index % len(PRODUCTS)][0]
            if index % 7 == 3:
                rows.append(PreviewRow(index, title, None, "near_duplicate" if index % 2 else "empty"))
                continue
            messages = (Message("system", system), *example.messages[1:])
            rows.append(PreviewRow(index, title, replace(example, messages=messages)))
        return rows

    async def run(self, **options: Any) -> AsyncIterator[PrepareEvent]:
        try:
            for done in (0, 40, 80, 120):
                yield Progressed("near duplicates", done, self.makes, "records")
            await self.go.wait()
            self.curate.size = self.makes
            yield Prepared(make_report(self.makes))
        except (asyncio.CancelledError, GeneratorExit):
            self.stopped = True
            raise

    async def clusters(self, *, limit: int = 20) -> Sequence[Cluster]:
        gone = [
            DroppedRecord(number, "c-1", number, reason, reason, title="Anker", example_id=f"ex-{number}")
            for number, reason in ((1_000_000, "near_duplicate"), (1_000_001, "exact_duplicate"))
        ]
        return [Cluster("ex-0000007", tuple(gone))]

    async def dropped(self, reason: str | None = None, *, limit: int = 200) -> Sequence[DroppedRecord]:
        number = make_report(240).dropped.get(reason or "", 0)
        return [
            DroppedRecord(
                n,
                "c-20261122-bestsellers",
                n * 7,
                reason or "",
                reason or "",
                f"like record {n * 7 + 3}",
                PRODUCTS[n % 6][0],
                example_id=f"ex-{n + 1000:07d}",
                keeper_id=f"ex-{n // 3:07d}" if "duplicate" in (reason or "") else "",
            )
            for n in range(number)
        ]


class FakeStudio:
    """Previews that a test can look into; ``gate`` holds an answer back."""

    def __init__(self) -> None:
        self.previews: list[dict[str, str]] = []
        self.choices: list[str] = []
        self.closed = 0
        self.reason = ""

    async def fields(self) -> Sequence[FieldOffer]:
        return [
            FieldOffer("title", 1.0, "Bose QuietComfort", 5),
            FieldOffer("timestamp", 1.0, "2026-11-22", 1),
            FieldOffer("brand", 0.9, "Bose", 1),
            FieldOffer("description", 0.8, "Balanced sound and steady noise cancelling.", 30),
        ]

    async def choose(
        self, template: Mapping[str, str] | None, choice: Choice, *, count: int = 20, seed: int = 0
    ) -> Sequence[int] | None:
        self.choices.append(choice)
        return range(count)

    async def preview(self, template: Mapping[str, str] | None, record_ids: Sequence[int]) -> StudioPreview | None:
        self.previews.append(dict(template or {}))
        return StudioPreview(tuple(self.row(number) for number in record_ids), "o200k_base", 311)

    def row(self, number: int) -> StudioRow:
        title, text = PRODUCTS[number % len(PRODUCTS)]
        user = self.previews[-1].get("user", "About {title}").replace("{title}", title)
        messages = (Message("user", user), Message("assistant", f"{text} And the rest of it."))
        if number % 5 == 1:
            return StudioRow(number, title, messages, "", 40, 40, reason="empty", detail="nothing there")
        if number % 5 == 2:
            return StudioRow(number, title, messages, text, 30, 40, flags=("cut",))
        return StudioRow(number, title, messages, messages[-1].content, 40, 40)

    async def step(self, assignments: Mapping[str, str], name: str, *, samples: int = 20) -> StepPreview | None:
        if assignments.get("steps.length.minimum") == "4x":
            raise UsageError("steps.length.minimum = '4x' does not fit", hint="Give a number.")
        before, after = (Message("assistant", "An old grey kettle."),), (Message("assistant", "An old kettle."),)
        dropped = StepSample(1, "Bose", before, reason="near_duplicate", detail="like ex-2", other=after)
        return StepPreview(name, 300, 290, 40, (dropped,), (StepSample(2, "Anker", before, after),))

    async def aclose(self) -> None:
        self.closed += 1


def make_tiles(after: bool = True, mended: bool = False) -> tuple[Tile, ...]:
    """Ten tiles of a set of 311 pairs."""
    counts = {"duplicates": 45, "empty": 13, "placeholders": 8, "cut": 4, "personal_data": 3}
    tiles = []
    for harm in HARMS:
        before = counts.get(harm.name, 0)
        left = 0 if mended or harm.name not in ("placeholders", "cut") else before
        rows = tuple((f"ex-{n:07d}", n) for n in range(before))
        tiles.append(
            Tile(harm.name, before, left if after else None, rows, rows[:left],
                 {f"steps.{harm.steps[0]}.enabled": "true"} if left and harm.name == "placeholders" else {},
                 drops=left, is_checked=harm.name != "language")
        )  # fmt: skip
    return tuple(sorted(tiles, key=lambda one: (-one.now, -one.before)))


class FakeTriage:
    """A triage that waits where it is told to."""

    def __init__(self, *, is_known: bool = True) -> None:
        self.is_known = is_known
        self.looks = 0
        self.stopped = False
        self.tiles = make_tiles()
        self.changed = (False, False, False)
        self.seconds = 1.5
        self.go = asyncio.Event()
        self.go.set()

    def report(self) -> TriageReport:
        leak = {"raw_random_split_rate": 0.257, "shared_clusters": 0.0, "random_split_rate": 0.118}
        return TriageReport(self.tiles, 311, 311, 240, "0" * 64, leak, "2026-11-22T13:00:00.000Z", self.seconds)

    async def run(self) -> AsyncIterator[TriageEvent]:
        self.looks += 1
        try:
            yield Progressed("reading", 100, 311, "records")
            await self.go.wait()
            self.is_known = True
            yield Triaged(self.report())
        except (asyncio.CancelledError, GeneratorExit):
            self.stopped = True
            raise

    async def newest(self) -> KeptTriage | None:
        return KeptTriage(self.report(), *self.changed) if self.is_known else None

    async def rows(self, tile: Tile) -> Sequence[HarmedRow]:
        return [HarmedRow(one, number, PRODUCTS[number % 6][0], number % 2 == 0) for one, number in tile.rows]


class FakePrivateData:
    """Two kinds in two domains; the masked value of one is hostile."""

    async def finding(
        self, kind: str | None = None, *, limit: int = 100
    ) -> AsyncGenerator[Progressed | PrivateFindings]:
        yield Progressed("looking", 100, 311, "records")
        kinds = {"email": Counter({"shop.example": 2, "forum.example": 1}), "phone": Counter({"shop.example": 1})}
        masked = ("a…@b…", "[@click=app.quit]x", "c…@d…", "…42")
        hits = [
            PrivateHit(f"ex-{n}", n, FoundIn("description", "phone" if n == 3 else "email", 0, 5, one))
            for n, one in enumerate(masked)
        ]
        yield PrivateFindings(kinds, hits)


class FakeTableViews:
    """Keeps views and columns in memory."""

    def __init__(self, *views: SavedView, skipped: int = 0, columns: object = None) -> None:
        self.kept = {view.name: view for view in views}
        self.skipped = skipped
        self.kept_columns = columns

    async def columns(self) -> object:
        return self.kept_columns

    async def keep_columns(self, columns: Mapping[str, object]) -> None:
        self.kept_columns = columns

    async def views(self) -> KeptViews:
        return KeptViews(sorted(self.kept.values(), key=lambda view: view.name), self.skipped)

    async def save(self, view: SavedView) -> None:
        if not view.name:
            raise UsageError("A view needs a name", hint="Give one.")
        self.kept[view.name] = view

    async def delete(self, name: str) -> None:
        del self.kept[name]


class FakeExport:
    """Says where files would lie."""

    def __init__(self) -> None:
        self.calls = 0

    def validating(self, file: Path, *, repair: Path | None = None) -> AsyncGenerator[Progressed | ValidationReport]:
        """The real check: files are files."""
        return checking(file, provider="openai", base_model="", repair=repair)

    async def exporting(self, *, format: str) -> AsyncIterator[Progressed | Exported]:
        self.calls += 1
        yield Progressed("writing", 120, 240, "examples")
        paths = {
            split: Path(f"/home/ana/work/headphones/exports/{split}.jsonl") for split in ("train", "validation", "test")
        }
        yield Exported(paths, format, {"train": 192, "validation": 24, "test": 24}, "0" * 64)


@dataclass
class FakeCollections:
    """How many records there are."""

    records: int = 311

    async def collections(self) -> Sequence[Any]:
        return [SimpleNamespace(collection_id="c-1", records=self.records)] if self.records else []

    async def records_of(self, collection_id: str, *, limit: int = 50) -> Sequence[Any]:
        return [Record("c-1", 0, RecordKind.DATA, "k", "h", {"title": "Bose", "brand": "Bose", "description": "x"})]


def dataset_app(
    folder: Path,
    *,
    curate: FakeCurate | None = None,
    prepare: FakePrepare | None = None,
    studio: FakeStudio | None = None,
    triage: FakeTriage | None = None,
    table_views: FakeTableViews | None = None,
    statistics: Any = None,
    examples: FakeExamples | None = None,
    clusters: FakeClusters | None = None,
    records: int = 311,
) -> AppOnFakes:
    """The real app on its Dataset screen over these services."""
    curate = curate or FakeCurate()
    services = fake_services(
        workspace=SimpleNamespace(read_only=False, holder=None, root=folder),
        curate=curate,
        prepare=prepare or FakePrepare(curate),
        examples=examples or FakeExamples(),
        clusters=clusters or FakeClusters(),
        export=FakeExport(),
        private_data=FakePrivateData(),
        studio=studio or FakeStudio(),
        triage=triage or FakeTriage(),
        table_views=table_views or FakeTableViews(),
        statistics=statistics,
        collect=FakeCollections(records),
    )
    return AppOnFakes("dataset", services, folder)
