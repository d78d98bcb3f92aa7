"""The screen Credentials."""

from __future__ import annotations

from textual.app import ComposeResult

from webtune_tui.tui.screens.base import StageScreen
from webtune_tui.tui.widgets.empty_state import EmptyState


class CredentialsScreen(StageScreen):
    """The stage Credentials of the path."""

    TITLE = "Credentials"
    KEY = "1"
    ORDER = 1
    HELP = "Scraping services and hosted providers ask for a key. The demo, files on disk and training on this machine need none."
    CSS_PATH = "credentials.tcss"

    def compose_body(self) -> ComposeResult:
        yield EmptyState(
            "Keys to outside services",
            "Scraping services and hosted providers ask for a key. The demo, files on disk and training on this machine need none.",
            [("?", "help for this screen")],
        )


SCREEN = CredentialsScreen
