"""The one notice before a person collects for the first time on this machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from webtune_tui.domain import clock
from webtune_tui.settings import state_folder
from webtune_tui.storage.files import make_folder, write_text

_VERSION = 1  # raised when the notice says something new, so that it is shown once more
_TEXT = """\
Before your first collection
- You are responsible for having the right to collect this data and to train on it.
- Respect robots.txt, the terms of each site and the rights of authors.
- Data about people is protected by law (GDPR, LGPD and others): collect only what you need and redact it in the recipe.
- Erase a person who asks for it with: webtune purge --person TEXT
- Where each record came from is kept beside it (raw files with a manifest; webtune dataset lineage EXAMPLE_ID).
This is shown once."""


@dataclass(frozen=True, slots=True)
class Notice:
    """The notice and the mark that it was shown; the mark belongs to the person, not to a workspace."""

    folder: Path | None = None

    @staticmethod
    def text() -> str:
        """What the person is told."""
        return _TEXT

    def is_due(self) -> bool:
        """Whether it was never shown. A mark that can't be read counts as none."""
        try:
            body = json.loads(self._mark().read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return True
        return not isinstance(body, dict) or body.get("version") != _VERSION

    def acknowledge(self) -> None:
        """Remembers that it was shown. Raises StorageFailed."""
        make_folder(self._mark().parent)
        write_text(self._mark(), json.dumps({"version": _VERSION, "shown_at": clock.now()}) + "\n")

    def _mark(self) -> Path:
        return (self.folder or state_folder()) / "collect-notice.json"
