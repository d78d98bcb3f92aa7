"""Going from a dialogue to a place on another screen: a collection on Collect, an example on Dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from textual.screen import ModalScreen

if TYPE_CHECKING:
    from webtune_tui.tui.app import WebtuneApp


@runtime_checkable
class Reveals(Protocol):
    """A screen that can show one of its things by its id."""

    async def reveal(self, thing_id: str) -> None:
        """Puts the cursor on it."""
        ...


def to_collection(app: WebtuneApp, collection_id: str) -> None:
    """Closes what is open over the screens and shows a collection."""
    app.run_worker(_go(app, "collect", collection_id), group="jump", exclusive=True, exit_on_error=False)


def to_example(app: WebtuneApp, example_id: str) -> None:
    """Closes what is open over the screens and shows an example of the working version."""
    app.run_worker(_go(app, "dataset", example_id), group="jump", exclusive=True, exit_on_error=False)


async def _go(app: WebtuneApp, stage: str, thing_id: str) -> None:
    while isinstance(app.screen, ModalScreen):
        await app.screen.dismiss(None)
    await app.action_show_stage(stage)
    screen = app.screen
    if isinstance(screen, Reveals):
        await screen.reveal(thing_id)
