"""The app's one door for failures: a service's error becomes words for the person, a fault of ours a report."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from textual.css.query import NoMatches
from textual.message import Message
from textual.message_pump import MessagePump
from textual.worker import Worker, WorkerState

from webtune_tui.domain.errors import InternalFault, TryLater, UsageError, WebtuneError
from webtune_tui.domain.masking import mask
from webtune_tui.domain.terminal_text import display

if TYPE_CHECKING:
    from webtune_tui.tui.app import WebtuneApp

_TOAST_SECONDS = 10


class ReportsErrors(MessagePump):
    """Mixed into the app, every screen and dialogue: what fails in a worker or a handler ends at the door."""

    async def _dispatch_message(self, message: Message) -> None:
        """A handler's expected failure is shown; without this it would end the whole message loop of the screen."""
        try:
            await super()._dispatch_message(message)
        except WebtuneError as error:
            show(cast("WebtuneApp", self.app), error)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Hands a failed worker's error to :func:`show`; cancelled ones are no failure."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            show(cast("WebtuneApp", self.app), event.worker.error)


def show(app: WebtuneApp, error: BaseException) -> None:
    """A message for an expected failure; the app ends with a report for anything else."""
    if isinstance(error, asyncio.CancelledError) or (app.is_leaving and isinstance(error, NoMatches)):
        return  # stopped on purpose, or its widgets went with the app
    if isinstance(error, InternalFault) or not isinstance(error, WebtuneError):
        app.crash(error)
    elif isinstance(error, TryLater | UsageError):
        app.notify(words(error), severity="warning", timeout=_TOAST_SECONDS)
    else:
        _show_dialogue(app, error)


def words(error: WebtuneError) -> str:
    """What happened and what to do next, safe to show, without keys."""
    return mask(display("\n".join(part for part in (error.message, error.hint) if part), limit=2000))


def _show_dialogue(app: WebtuneApp, error: WebtuneError) -> None:
    from webtune_tui.tui.modals.message import Message as MessageDialogue

    details = [f"{name}: {value}" for name, value in sorted(error.fields.items())]
    dialogue = MessageDialogue(
        "That did not work",
        mask(display(error.message, limit=4000)),
        hint=mask(display(error.hint, limit=2000)),
        details=mask(display("\n".join([f"error: {error.code}", *details]), limit=8000)),
    )
    if not (isinstance(app.screen, MessageDialogue) and app.screen.says_the_same_as(dialogue)):
        app.push_screen(dialogue)
