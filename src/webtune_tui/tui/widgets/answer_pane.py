"""One column of the chat: a model, what was asked, and its answers as they stream in."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Select, Static

from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.services.chat import ChatModel
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.answer_text import AnswerText, Blank, Block, Paragraph
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.widgets.line_view import LineView

REDRAWS_PER_SECOND = 30
_LONGEST_QUESTION = 20_000
_END_WORDS = {
    "stop": "stop",
    "length": "cut at the token limit",
    "content_filter": "withheld by the provider's filter",
}
STOPPED = "stopped by you, incomplete"
BROKEN_OFF = "broken off, incomplete"
INCOMPLETE = "incomplete"


@dataclass(slots=True)
class ShownAnswer:
    """An answer with what is known of its making. It is whole only with the finish reason ``stop``."""

    text: AnswerText = field(default_factory=AnswerText)
    is_whole: bool = False
    ending: str = ""
    tokens: int | None = None
    seconds: float | None = None
    problem: str = ""

    def words(self) -> str:
        """The line under an answer."""
        parts = [
            self.ending,
            figures.count(self.tokens, "token") if self.tokens is not None else "",
            f"{self.seconds:.1f} s" if self.seconds is not None else "",
        ]
        return f" {GLYPHS.dot} ".join(part for part in parts if part)


class Transcript(LineView):
    """Questions and answers below each other."""

    STYLE_PREFIX = "transcript--"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"transcript--{name}"
        for name in (
            "strong", "emphasis", "struck", "code", "link", "faint", "heading", "bullet", "quote", "rule",
            "question", "note", "incomplete", "problem",
        )
    }  # fmt: skip
    DEFAULT_CSS = """
    Transcript {
        & > .transcript--strong { text-style: bold; }
        & > .transcript--emphasis { text-style: italic; }
        & > .transcript--struck { text-style: strike; }
        & > .transcript--code { color: $text-secondary; }
        & > .transcript--link { text-style: underline; }
        & > .transcript--faint { color: $text-muted; }
        & > .transcript--heading { color: $primary; text-style: bold; }
        & > .transcript--bullet { color: $primary; }
        & > .transcript--quote { color: $text-muted; }
        & > .transcript--rule { color: $text-disabled; }
        & > .transcript--question { color: $accent; }
        & > .transcript--note { color: $text-muted; }
        & > .transcript--incomplete { color: $text-warning; }
        & > .transcript--problem { color: $text-error; }
    }
    """


class AnswerPane(Vertical):
    """Draws the answer that is streaming at most thirty times a second, and of it only what can still change."""

    DEFAULT_CSS = """
    AnswerPane {
        & > Select { height: 1; width: 1fr; }
        & > Transcript { height: 1fr; margin-top: 1; }
        & > .pane-status { height: 1; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
        & > .pane-status.-busy { color: $primary; }
    }
    """

    class ModelChosen(Message):
        """Another model was picked in this column."""

        def __init__(self, pane: AnswerPane, model: ChatModel | None) -> None:
            super().__init__()
            self.pane = pane
            self.model = model

    def __init__(self, side: str, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.side = side
        self._models: dict[str, ChatModel] = {}
        self.answers: list[ShownAnswer] = []
        self._pending: list[str] = []
        self._answer_start = 0
        self._closed_shown = 0
        self._last_draw = 0.0
        self._timer: Timer | None = None
        self.is_streaming = False

    def compose(self) -> ComposeResult:
        yield Select[str]([], id=f"{self.side}-model", compact=True, prompt="no model")
        yield Transcript(id=f"{self.side}-transcript")
        yield Static(classes="pane-status", markup=False)

    def on_mount(self) -> None:
        self._timer = self.set_interval(1 / REDRAWS_PER_SECOND, self._draw_pending, pause=True)

    @property
    def transcript(self) -> Transcript:
        """The scrolling part."""
        return self.query_one(Transcript)

    @property
    def model(self) -> ChatModel | None:
        """The chosen model."""
        value = self.query_one(Select).value
        return self._models.get(value) if isinstance(value, str) else None

    @property
    def answer(self) -> ShownAnswer | None:
        """The newest answer."""
        return self.answers[-1] if self.answers else None

    def set_models(self, models: Sequence[ChatModel], chosen: ChatModel | None) -> None:
        """Fills the picker; keeps what is picked where it is still there and nothing else is ``chosen``."""
        before = self.model
        self._models = {_key(model): model for model in models}
        select = self.query_one(Select)
        with self.prevent(Select.Changed):
            select.set_options([(_label(model), key) for key, model in self._models.items()])
            wanted = chosen or before
            if wanted is not None and _key(wanted) in self._models:
                select.value = _key(wanted)

    @on(Select.Changed)
    def model_changed(self, event: Select.Changed) -> None:
        """Tells the screen, which knows the training prompt of the model."""
        event.stop()
        self.post_message(self.ModelChosen(self, self.model))

    # What is shown

    def clear(self, words: str = "") -> None:
        """An empty column; ``words`` say what it is for."""
        self.answers = []
        self._pending = []
        self.show_preferred(False)
        self.transcript.set_blocks([Paragraph(Content.styled(display(words), "note"))] if words else [])
        self._answer_start = 0
        self.say("")

    def say(self, words: str, *, busy: bool = False) -> None:
        """The line at the foot of the column."""
        line = self.query_one(".pane-status", Static)
        line.update(Content(display_line(words, limit=200)))
        line.set_class(busy, "-busy")

    def ask(self, question: str) -> None:
        """Shows a question; the answer to it streams in next."""
        if not self.answers:
            self.transcript.set_blocks([])
        blocks: list[Block] = [Blank()] if self.transcript.blocks else []
        mark = Content.styled("▎ ", "question")
        words = Content.styled(display(question.strip(), limit=_LONGEST_QUESTION), "question")
        self.transcript.append(*blocks, Paragraph(words, mark, mark), Blank())
        self.answers.append(ShownAnswer())
        self._answer_start = len(self.transcript.blocks)
        self._closed_shown = 0
        self.is_streaming = True
        self.transcript.follow_end()

    def push(self, text: str) -> None:
        """Takes the next piece of the answer; it is drawn at once when the last drawing is long enough ago."""
        self._pending.append(text)
        if self._timer is not None:
            self._timer.resume()
        if time.monotonic() - self._last_draw >= 1 / REDRAWS_PER_SECOND:
            self._draw_pending()

    def finish(self, reason: str | None, usage: Mapping[str, int], seconds: float | None, *, ending: str = "") -> None:
        """Ends the answer. Without a reason it is marked incomplete, and ``ending`` says why."""
        answer = self.answer
        if answer is None:
            return
        self._draw_pending()
        answer.is_whole = reason == "stop"
        answer.seconds = seconds
        answer.tokens = usage.get("completion_tokens")
        answer.ending = ending or (
            BROKEN_OFF if reason is None else _END_WORDS.get(reason, display_line(reason, limit=30))
        )
        if not answer.text.source.strip() and reason is not None:
            answer.ending = " and ".join(part for part in ("the answer is empty", answer.ending) if part)
        self._end(answer)

    def fail(self, words: str, hint: str = "") -> None:
        """Ends the answer with what went wrong; what had come is kept."""
        answer = self.answer
        if answer is None:
            return
        self._draw_pending()
        answer.problem = "\n".join(part for part in (words, hint) if part)
        answer.ending = "failed, not comparable"
        self._end(answer)

    def show_preferred(self, is_preferred: bool) -> None:
        """Whether the answer is marked as the better one of both columns."""
        self.border_subtitle = "+ the better first answer" if is_preferred else ""

    def show_kept(self, question: str, text: str, reason: str | None, seconds: float | None) -> None:
        """A question with its kept answer."""
        self.ask(question)
        self.push(text)
        self.finish(reason, {}, seconds, ending="" if reason else INCOMPLETE)

    def _end(self, answer: ShownAnswer) -> None:
        self.is_streaming = False
        if self._timer is not None:
            self._timer.pause()
        blocks: list[Block] = []
        if answer.problem:
            blocks.append(Paragraph(Content.styled(display(answer.problem, limit=2000), "problem")))
        style = "note" if answer.is_whole and answer.text.source.strip() else "incomplete"
        if words := answer.words():
            blocks.append(Paragraph(Content.styled(words, style)))
        if blocks and answer.text.source.strip():
            blocks.insert(0, Blank())
        self.transcript.append(*blocks)
        self.say("")

    def _draw_pending(self) -> None:
        answer = self.answer
        if not self._pending or answer is None:
            return
        answer.text.append("".join(self._pending))
        self._pending.clear()
        closed = answer.text.closed
        self.transcript.replace_from(
            self._answer_start + self._closed_shown, [*closed[self._closed_shown :], *answer.text.open()]
        )
        self._closed_shown = len(closed)
        self._last_draw = time.monotonic()


def _key(model: ChatModel) -> str:
    return f"{model.provider}\n{model.model}"


def _label(model: ChatModel) -> Content:
    kind = "tuned" if model.is_tuned else "base"
    return Content.assemble(
        (f"{kind:<5} ", "$accent" if model.is_tuned else "$text-muted"),
        display_line(model.title or model.model, limit=60),
        (f"  {display_line(model.provider, limit=16)}", "$text-muted"),
    )
