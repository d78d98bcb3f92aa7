"""A line that offers to go on with what earlier days left unfinished."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from webtune_tui.domain.records import Collection, CollectionState
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.glyphs import GLYPHS


class UnfinishedOffer(Static):
    """Says how much is unfinished and which key resumes it; a click does what the key does."""

    class Taken(Message):
        """The person clicked the offer."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", id=id, markup=False)

    def offer(self, unfinished: Sequence[Collection], opened_at: str, *, is_read_only: bool) -> None:
        """Offers what was begun before this session; out of sight where there is nothing or nothing may be done."""
        waiting = [one for one in unfinished if one.state is not CollectionState.DRAFT and one.created_at < opened_at]
        self.display = bool(waiting) and not is_read_only
        if waiting:
            what = figures.count(len(waiting), "collection")
            verb = "is" if len(waiting) == 1 else "are"
            since = figures.age(waiting[0].created_at)
            self.update(
                Content.assemble(
                    (f"{GLYPHS.attention} {what} {verb} unfinished since {since}  ", "bold $accent"),
                    (" ^r ", "bold $accent on $panel"),
                    (" resumes; nothing is sent again", "$text-muted"),
                )
            )

    def on_click(self) -> None:
        self.post_message(self.Taken())
