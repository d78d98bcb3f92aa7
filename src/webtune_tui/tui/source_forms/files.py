"""Files of the person's own, looked at before they are imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webtune_tui.tui.modals.import_files import ImportFiles

if TYPE_CHECKING:
    from webtune_tui.bootstrap import Services

TITLE = "Files"
SUMMARY = "JSON, CSV, Parquet, HTML, transcripts; looked at first"
PRICE = "free"
ORDER = "5"


def dialogue(services: Services) -> ImportFiles:
    """The dialogue that takes the place of a form: nothing is sent and nothing paid."""
    return ImportFiles(services)


DIALOGUE = dialogue
