"""The review: one example whole, a key or a button for each verdict, and how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import HorizontalGroup, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Static

from webtune_tui.domain.datasets import RecordOrigin
from webtune_tui.domain.examples import Example
from webtune_tui.domain.reviews import Review, Verdict
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.presentation.example_detail import ExampleView, detail_lines
from webtune_tui.tui.presentation.reviews import end_words, progress_words
from webtune_tui.tui.presentation.text_layout import StyledLine, wrap
from webtune_tui.tui.widgets.styled_lines import StyledLines


class ReviewText(StyledLines, inherit_bindings=False):
    """The example; letters are verdicts here, so that arrows and page keys alone scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_lines(-1)", "Up", show=False),
        Binding("down", "scroll_lines(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "scroll_page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+f,space", "scroll_page(1)", "Page down", show=False),
        Binding("home", "scroll_to_top", "Top", show=False),
        Binding("end", "scroll_to_bottom", "Bottom", show=False),
    ]


class ReviewPane(Vertical):
    """Shows what is to be judged and says what was decided."""

    DEFAULT_CSS = """
    ReviewPane { height: 1fr; }
    ReviewPane .review-line { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    ReviewPane #review-rule { color: $text-muted; }
    ReviewPane ReviewText { height: 1fr; padding: 0 1; border-top: hkey $border-blurred; }
    ReviewPane #review-buttons { height: 1; padding: 0 1; background: $panel; }
    ReviewPane #review-buttons Button { margin-right: 1; width: auto; min-width: 4; padding: 0; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "judge('keep')", "Keep", tooltip="It is good as it is"),
        Binding("f", "judge('fix')", "Fix", tooltip="Open it in the editor; saved, the review goes on"),
        Binding("d", "judge('drop')", "Drop", tooltip="Take it out of the dataset"),
        Binding("s", "judge('skip')", "Skip", tooltip="No verdict on this one"),
        Binding("u", "step_back", "Back", tooltip="Take the last verdict back"),
        Binding("a", "agreement", "Agreement", show=False, tooltip="How far two passes agree, and where they differ"),
        Binding("n", "another", "New", show=False, tooltip="Another review, or a second pass"),
        Binding("escape", "screen.back", "Leave", tooltip="Leave the review; w goes on with it"),
    ]

    class Judged(Message):
        """A verdict on the example in sight."""

        def __init__(self, verdict: Verdict) -> None:
            super().__init__()
            self.verdict = verdict

    class BackWanted(Message):
        """Take the last verdict back."""

    class AgreementWanted(Message):
        """Show how far two passes agree."""

    class AnotherWanted(Message):
        """Begin another review or pass."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.example_id: str | None = None

    def compose(self) -> ComposeResult:
        yield Static("", id="review-progress", classes="review-line", markup=False)
        yield Static("", id="review-rule", classes="review-line", markup=False)
        yield ReviewText(id="review-text")
        with HorizontalGroup(id="review-buttons"):
            for verdict, words in (("keep", "k keep"), ("fix", "f fix"), ("drop", "d drop"), ("skip", "s skip")):
                yield Button(words, name=verdict, compact=True)
            yield Button("u back", name="back", compact=True)
            yield Button("a agreement", name="agreement", compact=True)
            yield Button("n new", name="another", compact=True)

    @property
    def text(self) -> ReviewText:
        """The example, or what came out."""
        return self.query_one(ReviewText)

    def show(
        self,
        review: Review,
        example: Example | None,
        example_id: str | None,
        *,
        origins: Sequence[RecordOrigin] = (),
        deciding: str = "",
    ) -> None:
        """Shows an example that waits for a verdict, and its records; without an id the review is at its end."""
        self.example_id = example_id
        self.query_one("#review-progress", Static).update(progress_words(review, deciding))
        self.query_one("#review-rule", Static).update(Content(display_line(review.rule, limit=160)))
        if example_id is None:
            words = end_words(review)
            self.text.show(lambda width: _words(words, width))
        elif example is None:
            words = (
                f"{example_id} is no longer in the dataset, nor in the version that the review began with. s skips it."
            )
            self.text.show(lambda width: _words(words, width))
        else:
            view = ExampleView(example, review.ids.index(example_id) + 1, origins, has_keys=False)
            self.text.show(lambda width: detail_lines(view, width))

    def action_judge(self, verdict: Verdict) -> None:
        """Says the verdict on the example in sight."""
        if self.example_id is not None:
            self.post_message(self.Judged(verdict))

    def action_step_back(self) -> None:
        """Takes the last verdict back."""
        self.post_message(self.BackWanted())

    def action_agreement(self) -> None:
        """Shows how far two passes agree."""
        self.post_message(self.AgreementWanted())

    def action_another(self) -> None:
        """Begins another review or pass."""
        self.post_message(self.AnotherWanted())

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        match event.button.name:
            case "keep" | "fix" | "drop" | "skip" as verdict:
                self.action_judge(verdict)
            case "back":
                self.action_step_back()
            case "agreement":
                self.action_agreement()
            case _:
                self.action_another()
        self.text.focus()


def _words(text: str, width: int) -> Sequence[StyledLine]:
    return [StyledLine(((line, ""),)) for line in wrap(text, max(width - 2, 10))]
