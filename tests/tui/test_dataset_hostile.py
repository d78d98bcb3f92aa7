"""Hostile records on every surface of the screen: shown as written, and nothing in them acts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.tui.dataset_fakes import FakeCurate, FakePrepare, FakeStudio, dataset_app, make_example
from tests.tui.test_dataset_screen import detail, screen_of, settle, table, until
from textual.app import App
from textual.widgets import Static

from webtune_tui.domain.datasets import DroppedRecord, RecordOrigin
from webtune_tui.domain.examples import Example, Message
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.prepare import PreviewRow
from webtune_tui.services.studio import StepPreview, StepSample, StudioRow
from webtune_tui.tui.widgets.dropped_records import DroppedList
from webtune_tui.tui.widgets.example_editor import MessageField
from webtune_tui.tui.widgets.styled_lines import StyledLines

PAYLOADS = (
    "[@click=app.quit]CLICKME[/]",
    "[ @click=app.quit()]CLICKME",
    "[/] and [red] and [note]",
    "\x1b]52;c;UFdORUQ=\x07\x1b]0;PWNTITLE\x07\x1b[2J\x1b[31mred\x1bP$q m\x1b\\",
    "\x9b31m\x9d0;title\x9c",
    "\u202egnp.exe\u2066 \u200b\u200f\ufeff",
    "{title} $v %s \\[b]",
    "日本語のとても長い説明文。" * 40,
)


def hostile(index: int) -> Example:
    text = PAYLOADS[index % len(PAYLOADS)]
    messages = (Message("system", text), Message("user", f"u{text}"), Message("assistant", text), Message(text, text))
    return replace(make_example(index), messages=messages, flags=(text[:40], "edited"))


class HostileCurate(FakeCurate):
    """Everything about an example is hostile."""

    async def lineage(self, example_id: str) -> list[RecordOrigin]:
        return [RecordOrigin(1, text, 0, text, text, text) for text in PAYLOADS]


class HostileStudio(FakeStudio):
    """So is what becomes of a record."""

    def row(self, number: int) -> StudioRow:
        text = PAYLOADS[number % len(PAYLOADS)]
        return StudioRow(number, text, (Message("user", text), Message(text, text)), text, 1, 1, flags=(text,))

    async def step(self, assignments: object, name: str, *, samples: int = 20) -> StepPreview:
        made = [
            StepSample(n, text, (Message(text, text),), (Message("user", text + "x"),), text if n % 2 else "", text)
            for n, text in enumerate(PAYLOADS)
        ]
        return StepPreview(name, 9, 8, 7, made, made, PAYLOADS)


class HostilePrepare(FakePrepare):
    """So is everything about the recipe and its results."""

    async def recipe(self) -> dict[str, object]:
        return {
            "template": {"system": PAYLOADS[3], "user": PAYLOADS[0], "assistant": PAYLOADS[5]},
            "steps": {},
            "split": {},
        }

    async def preview(self, assignments: object, *, limit: int = 20) -> list[PreviewRow]:
        return [PreviewRow(n, text, hostile(n) if n % 2 else None, text) for n, text in enumerate(PAYLOADS)]

    async def dropped(self, reason: str | None = None, *, limit: int = 200) -> list[DroppedRecord]:
        return [
            DroppedRecord(n, text, n, text, text, text, text, example_id=text, keeper_id=f"ex-{n}")
            for n, text in enumerate(PAYLOADS)
        ]


def raw_bytes(app: App[int]) -> str:
    """What stands on the screen, as one text."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


