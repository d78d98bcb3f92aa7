"""The screen Chat as a person uses it, on fake services."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.tui.fake_services import (
    BASE,
    Answer,
    AppOnFakes,
    FakeChatService,
    FakeCurateService,
    fake_services,
    held_out,
    until,
)
from textual.pilot import Pilot
from textual.widgets import ContentSwitcher, Select, Static

from webtune_tui.domain.errors import RateLimited
from webtune_tui.domain.examples import Message
from webtune_tui.providers.base import ChatEnd
from webtune_tui.services.chat import ChatModel, ChatTurn
from webtune_tui.tui.modals.conversations import Conversations
from webtune_tui.tui.modals.message import Message as MessageDialog
from webtune_tui.tui.widgets.answer_pane import AnswerPane
from webtune_tui.tui.widgets.prompt_area import PromptArea
from webtune_tui.tui.widgets.safe_text_area import SafeTextArea

HOSTILE = "[@click=app.quit]CLICK[/] [/ [red]x \x1b]52;c;UFdORUQ=\x07 \x9b31m [go](https://evil.example/x) "
PLAIN = ChatModel(BASE.model, "local", "SmolLM2-135M-Instruct", False)
TUNED = ChatModel("ft:shop", "local", "shop", True, pair=BASE.model, system="You write for a shop.", job_id="job-1")


def start(chat: FakeChatService, folder: Path, **others: Any) -> AppOnFakes:
    return AppOnFakes("chat", fake_services(chat=chat, **others), folder)


def pane(app: AppOnFakes, side: str) -> AnswerPane:
    return app.screen.query_one(f"#chat-{side}", AnswerPane)


def text(app: AppOnFakes, side: str) -> str:
    return pane(app, side).transcript.plain


def status(app: AppOnFakes, side: str) -> str:
    return str(pane(app, side).query_one(".pane-status", Static).content)


def is_open(app: AppOnFakes) -> bool:
    return app.screen.query_one("#chat-views", ContentSwitcher).current == "chat-talk"


async def test_both_answer_the_same_question_under_the_training_prompt(tmp_path: Path) -> None:
    chat = FakeChatService([TUNED, PLAIN])
    chat.answers = {TUNED.model: Answer(["A **tote**."]), PLAIN.model: Answer(["Sure!"])}
    app = start(chat, tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app))
        assert "You write for a shop." in str(app.screen.query_one("#chat-system-line", Static).content)
        await pilot.press(*"Hi?", "enter")
        await until(pilot, lambda: "A tote." in text(app, "right") and "Sure!" in text(app, "left"))
        await until(pilot, lambda: "stop · 12 tokens · " in text(app, "right"))
        wanted = (Message("system", "You write for a shop."), Message("user", "Hi?"))
        assert sorted(chat.asked) == sorted([(PLAIN.model, wanted), (TUNED.model, wanted)])
        assert app.screen.query_one(PromptArea).text == ""


async def test_the_keys_of_the_app_work_on_arrival_and_a_letter_starts_a_question(tmp_path: Path) -> None:
    app = start(FakeChatService([TUNED, PLAIN]), tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app))
        await pilot.press("4")
        await until(pilot, lambda: app.screen.name == "fine_tune")
        await pilot.press("5")
        await until(pilot, lambda: app.screen.name == "chat")
        await pilot.press(*"Tell 4 of 5", "escape", "4")
        await until(pilot, lambda: app.screen.name == "fine_tune")
        await pilot.press("5")
        await until(pilot, lambda: app.screen.name == "chat" and app.screen.query_one(PromptArea).text == "Tell 4 of 5")


async def test_the_second_column_waits_for_its_turn_on_this_machine(tmp_path: Path) -> None:
    chat = FakeChatService([TUNED, PLAIN], in_turn=True)
    gate = asyncio.Event()
    chat.answers = {PLAIN.model: Answer(["First"], gate=gate)}
    app = start(chat, tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app))
        await pilot.press("x", "enter")
        await until(pilot, lambda: "First" in text(app, "left"))
        assert "waiting for its turn" in status(app, "right")
        gate.set()
        await until(pilot, lambda: "Hello there" in text(app, "right"))
        assert status(app, "right") == ""


async def test_esc_stops_both_keeps_what_came_and_marks_it_incomplete(tmp_path: Path) -> None:
    chat = FakeChatService([TUNED, PLAIN])
    never = asyncio.Event()
    chat.answers = {PLAIN.model: Answer(["Half an"], gate=never), TUNED.model: Answer(["Also half"], gate=never)}
    app = start(chat, tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app))
        await pilot.press("x", "enter")
        await until(pilot, lambda: "Half an" in text(app, "left") and "Also half" in text(app, "right"))
        await pilot.press("escape")
        await until(pilot, lambda: sorted(chat.stopped) == sorted([PLAIN.model, TUNED.model]))
        await until(pilot, lambda: "stopped by you, incomplete" in text(app, "left").replace("\n", " "))
        assert "Half an" in text(app, "left")
        answer = pane(app, "right").answer
        assert answer is not None
        assert not answer.is_whole
        (kept,) = [turn for turns in chat.turns.values() for turn in turns if turn.model == PLAIN.model]
        assert (kept.content, kept.finish_reason) == ("Half an", None)


async def test_a_column_that_fails_leaves_the_other_going_and_is_not_comparable(tmp_path: Path) -> None:
    chat = FakeChatService([TUNED, PLAIN])
    gate = asyncio.Event()
    chat.answers = {
        PLAIN.model: Answer(["Some"], end=RateLimited("Too many requests", retry_after=30, hint="Wait 30 s.")),
        TUNED.model: Answer(["Goes"], gate=gate),
    }
    app = start(chat, tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app))
        await pilot.press("x", "enter")
        await until(pilot, lambda: "Too many requests" in text(app, "left"))
        assert "failed, not comparable" in text(app, "left")
        assert "Wait 30 s." in text(app, "left")
        assert pane(app, "right").is_streaming
        gate.set()
        await until(pilot, lambda: not pane(app, "right").is_streaming)
        assert "stop · 12 tokens" in text(app, "right")
        assert not isinstance(app.screen, MessageDialog)


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (ChatEnd(None), "broken off, incomplete"),
        (None, "broken off, incomplete"),
        (ChatEnd("length", {"completion_tokens": 512}), "cut at the token limit · 512 tokens"),
        (ChatEnd("content_filter"), "withheld by the provider's filter"),
        (ChatEnd("[red]odd\x1b"), "[red]odd␛"),
    ],
)
async def test_every_way_an_answer_can_end_is_told_apart(tmp_path: Path, end: ChatEnd | None, words: str) -> None:
    chat = FakeChatService([PLAIN])
    chat.answers = {PLAIN.model: Answer(["Text"], end=end)}
    app = start(chat, tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app))
        await pilot.press("x", "enter")
        await until(pilot, lambda: words in text(app, "left"))


async def test_an_empty_answer_says_so(tmp_path: Path) -> None:
    chat = FakeChatService([PLAIN])
    chat.answers = {PLAIN.model: Answer([])}
    app = start(chat, tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app))
        await pilot.press("x", "enter")
        await until(pilot, lambda: "the answer is empty" in text(app, "left"))


async def test_hostile_answers_titles_and_prompts_cannot_act(tmp_path: Path) -> None:
    strange = ChatModel(HOSTILE, HOSTILE, HOSTILE, False)
    tuned = ChatModel("t", "local", HOSTILE, True, system=HOSTILE)
    chat = FakeChatService([tuned, strange])
    chat.answers = {HOSTILE: Answer([HOSTILE] * 3), "t": Answer(["```\n" + HOSTILE, "\n| " + HOSTILE + " |\n|---|\n"])}
    app = start(chat, tmp_path, curate=FakeCurateService(examples=[held_out(1)]))
    opened: list[str] = []
    app.open_url = lambda url, *, new_tab=True: opened.append(url)  # type: ignore[method-assign]  # to see a click's effect
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app))
        app.screen.query_one(PromptArea).text = HOSTILE
        await pilot.press("enter", "enter")
        await until(pilot, lambda: text(app, "left").count("CLICK") == 4 and not pane(app, "right").is_streaming)
        for words in ("CLICK", "go (https"):
            for y, line in enumerate(text(app, "left").split("\n")):
                if words in line:
                    await pilot.click("#left-transcript", offset=(line.index(words) + 1, y))
        await pilot.press("escape")
        assert app.is_running
        assert opened == []
        assert "\x1b" not in text(app, "left") + text(app, "right") + app.export_screenshot()


async def test_copy_gives_clean_text(tmp_path: Path) -> None:
    chat = FakeChatService([PLAIN])
    chat.answers = {PLAIN.model: Answer(["Clean \x1b]52;c;eA==\x07 **text**\n"])}
    app = start(chat, tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app))
        await pilot.press("x", "enter")
        await until(pilot, lambda: "stop" in text(app, "left"))
        await pilot.press("ctrl+y")
        await until(pilot, lambda: app.clipboard.startswith("Clean"))
        assert app.clipboard == "Clean ␛]52;c;eA==␇ **text**\n"


async def test_a_held_out_question_brings_its_prompt_and_its_own_answer(tmp_path: Path) -> None:
    chat = FakeChatService([TUNED, PLAIN])
    app = start(chat, tmp_path, curate=FakeCurateService(examples=[held_out(1), held_out(2)]))
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app))
        prompt = app.screen.query_one(PromptArea)
        for wanted in ("Describe item 1", "Describe item 2", "Describe item 1"):
            await pilot.press("ctrl+t")
            await until(pilot, lambda wanted=wanted: prompt.text == wanted)  # type: ignore[misc]  # bound now
        assert str(prompt.border_title) == "Held-out question 1 of 2"
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, MessageDialog) and app.screen.text == "Good.")
        await pilot.press("escape")
        await pilot.press("enter")
        await until(pilot, lambda: len(chat.asked) == 2)
        assert chat.asked[0][1][0] == Message("system", "You write for a shop.")


async def test_the_system_prompt_can_be_changed_for_the_next_question(tmp_path: Path) -> None:
    chat = FakeChatService([PLAIN])
    app = start(chat, tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app))
        await pilot.press("ctrl+s")
        await pilot.press(*"Be kind", "escape")
        await pilot.press("x", "enter")
        await until(pilot, lambda: chat.asked)
        assert chat.asked[0][1] == (Message("system", "Be kind"), Message("user", "x"))
        assert not app.screen.query_one("#chat-system", SafeTextArea).has_class("-open")


async def test_a_further_question_carries_each_columns_own_answers(tmp_path: Path) -> None:
    chat = FakeChatService([TUNED, PLAIN])
    chat.answers = {PLAIN.model: Answer(["base says"]), TUNED.model: Answer(["tuned says"])}
    app = start(chat, tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app))
        await pilot.press("a", "enter")
        await until(pilot, lambda: "stop" in text(app, "left") and "stop" in text(app, "right"))
        await pilot.press("b", "enter")
        await until(pilot, lambda: len(chat.asked) == 4)
        second = dict(chat.asked[2:])
        assert [m.content for m in second[PLAIN.model]][1:] == ["a", "base says", "b"]
        assert [m.content for m in second[TUNED.model]][1:] == ["a", "tuned says", "b"]


async def test_a_question_typed_while_an_answer_comes_is_kept(tmp_path: Path) -> None:
    chat = FakeChatService([PLAIN])
    chat.answers = {PLAIN.model: Answer(["One"], gate=asyncio.Event())}
    app = start(chat, tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app))
        await pilot.press("a", "enter")
        await until(pilot, lambda: "One" in text(app, "left"))
        await pilot.press("b", "enter")
        await pilot.pause()
        assert app.screen.query_one(PromptArea).text == "b"
        assert len(chat.asked) == 1


async def test_what_was_said_last_stands_there_again_and_ctrl_n_starts_anew(tmp_path: Path) -> None:
    chat = FakeChatService([TUNED, PLAIN])
    chat.turns["chat-last"] = [
        ChatTurn("chat-last", "", "user", "Last question", "2026-11-20T10:00:00.000Z"),
        ChatTurn("chat-last", TUNED.model, "assistant", "tuned, last", "2026-11-20T10:00:01.000Z", "stop", 1.0),
    ]
    app = start(chat, tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app) and "tuned, last" in text(app, "right"))
        assert "Last question" in text(app, "right")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "tuned, last" not in text(app, "right"))


async def test_kept_conversations_open_again_in_their_columns(tmp_path: Path) -> None:
    chat = FakeChatService([TUNED, PLAIN])
    chat.turns["chat-old"] = [
        ChatTurn("chat-old", "", "user", "Old question", "2026-11-20T10:00:00.000Z"),
        ChatTurn("chat-old", TUNED.model, "assistant", "tuned, old", "2026-11-20T10:00:01.000Z", "stop", 1.0),
        ChatTurn("chat-old", PLAIN.model, "assistant", "base, old", "2026-11-20T10:00:02.000Z", None, 2.0),
    ]
    app = start(chat, tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app))
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, Conversations))
        await pilot.press("enter")
        await until(pilot, lambda: is_open(app) and "tuned, old" in text(app, "right"))
        assert "base, old" in text(app, "left")
        assert "incomplete · 2.0 s" in text(app, "left")
        assert "Old question" in text(app, "left")
        await pilot.press("n", "enter")
        await until(pilot, lambda: len(chat.asked) == 2)
        assert "chat-old" in chat.turns


async def test_without_a_tuned_model_the_base_alone_answers_and_the_way_on_is_told(tmp_path: Path) -> None:
    chat = FakeChatService([PLAIN])
    app = start(chat, tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app))
        await until(pilot, lambda: "Key 4 trains one" in text(app, "right").replace("\n", " "))
        await pilot.press("x", "enter")
        await until(pilot, lambda: "Hello there" in text(app, "left"))
        assert [model for model, _ in chat.asked] == [PLAIN.model]


async def test_without_any_model_it_points_to_fine_tune(tmp_path: Path) -> None:
    app = start(FakeChatService([]), tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await until(
            pilot, lambda: "No model to talk to yet" in str(app.screen.query_one(".empty-title", Static).content)
        )
        await pilot.press("ctrl+t", "ctrl+y", "ctrl+n")
        await pilot.press("4")
        await until(pilot, lambda: app.screen.name == "fine_tune")


async def test_another_tuned_model_brings_its_base_and_its_prompt(tmp_path: Path) -> None:
    other_base = ChatModel("other/base", "local", "Other", False)
    other = ChatModel("ft:other", "local", "other", True, pair="other/base", system="Be brief.")
    app = start(FakeChatService([TUNED, other, PLAIN, other_base]), tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app) and pane(app, "left").model == PLAIN)
        app.screen.query_one("#right-model", Select).value = "local\nft:other"
        await until(pilot, lambda: pane(app, "left").model == other_base)
        assert app.screen.query_one("#chat-system", SafeTextArea).text == "Be brief."


async def test_a_long_stream_is_drawn_whole_at_every_size(tmp_path: Path) -> None:
    chat = FakeChatService([TUNED, PLAIN])
    pieces = [f"Line {number} with **words**.\n\n" if number % 3 else f"- item {number}\n" for number in range(300)]
    chat.answers = {PLAIN.model: Answer(pieces), TUNED.model: Answer(pieces)}
    app = start(chat, tmp_path)
    async with app.run_test(size=(200, 60), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app))
        await pilot.press("x", "enter")
        for width, height in ((60, 16), (40, 10), (200, 60), (80, 24), (20, 5), (120, 40)):
            await pilot.resize_terminal(width, height)
            await pilot.pause()
        await until(pilot, lambda: "stop" in text(app, "left") and "stop" in text(app, "right"))
        for number in (0, 1, 150, 299):
            assert f"item {number}" in text(app, "left") or f"Line {number} with words." in text(app, "left")
        assert pane(app, "left").transcript.is_vertical_scroll_end


async def test_scrolling_up_while_an_answer_streams_stays_where_one_reads(tmp_path: Path) -> None:
    chat = FakeChatService([PLAIN])
    gate = asyncio.Event()
    chat.answers = {PLAIN.model: Answer([f"Line {number}.\n\n" for number in range(80)], gate=gate)}
    app = start(chat, tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app))
        await pilot.press("x", "enter")
        transcript = pane(app, "left").transcript
        await until(pilot, lambda: "Line 79." in transcript.plain)
        transcript.scroll_home(animate=False)
        await until(pilot, lambda: transcript.scroll_y == 0)
        gate.set()
        await until(pilot, lambda: "stop" in transcript.plain)
        assert transcript.scroll_y == 0


async def both_answered(app: AppOnFakes, pilot: Pilot[None]) -> None:
    """Asks a question and waits for both answers."""
    await until(pilot, lambda: is_open(app))
    await pilot.press("x", "enter")
    await until(pilot, lambda: "stop" in text(app, "left") and "stop" in text(app, "right"))


def marks(app: AppOnFakes) -> tuple[bool, bool]:
    left, right = (str(pane(app, side).border_subtitle or "") for side in ("left", "right"))
    return left.startswith("+"), right.startswith("+")


def offered(app: AppOnFakes) -> bool:
    return "plus" in app.screen.active_bindings


async def test_plus_marks_the_better_answer_and_takes_the_mark_away_again(tmp_path: Path) -> None:
    chat = FakeChatService([TUNED, PLAIN])
    chat.answers = {PLAIN.model: Answer([HOSTILE]), TUNED.model: Answer(["A good answer."])}
    app = start(chat, tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await both_answered(app, pilot)
        pane(app, "right").transcript.focus()
        await until(pilot, lambda: offered(app))
        await pilot.press("plus")
        await until(pilot, lambda: marks(app) == (False, True))
        pane(app, "left").transcript.focus()
        await pilot.press("plus")
        await until(pilot, lambda: marks(app) == (True, False))
        (turns,) = chat.turns.values()
        assert [(turn.model, turn.is_preferred) for turn in turns if turn.role == "assistant"] == [
            (PLAIN.model, True),
            (TUNED.model, False),
        ] or [turn.is_preferred for turn in turns if turn.role == "assistant"] == [False, True]
        await pilot.press("plus")
        await until(pilot, lambda: marks(app) == (False, False))


async def test_a_kept_conversation_shows_its_mark_and_a_new_one_has_none(tmp_path: Path) -> None:
    chat = FakeChatService([TUNED, PLAIN])
    chat.turns["chat-1"] = [
        ChatTurn("chat-1", "", "user", "Hi?", "2026-11-22T13:00:00.000Z"),
        ChatTurn("chat-1", PLAIN.model, "assistant", "Plain.", "2026-11-22T13:00:00.000Z", "stop", 1.0, False),
        ChatTurn("chat-1", TUNED.model, "assistant", "Tuned.", "2026-11-22T13:00:00.000Z", "stop", 1.0, True),
    ]
    app = start(chat, tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app))
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, Conversations))
        await pilot.press("enter")
        await until(pilot, lambda: is_open(app) and marks(app) == (False, True))
        assert offered(app)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: marks(app) == (False, False))
        assert not offered(app)


async def test_only_two_whole_answers_to_the_first_question_can_be_compared(tmp_path: Path) -> None:
    chat = FakeChatService([TUNED, PLAIN])
    chat.answers = {TUNED.model: Answer(["cut"], end=ChatEnd("length", {}))}
    app = start(chat, tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: is_open(app))
        await pilot.press("x", "enter")
        await until(pilot, lambda: "stop" in text(app, "left") and "cut at the token limit" in text(app, "right"))
        assert not offered(app)
        chat.answers = {}
        await pilot.press("ctrl+n")
        await both_answered(app, pilot)
        await until(pilot, lambda: offered(app))
        await pilot.press("y", "enter")
        await until(pilot, lambda: text(app, "left").count("stop") == 2 and text(app, "right").count("stop") == 2)
        assert not offered(app)
