"""A file in front of the app: rows at once, the end before they are counted, search, marks, and the way in."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.tui.hostile import EVERYTHING, FORBIDDEN
from tests.tui.test_dataset_hostile import PAYLOADS
from tests.tui.test_shell import on_screen
from textual.pilot import Pilot
from textual.widgets import Input, Static

from webtune_tui.domain.errors import InvalidInput
from webtune_tui.domain.records import CollectionState
from webtune_tui.settings import Settings
from webtune_tui.storage.collections import CollectionRepository
from webtune_tui.storage.workspace import Workspace
from webtune_tui.tui.app import WebtuneApp
from webtune_tui.tui.modals.ask_path import AskPath
from webtune_tui.tui.modals.confirm import Confirm
from webtune_tui.tui.modals.help import Help
from webtune_tui.tui.viewing import screen as screen_module
from webtune_tui.tui.viewing.app import ViewingApp
from webtune_tui.tui.viewing.screen import FileScreen
from webtune_tui.tui.viewing.statistics import FileStatistics


def chat(asked: str, answered: str = "An answer.", role: str = "user") -> str:
    return json.dumps({"messages": [{"role": role, "content": asked}, {"role": "assistant", "content": answered}]})


def write(folder: Path, rows: Iterable[str], name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(row + "\n" for row in rows), "utf-8")
    return path


@asynccontextmanager
async def viewing(file: Path, size: tuple[int, int] = (120, 40)) -> AsyncIterator[tuple[ViewingApp, Pilot[int]]]:
    app = ViewingApp(file.parent / "workspace", Settings(), file)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await pilot.pause()
        await app.settled()
        yield app, pilot


def screen_of(app: ViewingApp) -> FileScreen:
    assert isinstance(app.screen, FileScreen)
    return app.screen


async def until(app: WebtuneApp, is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0.01)


def status(app: ViewingApp) -> str:
    return str(app.screen.query_one("#view-status", Static).content)


async def test_the_rows_are_there_with_what_a_provider_would_refuse_and_no_workspace_is_made(tmp_path: Path) -> None:
    rows = [chat(f"Question {n}?") for n in range(200)]
    rows[1] = chat("Who?", role="robot")
    rows[2] = "{broken"
    async with viewing(write(tmp_path, rows)) as (app, pilot):
        await until(app, lambda: "unrecogn" in on_screen(app))
        shown = on_screen(app)
        assert "Question 0?" in shown
        assert "json_err" in shown
        assert "{broken" in shown
        assert "200 rows" in shown
        await pilot.press("down")
        await until(app, lambda: "has the role 'robot'" in screen_of(app).detail.plain_text)
        await pilot.press("question_mark")
        assert isinstance(app.screen, Help)
        await pilot.press("escape", "3")
        assert screen_of(app)
    assert not (tmp_path / "workspace").exists()


FORMS = {
    "preference": (
        '{"input": {"messages": [{"role": "user", "content": "PROMPT"}]}, "preferred_output": [{"role": "assistant", '
        '"content": "ANSWER"}], "non_preferred_output": [{"role": "assistant", "content": "WORSE"}]}'
    ),
    "trl": '{"prompt": "PROMPT", "chosen": "ANSWER", "rejected": "WORSE"}',
    "sharegpt": '{"conversations": [{"from": "human", "value": "PROMPT"}, {"from": "gpt", "value": "ANSWER"}]}',
    "alpaca": '{"instruction": "PROMPT", "input": "", "output": "ANSWER"}',
    "flat": '{"question": "PROMPT", "answer": "ANSWER"}',
    "unknown": '{"title": "PROMPT", "price": 3, "features": "ANSWER and more"}',
}


async def test_every_form_is_read(tmp_path: Path) -> None:
    async with viewing(write(tmp_path, FORMS.values())) as (app, pilot):
        await until(app, lambda: on_screen(app).count("PROMPT") >= len(FORMS))
        for name, row in FORMS.items():
            await until(app, lambda form=name: f"  {form}  " in screen_of(app).detail.plain_text)
            assert "ANSWER" in screen_of(app).detail.plain_text
            assert ("WORSE" in row) == ("not preferred" in screen_of(app).detail.plain_text)
            await pilot.press("down")


async def test_the_end_is_shown_before_the_rows_are_counted_and_its_numbers_come_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = asyncio.Event()
    counting = screen_module.ViewedFile.counting

    async def held(viewed: screen_module.ViewedFile) -> AsyncIterator[int]:
        await go_on.wait()
        async for done in counting(viewed):
            yield done

    monkeypatch.setattr(screen_module.ViewedFile, "counting", held)
    file = write(tmp_path, [chat(f"Question {n}?") for n in range(1, 1001)])
    app = ViewingApp(tmp_path / "workspace", Settings(), file)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await pilot.press("G")
        await until(app, lambda: "Question 1000?" in on_screen(app))
        shown = on_screen(app)
        assert "-1 " in shown
        assert "-30 " in shown
        assert "counting rows" in shown
        async with asyncio.timeout(20):
            while "-400 " not in on_screen(app):
                await pilot.press("pageup")
        where = screen_of(app).table.label(screen_of(app).table.cursor)
        go_on.set()
        await until(app, lambda: "1,000 rows" in on_screen(app))
        table = screen_of(app).table
        await until(app, lambda: table.is_counted)
        assert table.cursor == 1000 + int(where)
        await until(app, lambda: f"Question {table.cursor + 1}?" in on_screen(app))
        await pilot.press("g")
        await until(app, lambda: "Question 1?" in on_screen(app))
        assert table.cursor == 0


async def test_a_text_is_searched_while_typing_and_next_and_before_go_around(tmp_path: Path) -> None:
    rows = [chat(f"Question {n}?") for n in range(3000)]
    rows[1200], rows[2500] = chat("Onde fica São Paulo?"), chat("日本の首都は?", "são paulo")
    async with viewing(write(tmp_path, rows)) as (app, pilot):
        table = screen_of(app).table
        await pilot.press("slash")
        screen_of(app).query_one(Input).value = "são paulo"
        await until(app, lambda: table.cursor == 1200)
        await pilot.press("enter", "n")
        await until(app, lambda: table.cursor == 2500)
        await pilot.press("n")
        await until(app, lambda: "passed the end" in status(app))
        assert table.cursor == 1200
        await pilot.press("N")
        await until(app, lambda: "passed the beginning" in status(app))
        await pilot.press("slash")
        screen_of(app).query_one(Input).value = "日本"
        await pilot.press("enter")
        await until(app, lambda: table.cursor == 2500 and "日本" in status(app))
        await pilot.press("slash")
        screen_of(app).query_one(Input).value = "not in here"
        await pilot.press("enter")
        await until(app, lambda: "nowhere in the file" in status(app))
        await pilot.press("escape")
        assert not screen_of(app).search.text


async def test_one_goes_to_a_row_by_its_number_marks_some_and_sees_one_as_json(tmp_path: Path) -> None:
    async with viewing(write(tmp_path, [chat(f"Question {n}?") for n in range(1, 501)]), (80, 24)) as (app, pilot):
        table = screen_of(app).table
        await pilot.press("space", "colon", *"321", "enter")
        await until(app, lambda: table.cursor == 320)
        await pilot.press("space", "right_square_bracket")
        await until(app, lambda: table.cursor == 0)
        assert "2 marked" in on_screen(app)
        await pilot.press("left_square_bracket")
        await until(app, lambda: table.cursor == 320)
        await pilot.press("colon", *"-1", "enter")
        await until(app, lambda: table.cursor == 499)
        await pilot.press("colon", *"501", "enter")
        await until(app, lambda: "There are 500 rows" in status(app))
        await pilot.press("enter")
        await until(app, lambda: "Question 500?" in screen_of(app).detail.plain_text)
        await pilot.press("r")
        await until(app, lambda: '      "role": "user",' in screen_of(app).detail.plain_text)
        await pilot.press("escape")
        assert table.has_focus


async def test_keys_at_the_bottom_can_be_clicked(tmp_path: Path) -> None:
    async with viewing(write(tmp_path, [chat("A question?")]), (80, 24)) as (app, pilot):
        line = on_screen(app).splitlines()[-1]
        await pilot.click(offset=(line.index("Search"), 23))
        assert screen_of(app).has_class("-asking")


async def test_statistics_count_the_whole_file(tmp_path: Path) -> None:
    rows = [chat(f"Question {n}?") for n in range(300)] + ["no json", chat("Who?", role="robot")]
    async with viewing(write(tmp_path, rows), (80, 24)) as (app, pilot):
        await pilot.press("S")
        await until(app, lambda: "302 rows, " in on_screen(app) and isinstance(app.screen, FileStatistics))
        assert "2 refused" in on_screen(app)
        await pilot.press(*4 * ["right"])
        await until(app, lambda: "robot" in on_screen(app))
        await pilot.press("escape")
        assert screen_of(app)


async def test_a_file_that_changes_is_followed_or_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen_module, "_LOOK_SECONDS", 0.05)
    file = write(tmp_path, [chat(f"Question {n}?") for n in range(50)])
    async with viewing(file) as (app, pilot):
        with file.open("a") as out:
            out.write(chat("Question new?") + "\n")
        await until(app, lambda: "51 rows" in on_screen(app))
        os.truncate(file, 5)
        await until(app, lambda: "was cut" in on_screen(app))
        await pilot.press("G", "g")
        file.unlink()
        write(tmp_path, [chat("Another one?")])
        await until(app, lambda: "Another file has its name" in on_screen(app))
        await pilot.press("f5")
        await until(app, lambda: "Another one?" in on_screen(app) and "1 row" in on_screen(app))


async def test_a_file_that_is_cut_while_it_is_counted_says_so_and_no_row_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen_module, "_LOOK_SECONDS", 0.05)
    file = write(tmp_path, [chat(f"Question {n}?") for n in range(2000)])
    counting = screen_module.ViewedFile.counting

    async def cut(viewed: screen_module.ViewedFile) -> AsyncIterator[int]:
        os.truncate(file, 500)
        async for done in counting(viewed):
            yield done

    monkeypatch.setattr(screen_module.ViewedFile, "counting", cut)
    async with viewing(file) as (app, pilot):
        await until(app, lambda: "was cut" in on_screen(app))
        await pilot.press("colon", *"1500", "enter")
        await until(app, lambda: "There are" in status(app))
        await pilot.press("G")
        monkeypatch.setattr(screen_module.ViewedFile, "counting", counting)
        await pilot.press("f5")
        await until(app, lambda: "was cut" not in on_screen(app) and " rows" in on_screen(app))


async def test_a_file_with_more_roles_than_fit_into_a_line_is_counted(tmp_path: Path) -> None:
    rows = [chat("Who?", role=f"{n:03}" + "é" * 97) for n in range(250)]
    async with viewing(write(tmp_path, rows)) as (app, pilot):
        await pilot.press("S")
        await until(app, lambda: "250 rows, " in on_screen(app))


@pytest.mark.parametrize("size", [(80, 24), pytest.param((120, 40), marks=pytest.mark.slow)])
async def test_hostile_content_is_shown_as_written(size: tuple[int, int], tmp_path: Path) -> None:
    texts = [*PAYLOADS, EVERYTHING]
    rows = [chat(text, text, text) for text in texts] + [json.dumps({text: text, "title": text}) for text in texts]
    rows += [f"{text} no json" for text in texts if "\n" not in text]
    async with viewing(write(tmp_path, rows, "[@click=app.quit]CLICK[\u202e\x1b[2J.jsonl"), size) as (app, pilot):
        table = screen_of(app).table
        for number in (3, len(texts) - 1, len(texts) + 3, 2 * len(texts) - 1, len(rows) - 1):
            await screen_of(app).table.go_to_row(number)
            await pilot.press("r" if number % 2 else "enter")
            await app.settled()
            shown = on_screen(app)
            assert not any(mark in shown for mark in FORBIDDEN)
            await pilot.press("escape")
        table.action_first()
        await pilot.press("slash")
        screen_of(app).query_one(Input).value = "[@click=app.quit]CLICK"
        await pilot.press("enter")
        await until(app, lambda: "at byte" in status(app))
        assert "[@click=app.quit]CLICK" in status(app)
        for y in range(3, size[1] - 2, 5):
            await pilot.click(offset=(25, y))
            await pilot.click(offset=(size[0] - 20, y))
        await pilot.press("S")
        await until(app, lambda: f"{len(rows):,} rows, " in on_screen(app))
        for _ in range(4):
            await pilot.press("right")
            await app.settled()
            assert not any(mark in on_screen(app) for mark in FORBIDDEN)
        await pilot.press("enter")
        await until(app, lambda: "With a message by" in on_screen(app))
        assert not any(mark in on_screen(app) for mark in FORBIDDEN)
        assert app.is_running


@pytest.mark.parametrize("content", ["", "\n", "\ufeff{}\r\n", "x" * 2_000_000, "[1]\n3\nnull\n"], ids=range(5))
async def test_odd_files_are_shown(content: str, tmp_path: Path) -> None:
    file = tmp_path / "odd.jsonl"
    file.write_bytes(content.encode())
    async with viewing(file, (80, 24)) as (app, pilot):
        await pilot.press("G", "g", "enter")
        await app.settled()
        assert "odd.jsonl" in on_screen(app)


async def test_i_imports_the_file_into_the_workspace_after_a_yes(tmp_path: Path) -> None:
    file = write(tmp_path, [chat(f"Question {n}?") for n in range(30)])
    async with viewing(file) as (app, pilot):
        await pilot.press("i")
        await until(app, lambda: isinstance(app.screen, Confirm))
        await pilot.press("escape")
        await app.settled()
        assert not (tmp_path / "workspace").exists()
        await pilot.press("i")
        await until(app, lambda: isinstance(app.screen, Confirm))
        await pilot.click("#confirm-yes")
        await until(app, lambda: app.services is not None and app.screen.name == "collect")
        await until(app, lambda: "30" in on_screen(app) and not app._busy_workers())
    with Workspace.open(tmp_path / "workspace", command="test", write=False) as workspace:
        (collection,) = CollectionRepository(workspace.database).newest_first()
    assert (collection.state, collection.records) == (CollectionState.READY, 30)


async def test_the_palette_of_the_whole_app_opens_a_file_too(tmp_path: Path) -> None:
    file = write(tmp_path, [chat("A question?")])
    app = WebtuneApp(tmp_path / "workspace", Settings())
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await app.settled()
        before = app.screen
        assert any(one.title == "View a file" for one in app.get_system_commands(before))
        await app.run_action("app.view_file")
        await until(app, lambda: isinstance(app.screen, AskPath) and bool(app.screen.query(Input)))
        app.screen.query_one(Input).value = str(file)
        await pilot.press("enter")
        await until(app, lambda: isinstance(app.screen, FileScreen) and "A question?" in on_screen(app))
        await pilot.press("escape")
        await until(app, lambda: app.screen is before)


def test_a_packed_file_is_refused_before_the_app_opens(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl.gz").write_bytes(b"\x1f\x8b\x08\x00")
    with pytest.raises(InvalidInput, match="gzip"):
        ViewingApp(tmp_path / "workspace", Settings(), tmp_path / "rows.jsonl.gz")
