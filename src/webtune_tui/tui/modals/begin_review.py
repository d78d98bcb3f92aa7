"""Which examples are reviewed, how many, and by whom: the question before a review or a second pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import HorizontalGroup
from textual.content import Content
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from webtune_tui.domain.reviews import MOST, Choice, Review
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation import figures

USUAL = 50


@dataclass(frozen=True, slots=True)
class ReviewWanted:
    """What was asked for; ``again`` is another pass over the same examples."""

    choice: Choice = "random"
    count: int = USUAL
    person: str = ""
    again: bool = False


class BeginReview(Dialog[ReviewWanted]):
    """Answers what shall be reviewed. ``waiting`` were sent to review, ``listed`` are those in the table in words."""

    DEFAULT_CSS = """
    BeginReview > .dialog-box { padding: 0 2; }
    BeginReview OptionList, BeginReview OptionList:focus { height: auto; max-height: 9; background: $surface; }
    BeginReview .review-field { height: 1; }
    BeginReview .review-label { width: 22; color: $text-muted; }
    BeginReview Input, BeginReview Input:focus { width: 1fr; background: $panel; padding: 0 1; }
    BeginReview #review-from { color: $text-muted; margin-bottom: 1; }
    BeginReview #review-fault { color: $text-error; height: 1; }
    BeginReview .dialog-buttons { margin-top: 0; }
    """

    def __init__(self, kept: Review | None, waiting: int, listed: str) -> None:
        super().__init__("Review")
        self._kept = kept
        self._listed = listed
        sent = ("tagged", "Sent to review", f"{figures.count(waiting, 'example')} with the tag review")
        chosen = [
            ("random", "A random sample", "drawn by chance"),
            ("worst", "Worst first", "most flags, then the shortest answer"),
        ]
        self._rows = [sent, *chosen] if waiting else [*chosen, sent]
        if kept is not None and kept.next_id is None:
            words = f"a second pass over {figures.count(len(kept.ids), 'example')}: how far do two people agree?"
            self._rows.append(("again", "The same again", words))

    def compose_content(self) -> ComposeResult:
        yield Static(Content(f"From {display_line(self._listed, limit=120)}"), id="review-from", markup=False)
        yield OptionList(
            *(Option(_row(title, words)) for _, title, words in self._rows), id="review-which", markup=False
        )
        for name, label, value, hint in (
            ("count", "How many at most", str(USUAL), f"1 to {MOST:,}"),
            ("person", "Your name", self._usual_name, "so that a second pass can be told from this one"),
        ):
            with HorizontalGroup(classes="review-field"):
                yield Static(label, classes="review-label", markup=False)
                yield Input(value, id=f"review-{name}", placeholder=hint, compact=True)
        yield Static("", id="review-fault", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Cancel", id="review-cancel", compact=True)
        yield Button("Begin", id="review-begin", variant="primary", compact=True)

    @property
    def _usual_name(self) -> str:
        return self._kept.current.name if self._kept is not None else "me"

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = 0

    @on(OptionList.OptionSelected)
    @on(Input.Submitted)
    @on(Button.Pressed, "#review-begin")
    def begin(self) -> None:
        """Ends with what was asked for, where it fits."""
        place = self.query_one(OptionList).highlighted or 0
        which = self._rows[place][0]
        person = self.query_one("#review-person", Input).value.strip()
        typed = self.query_one("#review-count", Input).value.strip().replace(",", "")
        count = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 8 else 0
        names: Sequence[str] = [one.name for one in self._kept.passes] if self._kept is not None else ()
        if not person:
            self._say("Give a name, so that a second pass can be told from this one.")
        elif which == "again" and person in names:
            self._say(f"There is a pass of that name already: take another, such as {person[:20]}-{len(names) + 1}")
        elif which == "again":
            self.dismiss(ReviewWanted(person=person, again=True))
        elif not 1 <= count <= MOST:
            self._say(f"Take 1 to {MOST:,} examples.")
        else:
            choice: Choice = "tagged" if which == "tagged" else "worst" if which == "worst" else "random"
            self.dismiss(ReviewWanted(choice, count, person))

    def _say(self, words: str) -> None:
        self.query_one("#review-fault", Static).update(Content(display_line(words, limit=120)))

    @on(Button.Pressed, "#review-cancel")
    def cancel(self) -> None:
        """Ends with nothing."""
        self.dismiss(None)


def _row(title: str, words: str) -> Content:
    return Content.assemble((f" {title:<17}", "bold"), (display_line(words, limit=90), "$text-muted"))
