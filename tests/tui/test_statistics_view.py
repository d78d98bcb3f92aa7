"""The statistics pane: charts of one measure after the other, what they say, and the rows of a bar."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.tui.dataset_fakes import FakeCurate, dataset_app, make_version
from tests.tui.fake_services import AppOnFakes
from tests.tui.test_dataset_hostile import PAYLOADS, raw_bytes, unsafe
from tests.tui.test_dataset_screen import screen_of, settle, status, table, until
from textual.widgets import Static

from webtune_tui.domain.errors import StorageFailed, WebtuneError
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.statistics import TOKENS, DatasetStatistics, StatisticsGroup, StatisticsRow
from webtune_tui.services.statistics import StatisticsEvent, StatisticsReady
from webtune_tui.tui.dataset.listing import Listing
from webtune_tui.tui.widgets.bar_chart import BarChart
from webtune_tui.tui.widgets.statistics_view import MeasureList, StatisticsView
from webtune_tui.tui.widgets.styled_lines import StyledLines

_TITLES = ("Tokens", "Answers", "Prompts", "Turns", "Splits", "Sources", "Domains", "Freshness", "Languages", "Flags",
           "Fields", "Words", "Cost")  # fmt: skip


def histogram(name: str, title: str) -> StatisticsGroup:
    counts = [3, 21, 84, 96, 30, 5, 1]
    rows = [
        StatisticsRow(f"{n * 100 + 1:,}–{(n + 1) * 100:,}", count, count / 240, f"tokens between {n}01 and {n + 1}00")
        for n, count in enumerate(counts)
    ]
    words = "Half of the examples have 120 to 340 tokens, 3 % more than 500. The shortest has 12, the longest 1,130."
    return StatisticsGroup(name, title, tuple(rows), 240, is_histogram=True, summary=words, note="Whole examples.")


def groups() -> tuple[StatisticsGroup, ...]:
    found = [histogram(title.lower(), title) for title in _TITLES]
    splits = [StatisticsRow(name, n, n / 240, f"split = {name}") for name, n in (("train", 192), ("test", 24))]
    found[4] = StatisticsGroup("splits", "Splits", tuple(splits), 240)
    found[8] = StatisticsGroup("languages", "Languages", (), 0, note="It is not installed.", is_known=False)
    found[12] = StatisticsGroup("cost", "Cost", (StatisticsRow("1–9", 9, 1.0, "tokens < 9", 0.0341),), 9, TOKENS)
    return tuple(found)


class FakeStatistics:
    """Statistics that wait where they are told to, or fail."""

    def __init__(self, made: Sequence[StatisticsGroup] | None = None) -> None:
        self.made = tuple(made or groups())
        self.asked: list[str] = []
        self.stopped = 0
        self.failure: WebtuneError | None = None
        self.go = asyncio.Event()
        self.go.set()

    async def run(self, version: str, *, is_anew: bool = False) -> AsyncIterator[StatisticsEvent]:
        self.asked.append(version)
        try:
            if not self.go.is_set():
                yield Progressed("counting", 100, 240, "examples")
                await self.go.wait()
            if self.failure is not None:
                raise self.failure
            yield StatisticsReady(DatasetStatistics("0000f0", version, 240, self.made, {"tokens_total": 42_720}))
        except (asyncio.CancelledError, GeneratorExit):
            self.stopped += 1
            raise


def view(app: AppOnFakes) -> StatisticsView:
    return screen_of(app).query_one(StatisticsView)


def chart(app: AppOnFakes) -> BarChart:
    return screen_of(app).query_one(BarChart)


def state(app: AppOnFakes) -> str:
    return str(screen_of(app).query_one("#statistics-state", Static).content)


def told(app: AppOnFakes) -> str:
    return screen_of(app).query_one("#statistics-words", StyledLines).plain_text


def title(app: AppOnFakes) -> str:
    measure = view(app).measure
    return measure.title if measure else ""


@pytest.mark.parametrize("size", [(80, 24), pytest.param((120, 40), marks=pytest.mark.slow)])
async def test_chart_measures_and_words_are_in_sight(tmp_path: Path, size: tuple[int, int]) -> None:
    app = dataset_app(tmp_path, statistics=FakeStatistics())
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("S")
        await until(app, pilot, lambda: "1,130." in raw_bytes(app))
        shown = raw_bytes(app)
        assert all(name in shown for name in _TITLES)
        assert "240 examples, 42,720 tokens" in state(app)
        assert chart(app).has_focus and chart(app).visible_rows == range(7)
        lines = {name: next(line for line in shown.split("\n") if name in line) for name in ("301–400", "601–700")}
        assert "█" * 20 in lines["301–400"] and " 96  40.0 %" in lines["301–400"]
        assert (
            any(eighth in lines["601–700"] for eighth in "▏▎▍▌▋▊▉")
            and "█" not in lines["601–700"]
            and "0.4 %" in lines["601–700"]
        )
        assert "1,130." in shown
        for name in ("Answers", "Prompts", "Turns", "Splits"):
            await pilot.press("right")
            assert title(app) == name
        assert "train" in raw_bytes(app) and "80.0 %" in raw_bytes(app)
        await pilot.press("left", "shift+tab", "tab")
        assert title(app) == "Turns"
        while title(app) != "Cost":
            await pilot.press("tab")
        assert "$0.0341" in raw_bytes(app)
        await pilot.press("tab")
        assert title(app) == "Tokens"
        await pilot.press("escape")
        await settle(app, pilot)
        assert screen_of(app).view == "examples"


async def test_counting_can_be_stopped_and_a_failure_is_told(tmp_path: Path) -> None:
    counting = FakeStatistics()
    counting.go.clear()
    app = dataset_app(tmp_path, statistics=counting)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await pilot.press("3")
        while not screen_of(app).version:
            await pilot.pause()
        await pilot.press("S")
        while "100 of 240" not in state(app):
            await pilot.pause()
        await pilot.press("c")
        await until(app, pilot, lambda: "Stopped: r counts again" in state(app))
        assert counting.stopped == 1
        counting.go.set()
        counting.failure = StorageFailed("The disk is [b]gone\x1b[2J", hint="Bring it back.")
        await pilot.press("r")
        await until(app, pilot, lambda: "r counts again" in state(app) and "Stopped" not in state(app))
        assert "[b]gone" in raw_bytes(app) and unsafe(raw_bytes(app)) == []
        counting.failure = None
        await pilot.press("r")
        await until(app, pilot, lambda: chart(app).row_count == 7)
        assert "gone" not in state(app)


@pytest.mark.slow
async def test_without_a_dataset_the_next_step_is_told(tmp_path: Path) -> None:
    counting = FakeStatistics()
    app = dataset_app(tmp_path, curate=FakeCurate(0), statistics=counting)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("S")
        await settle(app, pilot)
        assert "p opens the recipe" in state(app) and not counting.asked
        await pilot.press("escape")
        await settle(app, pilot)
        assert screen_of(app).view == "empty"


async def test_a_bar_opens_its_rows_and_keeps_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: list[str] = []
    monkeypatch.setattr(Listing, "show_where", lambda self, condition: wanted.append(condition))
    app = dataset_app(tmp_path, statistics=FakeStatistics())
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("S")
        await until(app, pilot, lambda: chart(app).row_count == 7)
        await pilot.press("down", "down", "enter")
        assert wanted == ["tokens between 201 and 300"]
        await pilot.press("right", "left")
        assert chart(app).cursor == 2
        await pilot.click(BarChart, offset=(30, 5), times=2)
        assert wanted[1:] == ["tokens between 401 and 500"]
        await pilot.click(MeasureList, offset=(3, 4))
        assert title(app) == "Splits"
        await pilot.click(BarChart, offset=(30, 1))
        assert len(wanted) == 2


@pytest.mark.slow
async def test_rows_are_listed_and_what_has_none_says_why(tmp_path: Path) -> None:
    odd = replace(histogram("domains", "Domains"), rows=(StatisticsRow("“odd”", 3, 1.0, ""),))
    app = dataset_app(tmp_path, statistics=FakeStatistics([groups()[4], groups()[8], odd]))
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("S")
        await until(app, pilot, lambda: chart(app).row_count == 2)
        await pilot.press("right")
        await until(app, pilot, lambda: "not installed" in told(app))
        await pilot.press("enter", "down", "right", "enter")
        assert chart(app).row_count == 1 and "No condition" in state(app)
        await pilot.press("right", "down", "enter")
        await until(app, pilot, lambda: table(app).row_count == 24)
        assert screen_of(app).view == "examples"


async def test_after_an_undo_the_version_that_stands_is_counted(tmp_path: Path) -> None:
    counting, curate = FakeStatistics(), FakeCurate()
    app = dataset_app(tmp_path, curate=curate, statistics=counting)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("d")
        await until(app, pilot, lambda: "Dropped" in status(app) or "dropped" in status(app))
        await pilot.press("S")
        await until(app, pilot, lambda: len(counting.asked) == 1 and chart(app).row_count == 7)
        await pilot.press("z")
        await until(app, pilot, lambda: len(counting.asked) == 2)
        assert counting.asked[1] == make_version(240).content_hash != counting.asked[0]
        await pilot.press("escape", "S")
        await settle(app, pilot)
        assert len(counting.asked) == 2  # nothing changed: nothing is counted
        await pilot.press("r")
        await until(app, pilot, lambda: len(counting.asked) == 3)


@pytest.mark.parametrize("size", [(80, 24), pytest.param((140, 50), marks=pytest.mark.slow)])
async def test_hostile_labels_are_shown_as_written_and_do_nothing(tmp_path: Path, size: tuple[int, int]) -> None:
    rows = tuple(StatisticsRow(text, 3, 0.1, f"domain = {text}") for text in PAYLOADS)
    hostile = StatisticsGroup("domains", PAYLOADS[0], rows, 30, summary=PAYLOADS[3], note=PAYLOADS[1])
    app = dataset_app(tmp_path, statistics=FakeStatistics([hostile, replace(hostile, name="flags", is_histogram=True)]))
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("S")
        await until(app, pilot, lambda: chart(app).row_count == len(PAYLOADS))
        for _ in range(2):
            assert unsafe(raw_bytes(app)) == [] and "[@click=app.quit]C" in raw_bytes(app)
            for _ in PAYLOADS:
                await pilot.press("enter", "down")
                assert unsafe(raw_bytes(app)) == []
            await pilot.press("right")
        for y in range(4, size[1] - 2, 3):
            await pilot.click(offset=(30, y))
        await settle(app, pilot)
        assert app.is_running and app.return_code is None
