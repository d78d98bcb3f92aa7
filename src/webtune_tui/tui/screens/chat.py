"""The screen Chat: base and tuned model answer the same question side by side."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from contextlib import aclosing
from functools import partial
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import ContentSwitcher, OptionList, Select, Static, TextArea

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.examples import Example, Message, Split
from webtune_tui.domain.masking import mask
from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.providers.base import ChatDelta, ChatEnd
from webtune_tui.services.chat import ChatModel, ChatTurn
from webtune_tui.tui.modals.conversations import Conversations
from webtune_tui.tui.modals.message import Message as MessageDialog
from webtune_tui.tui.screens.base import StageScreen
from webtune_tui.tui.widgets.answer_pane import STOPPED, AnswerPane
from webtune_tui.tui.widgets.empty_state import EmptyState
from webtune_tui.tui.widgets.prompt_area import PromptArea
from webtune_tui.tui.widgets.safe_text_area import SafeTextArea

_TOKENS_PER_ANSWER = 512


class ChatScreen(StageScreen):
    """Two columns, one question. Each column has its own history, so that both see only their own answers."""

    TITLE = "Chat"
    KEY = "5"
    ORDER = 5
    HELP = (
        "Ask the base and the tuned model the same question and compare. The system prompt is the one the model "
        "was trained with; change it with ctrl+s. ctrl+t takes a question from the held-out test examples, which "
        "no model has seen. + marks the answer of the column with the focus (tab) as the better one of the two; such "
        "pairs can be taught: webtune dataset pairs. esc stops an answer; what has come is kept and marked incomplete."
    )
    CSS_PATH = "chat.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t", "held_out", "Held-out", tooltip="The next question of the test split"),
        Binding("ctrl+r", "reference", "Its answer", tooltip="The answer that the test split has for the question"),
        Binding("ctrl+s", "system", "System", tooltip="Show and change the system prompt"),
        Binding("ctrl+n", "new_chat", "New", tooltip="Start a new conversation"),
        Binding("ctrl+o", "open_chat", "History", tooltip="Open a kept conversation"),
        Binding(
            "plus", "prefer", "Better", key_display="+", tooltip="Mark the answer of this column as the better one"
        ),
        Binding("ctrl+y", "copy", "Copy", priority=True, tooltip="Copy the answer of the column with the focus"),
    ]

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)
        self._conversation = _new_conversation()
        self._histories: dict[str, list[Message]] = {"left": [], "right": []}
        self._answering: dict[str, str] = {}
        self._turn_began = {"left": 0.0, "right": 0.0}
        self._waiting: set[str] = set()
        self._held_out = -1
        self._reference: Example | None = None
        self._models: Sequence[ChatModel] = ()

    def compose_body(self) -> ComposeResult:
        with ContentSwitcher(initial="chat-empty", id="chat-views"):
            yield EmptyState("Chat", "Looking for models.", id="chat-empty")
            with Vertical(id="chat-talk"):
                yield Static(id="chat-system-line", markup=False)
                yield SafeTextArea(id="chat-system", classes="panel")
                with Horizontal(id="chat-panes"):
                    yield AnswerPane("left", id="chat-left", classes="panel")
                    yield AnswerPane("right", id="chat-right", classes="panel")
                yield PromptArea(id="chat-prompt", classes="panel", placeholder="Ask both")

    def on_mount(self) -> None:
        self.query_one("#chat-system").border_title = "System prompt"
        self.query_one(PromptArea).border_title = "Question"
        self._hint_at_keys()

    # Coming and going

    async def shown(self) -> None:
        try:
            self._models = await self.services.chat.models()
        except WebtuneError as error:
            self._models = ()
            self._show_empty(error)
            return
        if not self._models:
            self._show_empty(None)
            return
        is_first = self._views.current != "chat-talk"
        self._views.current = "chat-talk"
        self._offer_models(is_first)
        if is_first:
            await self._show_newest_conversation()
            self.focus_home()

    async def _show_newest_conversation(self) -> None:
        """What was said last stands there again when the app is opened; ctrl+n starts anew."""
        newest = await self.services.chat.conversations(1)
        if newest and not self._is_streaming:
            conversation = newest[0][0]
            self._show_conversation(conversation, await self.services.chat.history(conversation))

    def focus_home(self) -> None:
        """A transcript, so that the keys of the app work at once; any letter starts a question."""
        if self._views.current == "chat-talk":
            self._pane("right" if self._right_is_used else "left").transcript.focus()

    def on_key(self, event: events.Key) -> None:
        """Typing anywhere starts a question; enter goes to the field."""
        is_elsewhere = isinstance(self.focused, TextArea | Select | OptionList)
        if not self._is_talking or is_elsewhere or event.key in self.active_bindings:
            return
        prompt = self.query_one(PromptArea)
        if event.key == "enter" or (event.is_printable and event.character):
            event.stop()
            prompt.focus()
            if event.character and event.is_printable:
                prompt.insert(event.character)

    def on_descendant_focus(self) -> None:
        """The field tells what its keys do."""
        self._hint_at_keys()

    def on_descendant_blur(self) -> None:
        """The field tells how to get to it."""
        self._hint_at_keys()

    def _hint_at_keys(self) -> None:
        prompt = self.query_one(PromptArea)
        typing = "enter asks, shift+enter makes a line, esc leaves"
        prompt.border_subtitle = typing if prompt.has_focus else "type to ask"

    def action_back(self) -> None:
        """Stops the answers; else closes the system prompt; else leaves the field."""
        if self._is_streaming:
            self.workers.cancel_group(self, "answer-left")
            self.workers.cancel_group(self, "answer-right")
        elif self.query_one("#chat-system").has_focus:
            self._close_system()
        else:
            self.focus_home()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Shows the keys only where they do something."""
        if action in ("held_out", "system", "new_chat", "copy") and not self._is_talking:
            return False
        if action == "reference" and (not self._is_talking or self._reference is None):
            return False
        if action == "prefer" and not (self._is_talking and self._can_choose):
            return False
        return super().check_action(action, parameters)

    @property
    def _can_choose(self) -> bool:
        """Whether two models have answered one question whole, and under the same prompt: the first of a chat."""
        if any(len(pane.answers) != 1 or pane.is_streaming or not pane.answers[0].is_whole for pane in self._panes):
            return False
        return len(set(self._answering.values())) == len(self._panes)

    @property
    def _views(self) -> ContentSwitcher:
        return self.query_one("#chat-views", ContentSwitcher)

    @property
    def _is_talking(self) -> bool:
        return self.is_mounted and self._views.current == "chat-talk"

    @property
    def _is_streaming(self) -> bool:
        return any(pane.is_streaming for pane in self._panes)

    @property
    def _panes(self) -> tuple[AnswerPane, AnswerPane]:
        return self._pane("left"), self._pane("right")

    @property
    def _right_is_used(self) -> bool:
        return self._pane("right").model is not None

    def _pane(self, side: str) -> AnswerPane:
        return self.query_one(f"#chat-{side}", AnswerPane)

    def _show_empty(self, error: WebtuneError | None) -> None:
        self._views.current = "chat-empty"
        empty = self.query_one("#chat-empty", EmptyState)
        if error is not None:
            empty.show("No model can be asked here yet", mask(f"{error.message}\n\n{error.hint}"), [("4", "fine-tune")])
            return
        empty.show(
            "No model to talk to yet",
            "Base and tuned model answer the same question here, side by side. "
            "Add a base model or tune one first; both happen on the screen Fine-tune.",
            [("4", "set up a fine-tuning job"), ("?", "help for this screen")],
        )

    # Models and system prompt

    def _offer_models(self, is_first: bool) -> None:
        tuned = [model for model in self._models if model.is_tuned]
        right = tuned[0] if tuned and (is_first or not self._right_is_used) else None
        left = self._base_of(right) if right is not None or is_first else None
        self._pane("left").set_models(self._models, left)
        self._pane("right").set_models(tuned, right)
        if is_first:
            self._set_system(right.system if right else "")
            self._clear_panes()

    def _base_of(self, tuned: ChatModel | None) -> ChatModel | None:
        bases = [model for model in self._models if not model.is_tuned]
        if tuned is not None:
            pairs = [model for model in bases if model.model == tuned.pair and model.provider == tuned.provider]
            bases = pairs or [model for model in bases if model.provider == tuned.provider] or bases
        return bases[0] if bases else (self._models[0] if self._models else None)

    def _clear_panes(self) -> None:
        left, right = self._panes
        left.border_title = "Base"
        right.border_title = "Tuned"
        left.clear("Ask something below: both answer the same question.")
        if self._right_is_used:
            right.clear("ctrl+t takes a question that no model has seen in training.")
        else:
            left.clear("The base model answers here. Ask something below.")
            right.clear("No tuned model yet. Key 4 trains one; its answers stand here then, beside those of the base.")

    @on(AnswerPane.ModelChosen)
    def model_chosen(self, event: AnswerPane.ModelChosen) -> None:
        """A tuned model brings its base and its training prompt with it."""
        model = event.model
        if model is None or not model.is_tuned or event.pane.side != "right":
            return
        self._pane("left").set_models(self._models, self._base_of(model))
        self._set_system(model.system)

    def _set_system(self, text: str) -> None:
        self.query_one("#chat-system", SafeTextArea).text = text
        self._show_system_line()

    def _show_system_line(self) -> None:
        text = self.query_one("#chat-system", SafeTextArea).text.strip()
        words = display_line(text, limit=300) if text else "none"
        self.query_one("#chat-system-line", Static).update(Content.assemble(("System  ", "$text-muted"), words))

    def action_system(self) -> None:
        """Opens or closes the system prompt."""
        area = self.query_one("#chat-system", SafeTextArea)
        if area.has_class("-open"):
            self._close_system()
        else:
            area.add_class("-open")
            area.focus()

    def _close_system(self) -> None:
        self.query_one("#chat-system").remove_class("-open")
        self._show_system_line()
        self.query_one(PromptArea).focus()

    # Asking

    @on(PromptArea.Sent)
    def question_sent(self, event: PromptArea.Sent) -> None:
        """Asks every column that has a model; the field is emptied only then."""
        question = event.text.strip()
        if not question:
            return
        if self._is_streaming:
            self.notify("An answer is still coming; esc stops it.")
            return
        asked = [(pane, pane.model) for pane in self._panes if pane.model is not None]
        if not asked:
            self.notify("Choose a model first.", severity="warning")
            return
        self.query_one(PromptArea).text = ""
        self._show_system_line()
        for pane, _ in asked:
            pane.ask(question)
        self._answering = {pane.side: model.model for pane, model in asked}
        for pane, model in asked:
            self._say_waiting(pane, model)
            self._start_answer(pane, model, question)

    def _start_answer(self, pane: AnswerPane, model: ChatModel, question: str) -> None:
        self.launch(partial(self._answer, pane, model, question), f"answer-{pane.side}")

    async def _answer(self, pane: AnswerPane, model: ChatModel, question: str) -> None:
        history = self._histories[pane.side]
        system = self.query_one("#chat-system", SafeTextArea).text.strip()
        messages = [*([Message("system", system)] if system else []), *history, Message("user", question)]
        self._turn_began[pane.side] = time.monotonic()
        first_word: float | None = None
        try:
            stream = self.services.chat.answer(
                model, messages, conversation=self._conversation, max_tokens=_TOKENS_PER_ANSWER
            )
            async with aclosing(stream) as items:
                async for item in items:
                    match item:
                        case ChatDelta(text):
                            if first_word is None:
                                first_word = self._seconds(pane)
                                pane.say(f"first word after {first_word:.1f} s; esc stops", busy=True)
                            pane.push(text)
                        case ChatEnd(reason, usage):
                            pane.finish(reason, usage, self._seconds(pane))
        except asyncio.CancelledError:
            pane.finish(None, {}, self._seconds(pane), ending=STOPPED)
            raise
        except WebtuneError as error:
            pane.fail(mask(display(error.message, limit=1000)), mask(display(error.hint, limit=1000)))
        finally:
            if pane.is_streaming:
                pane.finish(None, {}, self._seconds(pane))
            self._waiting.discard(pane.side)
            self._remember(pane, question)
            self._say_other_goes_on(pane)
            self.refresh_bindings()

    def _seconds(self, pane: AnswerPane) -> float:
        """How long the column has been at it; waiting for its turn does not count."""
        return time.monotonic() - self._turn_began[pane.side]

    def _remember(self, pane: AnswerPane, question: str) -> None:
        """Further questions see what was said; a question without an answer is as if it had not been asked."""
        answer = pane.answer.text.source if pane.answer is not None else ""
        if answer.strip():
            self._histories[pane.side] += [Message("user", question), Message("assistant", answer)]

    def _say_waiting(self, pane: AnswerPane, model: ChatModel) -> None:
        left = self._pane("left")
        waits = (
            pane is not left
            and left.is_streaming
            and left.model is not None
            and left.model.provider == model.provider == "local"
        )
        if waits:
            self._waiting.add(pane.side)
        words = "waiting for its turn on this machine" if waits else "thinking; esc stops"
        pane.say(words, busy=True)

    def _say_other_goes_on(self, pane: AnswerPane) -> None:
        for other in self._panes:
            if other is not pane and other.side in self._waiting:
                self._waiting.discard(other.side)
                self._turn_began[other.side] = time.monotonic()
                other.say("thinking; esc stops", busy=True)

    # Held-out questions

    @work(group="held-out", exclusive=True, exit_on_error=False)
    async def action_held_out(self) -> None:
        """Puts the next question of the test split into the field, with its own system prompt."""
        if self._is_streaming:
            return
        number = self._held_out + 1
        page = await self.services.curate.page(split=Split.TEST.value, offset=number, limit=1)
        if not page.examples and number:
            number = 0
            page = await self.services.curate.page(split=Split.TEST.value, offset=0, limit=1)
        if not page.examples:
            self.notify("The dataset has no test split; key 3 prepares one.", severity="warning")
            return
        self._held_out = number
        self.action_new_chat()
        self._reference = page.examples[0]
        self._set_system(self._reference.system)
        prompt = self.query_one(PromptArea)
        prompt.text = self._reference.prompt
        prompt.border_title = f"Held-out question {number + 1} of {page.total}"
        prompt.focus()
        self.refresh_bindings()

    def action_reference(self) -> None:
        """Shows what the dataset has as the answer."""
        if self._reference is not None:
            self.app.push_screen(MessageDialog("The dataset's own answer", self._reference.answer))

    # Conversations

    def action_new_chat(self) -> None:
        """Starts anew; the conversation before stays in the history."""
        if self._is_streaming:
            self.notify("An answer is still coming; esc stops it.")
            return
        self._conversation = _new_conversation()
        self._histories = {"left": [], "right": []}
        self._answering = {}
        self._reference = None
        self.query_one(PromptArea).border_title = "Question"
        self._clear_panes()
        self.refresh_bindings()

    @work(group="conversations", exclusive=True, exit_on_error=False)
    async def action_open_chat(self) -> None:
        """Lists the kept conversations and opens one."""
        if self._is_streaming:
            self.notify("An answer is still coming; esc stops it.")
            return
        kept = await self.services.chat.conversations()
        chosen = await self.app.push_screen_wait(Conversations(kept))
        if chosen is not None:
            self._show_conversation(chosen, await self.services.chat.history(chosen))

    def _show_conversation(self, conversation: str, turns: Sequence[ChatTurn]) -> None:
        self._views.current = "chat-talk"
        self.action_new_chat()
        self._conversation = conversation
        sides = self._sides(turns)
        question = ""
        for turn in turns:
            if turn.role == "system":
                self._set_system(turn.content)
            elif turn.role == "user":
                question = turn.content
            else:
                pane = self._pane(sides[turn.model])
                pane.show_kept(question, turn.content, turn.finish_reason, turn.seconds)
                self._answering[pane.side] = turn.model
                if turn.is_preferred:
                    pane.show_preferred(True)
                self._remember(pane, question)
        self.refresh_bindings()

    def action_prefer(self) -> None:
        """Marks the answer of the column with the focus as the better one; again takes the mark away."""
        pane = next((pane for pane in self._panes if pane.has_focus_within), None)
        if pane is None:
            self.notify("Which one? tab goes to a column, + marks its answer as the better one.")
        elif not self.refuses_editing():
            self.launch(partial(self._prefer, pane, self._conversation), "prefer")

    async def _prefer(self, pane: AnswerPane, conversation: str) -> None:
        is_marked = await self.services.chat.prefer(conversation, self._answering[pane.side])
        if conversation == self._conversation:
            for one in self._panes:
                one.show_preferred(is_marked and one is pane)

    def _sides(self, turns: Sequence[ChatTurn]) -> dict[str, str]:
        """Which column each model of a kept conversation stands in: tuned at the right, else in order."""
        tuned = {model.model for model in self._models if model.is_tuned}
        names = list(dict.fromkeys(turn.model for turn in turns if turn.role == "assistant"))
        names.sort(key=lambda name: name in tuned)
        if len(names) == 1:
            return {names[0]: "right" if names[0] in tuned else "left"}
        return {name: "left" if index == 0 else "right" for index, name in enumerate(names)}

    def action_copy(self) -> None:
        """Copies the newest answer of the column with the focus, else of the tuned one."""
        focused = next((pane for pane in self._panes if pane.has_focus_within), None)
        for pane in (focused, self._pane("right"), self._pane("left")):
            if pane is not None and pane.answer is not None and pane.answer.text.source.strip():
                self.app.copy_to_clipboard(display(pane.answer.text.source))
                title = pane.model.title if pane.model else pane.side
                self.notify(f"The answer of {display_line(title, limit=40)} is copied.")
                return
        self.notify("There is no answer to copy yet.")


def _new_conversation() -> str:
    return f"chat-{uuid.uuid4().hex[:12]}"


SCREEN = ChatScreen