def unsafe(text: str) -> list[str]:
    return [
        c for c in text if c != "\n" and (ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2066\u200b\u200f\ufeff")
    ]


@pytest.mark.parametrize("size", [(80, 24), pytest.param((140, 50), marks=pytest.mark.slow)])
async def test_hostile_examples_are_shown_as_written_and_do_nothing(tmp_path: Path, size: tuple[int, int]) -> None:
    app = dataset_app(tmp_path, curate=HostileCurate(16, make=hostile))
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        assert unsafe(raw_bytes(app)) == []
        assert "[@click=app.quit]C" in raw_bytes(app)
        for number, text in enumerate(PAYLOADS):
            table(app).cursor = number
            await pilot.press("enter")
            wanted = display_line(text)[:12]
            await until(
                app,
                pilot,
                lambda wanted=wanted, number=number: wanted in detail(app) and f"#{number + 1} " in detail(app),
            )
            assert unsafe(raw_bytes(app)) == []
            await pilot.press("escape")
        for y in range(4, size[1] - 2, 4):
            await pilot.click(offset=(40, y))
        await settle(app, pilot)
        assert app.is_running and app.return_code is None


async def test_hostile_texts_are_edited_without_being_changed(tmp_path: Path) -> None:
    curate = HostileCurate(16, make=hostile)
    app = dataset_app(tmp_path, curate=curate)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        table(app).cursor = 3
        await pilot.press("e")
        await settle(app, pilot)
        assert unsafe(raw_bytes(app)) == []
        fields = list(screen_of(app).query(MessageField))
        assert fields[2].text == PAYLOADS[3]  # byte-true below what is shown
        fields[2].focus()
        await pilot.press("Z", "ctrl+s")
        await until(app, pilot, lambda: bool(curate.edits))
        assert curate.edits == [("ex-0000003", {"messages[2].content": "Z" + PAYLOADS[3]})]


async def test_a_hostile_recipe_and_hostile_dropped_records_do_nothing(tmp_path: Path) -> None:
    curate = HostileCurate(16, make=hostile)
    app = dataset_app(tmp_path, curate=curate, prepare=HostilePrepare(curate), studio=HostileStudio())
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("p", "down")
        await settle(app, pilot)
        assert unsafe(raw_bytes(app)) == [] and "CLICKME" in raw_bytes(app)
        for y in range(4, 38, 4):
            await pilot.click(offset=(70, y))
        await pilot.hover(offset=(60, 8))
        screen_of(app).query_one("#recipe-parts").focus()
        await pilot.press("down", "down")
        await until(app, pilot, lambda: "9 in" in str(screen_of(app).query_one("#preview-title", Static).content))
        assert unsafe(raw_bytes(app)) == [] and "[note]" in raw_bytes(app)
        screen_of(app).query_one("#recipe-parts").focus()
        await pilot.press("escape", "D")
        await settle(app, pilot)
        assert screen_of(app).query_one(DroppedList).row_count == len(PAYLOADS)
        await until(app, pilot, lambda: "CLICK" in screen_of(app).query_one("#dropped-pair", StyledLines).plain_text)
        assert unsafe(raw_bytes(app)) == [] and "[@click=app.quit]" in raw_bytes(app)
        await pilot.click("DroppedList", offset=(20, 2))
        assert app.is_running and app.return_code is None


async def test_a_text_of_a_megabyte_is_read_to_its_end(tmp_path: Path) -> None:
    words = "".join(f"line {number} 日本 [x](y)\n" for number in range(50_000)) + "the very end"
    assert len(words) > 1_000_000

    def large(index: int) -> Example:
        return replace(make_example(index), messages=(Message("user", "q"), Message("assistant", words)), flags=())

    app = dataset_app(tmp_path, curate=FakeCurate(3, make=large))
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(app, pilot, lambda: "the very end" in detail(app))
        await pilot.press("enter", "G")
        await pilot.pause()
        assert "the very end" in raw_bytes(app)


async def test_a_line_that_is_too_long_for_a_field_is_shown_but_not_edited(tmp_path: Path) -> None:
    def long(index: int) -> Example:
        return replace(make_example(index), messages=(Message("user", "q"), Message("assistant", "x" * 1_000_000)))

    curate = FakeCurate(3, make=long)
    app = dataset_app(tmp_path, curate=curate)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("e")
        await settle(app, pilot)
        assert screen_of(app).query_one("#message-1", MessageField).read_only
        assert "1,000,000 characters on one line" in raw_bytes(app)
        await pilot.press("y")
        screen_of(app).query_one("#message-0", MessageField).focus()
        await pilot.press("W", "ctrl+s")
        await until(app, pilot, lambda: bool(curate.edits))
        assert curate.edits == [("ex-0000000", {"messages[0].content": "Wq"})]
