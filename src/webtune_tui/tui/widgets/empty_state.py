"""What a screen shows before there is anything to show: what this is, what to do next, and the key."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalGroup, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from webtune_tui.domain.terminal_text import display

Step = tuple[str, str]


class EmptyState(VerticalScroll, can_focus=False):
    """A title, a few plain sentences, and steps as (key, words). All texts may be outside text."""

    DEFAULT_CSS = """
    EmptyState { align: center middle; height: 1fr; width: 1fr; }
    EmptyState > .empty-box { width: 64; max-width: 92%; height: auto; }
    EmptyState .empty-title { text-style: bold; color: $primary; margin-bottom: 1; }
    EmptyState .empty-text { color: $foreground; margin-bottom: 1; }
    EmptyState .empty-steps { height: auto; }
    """

    def __init__(
        self,
        title: str,
        text: str,
        steps: Sequence[Step] = (),
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._words = (title, text, tuple(steps))

    def compose(self) -> ComposeResult:
        title, text, steps = self._words
        with VerticalGroup(classes="empty-box"):
            yield Static(Content(display(title)), classes="empty-title", markup=False)
            yield Static(Content(display(text)), classes="empty-text", markup=False)
            yield Static(_steps(steps), classes="empty-steps", markup=False)

    def show(self, title: str, text: str, steps: Sequence[Step] = ()) -> None:
        """Replaces the words."""
        self._words = (title, text, tuple(steps))
        if not self.is_mounted:
            return
        self.query_one(".empty-title", Static).update(Content(display(title)))
        self.query_one(".empty-text", Static).update(Content(display(text)))
        self.query_one(".empty-steps", Static).update(_steps(steps))


def _steps(steps: Sequence[Step]) -> Content:
    width = max((len(key) for key, _ in steps), default=0)
    return Content("\n").join(
        [
            Content.assemble((f" {display(key):^{width}} ", "bold $accent on $panel"), "  ", display(words))
            for key, words in steps
        ]
    )
