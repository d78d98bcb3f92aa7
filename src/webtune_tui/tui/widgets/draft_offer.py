"""A line that offers to go on with an edit that was typed and not saved."""

from __future__ import annotations

from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from webtune_tui.storage.drafts import EditDraft
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.glyphs import GLYPHS


class DraftOffer(Static):
    """Says when the edit was typed and which key goes on with it; a click does what the key does."""

    DEFAULT_CSS = """
    DraftOffer { height: 1; padding: 0 1; display: none; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    class Taken(Message):
        """The person clicked the offer."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", id=id, markup=False)

    def offer(self, draft: EditDraft | None) -> None:
        """Offers a draft; out of sight where there is none."""
        self.display = draft is not None
        if draft is not None:
            what = figures.count(len(draft.texts), "message")
            words = f"{GLYPHS.attention} An edit of {figures.local_date(draft.saved_at)} was not saved ({what})  "
            self.update(
                Content.assemble(
                    (words, "bold $accent"), (" E ", "bold $accent on $panel"), (" goes on", "$text-muted")
                )
            )

    def on_click(self) -> None:
        self.post_message(self.Taken())
