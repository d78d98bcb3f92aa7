"""The fields that a template may take, narrowed while one types."""

from __future__ import annotations

from collections.abc import Sequence

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.studio import FieldOffer
from webtune_tui.tui.presentation.text_layout import Part, fit, fit_right
from webtune_tui.tui.widgets.row_view import RowView


class FieldList(RowView):
    """Address, how many of the records have it, and one value."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._all: Sequence[FieldOffer] = ()
        self._fitting: Sequence[FieldOffer] = ()

    def show(self, fields: Sequence[FieldOffer]) -> None:
        """Takes the fields of the records."""
        self._all = fields
        self.narrow("")

    def narrow(self, typed: str) -> None:
        """Lists what fits what was typed: beginnings first, then what holds it anywhere."""
        wanted = typed.strip().casefold()
        folded = [(one.path.casefold(), one) for one in self._all]
        first = [one for path, one in folded if path.startswith(wanted)]
        later = [one for path, one in folded if wanted in path and not path.startswith(wanted)]
        self._fitting = [*first, *later]
        self.cursor = 0
        self.set_row_count(len(self._fitting))

    @property
    def current(self) -> FieldOffer | None:
        """The field under the cursor."""
        return self._fitting[self.cursor] if self._fitting else None

    def row(self, index: int, width: int) -> Sequence[Part]:
        """One field."""
        one = self._fitting[index]
        name = min(max(width // 2, 12), 28)
        room = max(width - name - 7, 0)
        return [
            (fit(" " + display_line(one.path, limit=200), name), "accent"),
            (fit_right(f"{one.share:.0%}", 5), "muted"),
            ("  ", ""),
            (fit(display_line(one.sample, limit=200), room), "muted"),
        ]
