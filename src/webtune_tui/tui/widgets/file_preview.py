"""What was found in files before their import: one table of the files, one of the fields of a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from webtune_tui.domain.previews import FilePreview
from webtune_tui.domain.profiles import FieldProfile
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.text_layout import Part, bar, fit, fit_right
from webtune_tui.tui.widgets.row_view import RowView

_SHORT_TYPES = {"boolean": "bool", "number": "num"}


class FileTable(RowView):
    """Name, format, encoding, rows; or why a file can't be used."""

    HEADER_LINES: ClassVar[int] = 1

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._previews: Sequence[FilePreview] = ()

    @property
    def current(self) -> FilePreview | None:
        """The preview under the cursor, or ``None``."""
        return self._previews[self.cursor] if self.cursor < len(self._previews) else None

    def show(self, previews: Sequence[FilePreview]) -> None:
        """Shows these files."""
        self._previews = previews
        self.set_row_count(len(previews))

    def header(self, width: int) -> Sequence[Part]:
        name = self._name_width(width)
        return [(f"  {fit('file', name)} {fit('format', 10)} {fit('encoding', 10)} looked at", "")]

    def row(self, index: int, width: int) -> Sequence[Part]:
        preview = self._previews[index]
        name = fit(display_line(Path(preview.path).name, limit=200), self._name_width(width))
        if preview.format is None:
            return [(f"{GLYPHS.failed} ", "bad"), (f"{name} ", ""), (display_line(preview.reason, limit=200), "warn")]
        rows = f"{preview.rows:,}" + (f", {preview.rejected:,} rejected" if preview.rejected else "")
        return [
            (f"{GLYPHS.done} ", "good"),
            (f"{name} ", ""),
            (fit(display_line(preview.format, limit=20), 10) + " ", "accent"),
            (fit(display_line(preview.encoding or "", limit=20), 10) + " ", "second"),
            (rows, ""),
            (f"  {display_line(preview.reason, limit=120)}" if preview.reason else "", "muted"),
        ]

    @staticmethod
    def _name_width(width: int) -> int:
        return max(min(width - 34, 60), 16)


class FieldTable(RowView):
    """Path, types, how many records hold something, and what it looks like."""

    HEADER_LINES: ClassVar[int] = 1

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._fields: Sequence[FieldProfile] = ()

    def show(self, fields: Sequence[FieldProfile]) -> None:
        """Shows these fields from the first on."""
        self._fields = fields
        self.cursor = 0
        self.set_row_count(len(fields))

    def header(self, width: int) -> Sequence[Part]:
        return [(f"{fit('field', self._path_width(width))} {fit('type', 10)} {fit('filled', 11)} samples", "")]

    def row(self, index: int, width: int) -> Sequence[Part]:
        field = self._fields[index]
        types = "/".join(_SHORT_TYPES.get(name, name) for name in field.types) or "empty"
        samples = f" {GLYPHS.dot} ".join(display_line(sample, limit=60) for sample in field.samples)
        share = field.fill_rate
        style = "good" if share >= 0.9 else "warn" if share >= 0.3 else "bad"
        return [
            (fit(display_line(field.path, limit=200), self._path_width(width)) + " ", ""),
            (fit(types, 10) + " ", "second"),
            (fit(bar(share, 1.0, 6), 6), style),
            (fit_right(f"{100 * share:.0f}%", 5) + " ", ""),
            (samples, "muted"),
        ]

    @staticmethod
    def _path_width(width: int) -> int:
        return max(min(width // 3, 36), 14)
