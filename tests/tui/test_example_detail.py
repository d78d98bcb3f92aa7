"""One example from near: what is learned, flags, edits, JSON, copying, and its cluster, by keys and by mouse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.tui.dataset_fakes import FakeClusters, FakeCurate, FakeExamples, dataset_app, make_example
from tests.tui.test_dataset_hostile import PAYLOADS, HostileCurate, HostileStudio, hostile, raw_bytes, unsafe
from tests.tui.test_dataset_screen import detail, settle, status, table, until
from textual.widgets import Static

from webtune_tui.domain.clusters import Alike, AlikeSet
from webtune_tui.domain.example_checks import Form, Remark
from webtune_tui.domain.examples import Example, Message
from webtune_tui.tui.modals.cluster import ClusterDiff
from webtune_tui.tui.modals.copy_what import CopyWhat
from webtune_tui.tui.widgets.styled_lines import StyledLines


def two_answers(index: int) -> Example:
    messages = (
        Message("user", "One two three?"), Message("assistant", "First answer."),
        Message("user", "And\x1b[2J\u200b?"), Message("assistant", "Second answer here."), Message("user", "Bye"),
    )  # fmt: skip
    return replace(make_example(index), messages=messages, flags=("redacted:email", "tag:keep-me", "invents"))


async def test_what_is_learned_is_said_in_words_and_marked_without_colour(tmp_path: Path) -> None:
    examples = FakeExamples()
    examples.remarks = (Remark("hidden", "1 zero-width character", 2), Remark("too_long", "9 tokens", None, True))
    app = dataset_app(tmp_path, curate=FakeCurate(20, make=two_answers), examples=examples)
    async with app.run_test(size=(150, 50), notifications=True, tooltips=True) as pilot:
        await until(app, pilot, lambda: "of 13 tokens" in detail(app))
        words = detail(app)
        assert "Learned: 1 answer, 3 of 13 tokens" in words
        assert "Hosted providers learn 2 answers, the local trainer 1" in " ".join(words.split())
        assert "2 tokens  ● learned by hosted providers alone" in words
        assert "3 tokens  ● the model learns this" in words and "○ behind the last answer" in words
        assert "█ Second answer here." in raw_bytes(app) and "▎ One two three?" in raw_bytes(app)
        assert "And␛[2J\ufffd?" in words
        told = " ".join(words.split())
        assert "an e-mail address was replaced" in told and "Tagged “keep-me” by hand" in told
        assert "Unsupported facts" in told
        assert "▲ message 3: 1 zero-width character" in words and "✗ 9 tokens" in words
        assert unsafe(raw_bytes(app)) == []


@pytest.mark.slow
async def test_each_edit_of_the_example_is_told_word_by_word(tmp_path: Path) -> None:
    examples, now = FakeExamples(), make_example(0)
    before = replace(now, messages=(*now.messages[:2], Message("assistant", "An old text.")), tokens=40)
    examples.forms = (
        Form("prepare", "2026-11-22T13:00:00.000Z", before),
        Form("edit", "2026-11-22T14:00:00.000Z", replace(now, flags=("edited",))),
        Form("edit", "2026-11-22T15:00:00.000Z", None),
        Form("undo", "2026-11-22T16:00:00.000Z", now),
    )
    app = dataset_app(tmp_path, examples=examples)
    async with app.run_test(size=(120, 60), notifications=True, tooltips=True) as pilot:
        await until(app, pilot, lambda: "EDITS" in detail(app) and "tokens, marked" in detail(app))
        assert "40 → 60 tokens" in detail(app).splitlines()[0]
        words = " ".join(detail(app).split())
        assert "undone: back" in words and "dropped by hand" in words and "edited by hand, 40 → 60 tokens" in words
        assert "[-An old text.-]" in words and "{+Balanced" in words
        assert words.index("undone: back") < words.index("edited by hand")


@pytest.mark.slow
async def test_the_example_turns_to_json_and_back(tmp_path: Path) -> None:
    app = dataset_app(tmp_path, curate=FakeCurate(20, make=two_answers))
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("R")
        await until(app, pilot, lambda: '"messages": [' in detail(app))
        assert '"content": "And\\u001b[2J\\u200b?"' in detail(app)
        assert unsafe(raw_bytes(app)) == []
        await pilot.press("R")
        await until(app, pilot, lambda: "the model learns this" in detail(app))
        await pilot.press("escape")
        assert table(app).has_focus


async def test_copying_gives_clean_text_and_says_what_it_changed(tmp_path: Path) -> None:
    app = dataset_app(tmp_path, curate=FakeCurate(20, make=two_answers))
    copied: list[str] = []
    app.copy_to_clipboard = copied.append  # type: ignore[method-assign]
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("y")
        await until(app, pilot, lambda: isinstance(app.screen, CopyWhat))
        await pilot.press("enter")
        await until(app, pilot, lambda: bool(copied))
        assert copied == ["Second answer here."] and "Copied the answer, 19 characters" in status(app)
        await pilot.press("y")
        await until(app, pilot, lambda: isinstance(app.screen, CopyWhat))
        assert unsafe(raw_bytes(app)) == []
        await pilot.press("3")
        await until(app, pilot, lambda: len(copied) == 2)
        assert copied[1] == "And␛[2J?"
        assert "2 control or invisible characters were changed" in status(app)
        await pilot.press("y")
        await until(app, pilot, lambda: isinstance(app.screen, CopyWhat))
        await pilot.click("#copy-what", offset=(5, 5))
        await until(app, pilot, lambda: len(copied) == 3)
        assert copied[2].startswith('{"messages": [') and "\\u001b[2J\\u200b" in copied[2]


def shown(app: object) -> str:
    assert isinstance(app.screen, ClusterDiff)  # type: ignore[attr-defined]
    return app.screen.query_one("#cluster-text", StyledLines).plain_text  # type: ignore[attr-defined]


async def test_a_cluster_is_compared_word_by_word_and_another_survivor_chosen(tmp_path: Path) -> None:
    curate = FakeCurate()
    app = dataset_app(tmp_path, curate=curate)
    asked: list[str] = []

    async def place(example_id: str) -> None:
        asked.append(example_id)

    app._given.origins = SimpleNamespace(place_of_example=place)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("c")
        await until(app, pilot, lambda: "Nothing is like it" in status(app))
        table(app).cursor = 7
        await pilot.press("enter")
        await until(app, pilot, lambda: "2 duplicates dropped for it: c compares them" in detail(app))
        await pilot.press("c")
        await until(app, pilot, lambda: isinstance(app.screen, ClusterDiff) and "near-duplicate" in shown(app))
        text = raw_bytes(app)
        assert "✓ stays" in text and "exact copy" in text and "same group" in text
        assert "[-" in shown(app) and "{+" in shown(app)
        await pilot.press("s")
        await until(app, pilot, lambda: curate.restored == ["ex-1000000"])
        await until(app, pilot, lambda: "wanted back with the next prepare" in " ".join(shown(app).split()))
        assert "p and r prepare" in str(app.screen.query_one("#cluster-status", Static).content)
        await pilot.press("down", "b")
        await until(app, pilot, lambda: curate.restored[1:] == ["ex-1000001", "ex-0000007"])
        await pilot.press("down", "s")
        await until(app, pilot, lambda: "stay already" in str(app.screen.query_one("#cluster-status", Static).content))
        await pilot.press("up", "up", "up", "s")
        await until(app, pilot, lambda: "This one stays" in shown(app))
        await pilot.press("down", "down", "down", "enter")
        await until(app, pilot, lambda: "is not in the working version" in status(app))


@pytest.mark.slow
async def test_a_cluster_is_worked_by_mouse(tmp_path: Path) -> None:
    curate = FakeCurate()
    app = dataset_app(tmp_path, curate=curate)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        table(app).cursor = 7
        await pilot.press("c")
        await until(app, pilot, lambda: isinstance(app.screen, ClusterDiff))
        await pilot.click("#cluster-members", offset=(10, 2))
        await until(app, pilot, lambda: "exact copy" in shown(app))
        await pilot.click("#cluster-both")
        await until(app, pilot, lambda: curate.restored == ["ex-1000001", "ex-0000007"])
        await pilot.click("#cluster-close")
        await until(app, pilot, lambda: not isinstance(app.screen, ClusterDiff))


@pytest.mark.slow
async def test_the_largest_clusters_are_listed_and_one_is_opened(tmp_path: Path) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("C")
        await until(app, pilot, lambda: bool(app.screen.query("#clusters")))
        assert "2 duplicates (near-duplicate, exact copy)" in raw_bytes(app)
        await pilot.press("enter")
        await until(app, pilot, lambda: isinstance(app.screen, ClusterDiff))
        await pilot.press("escape")
        await until(app, pilot, lambda: table(app).has_focus)


class HostileClusters(FakeClusters):
    """All that it says is hostile."""

    async def of(self, example_id: str) -> AlikeSet:
        members = [Alike(f"ex-{n}", n, text, n % 2 == 0, text, text, text) for n, text in enumerate(PAYLOADS)]
        return AlikeSet(example_id, members)


async def test_hostile_members_of_a_cluster_do_nothing(tmp_path: Path) -> None:
    app = dataset_app(
        tmp_path, curate=HostileCurate(16, make=hostile), clusters=HostileClusters(), studio=HostileStudio()
    )
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("c")
        await until(app, pilot, lambda: isinstance(app.screen, ClusterDiff))
        for y in range(len(PAYLOADS)):
            await pilot.press("down")
            await settle(app, pilot)
            assert unsafe(raw_bytes(app)) == [], y
        await pilot.click("#cluster-text", offset=(8, 2))
        await pilot.press("escape", "y")
        await until(app, pilot, lambda: isinstance(app.screen, CopyWhat))
        assert unsafe(raw_bytes(app)) == []
        await pilot.click("#copy-what", offset=(8, 0))
        await settle(app, pilot)
        await pilot.press("R")
        await settle(app, pilot)
        assert unsafe(raw_bytes(app)) == []
        assert app.is_running and app.return_code is None


@pytest.mark.slow
async def test_the_frame_of_the_example_offers_its_keys_to_the_mouse(tmp_path: Path) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("enter")
        await until(app, pilot, lambda: "the model learns this" in detail(app))
        lines = raw_bytes(app).splitlines()
        [(x, y)] = [(line.index("y copy"), y) for y, line in enumerate(lines) if "y copy" in line]
        await pilot.click(offset=(x + 2, y))
        await until(app, pilot, lambda: isinstance(app.screen, CopyWhat))
        await pilot.press("escape")
        await pilot.click(offset=(lines[y].index("R JSON") + 2, y))
        await until(app, pilot, lambda: '"messages": [' in detail(app))
