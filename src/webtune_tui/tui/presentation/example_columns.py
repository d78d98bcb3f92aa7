"""The columns of the table of examples: which there are, which a person wants, and how wide each is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

LEAST_TEXT = 8
_WIDEST = 200
_STEP = 4


@dataclass(frozen=True, slots=True)
class Column:
    """A column. ``sort`` names what its rows are sorted by; ``least`` and ``most`` bound a width of its own.

    ``weight`` shares what is left among the columns of texts. ``rank`` tells which goes first where room is short:
    the highest.
    """

    name: str
    title: str
    words: str
    sort: str = ""
    is_right: bool = False
    least: int = 1
    most: int = 24
    weight: int = 0
    rank: int = 0


COLUMNS: Mapping[str, Column] = {
    column.name: column
    for column in (
        Column("number", "#", "place in the version", "index", is_right=True, least=3, most=11, rank=2),
        Column("edited", "✎", "changed by hand", "edited", least=1, most=1, rank=7),
        Column("split", "split", "train, validation or test", "split", least=5, most=5, rank=4),
        Column("tokens", "tokens", "of the whole example", "tokens", is_right=True, least=6, most=11, rank=3),
        Column("prompt", "prompt", "last user message", "prompt", weight=2, rank=1),
        Column("answer", "answer", "last assistant message", "answer", weight=3, rank=0),
        Column("source", "source", "where its record comes from", "source", least=6, most=16, rank=6),
        Column("flags", "flags", "what was found in it", "flags", least=5, most=24, rank=5),
        Column("id", "id", "what commands call it", "id", least=19, most=19, rank=8),
    )
}
DEFAULT_COLUMNS = ("number", "split", "tokens", "prompt", "answer", "flags")
_ALWAYS = frozenset({"number", "answer"})


@dataclass(frozen=True, slots=True)
class TableLayout:
    """The columns in sight from left to right, and the widths that a person gave some of them, in cells."""

    columns: tuple[str, ...] = DEFAULT_COLUMNS
    widths: Mapping[str, int] = field(default_factory=dict)

    def toggled(self, name: str) -> TableLayout:
        """With a column more or less; number and answer stay."""
        if name not in self.columns:
            return replace(self, columns=(*self.columns, name))
        return self if name in _ALWAYS else replace(self, columns=tuple(one for one in self.columns if one != name))

    def moved(self, name: str, places: int) -> TableLayout:
        """With a column further right (or left, where ``places`` is negative)."""
        if name not in self.columns:
            return self
        rest = [one for one in self.columns if one != name]
        rest.insert(max(self.columns.index(name) + places, 0), name)
        return replace(self, columns=tuple(rest))

    def widened(self, name: str, steps: int, now: int) -> TableLayout:
        """With a column wider or narrower than it is ``now``."""
        least = LEAST_TEXT if COLUMNS[name].weight else COLUMNS[name].least
        width = min(max(now + steps * _STEP, least), _WIDEST)
        return replace(self, widths={**self.widths, name: width})

    def to_plain(self) -> dict[str, object]:
        """As it is kept."""
        return {"columns": list(self.columns), "widths": dict(self.widths)}

    @classmethod
    def from_plain(cls, body: object) -> TableLayout:
        """What was kept, as far as it is understood."""
        if not isinstance(body, Mapping):
            return cls()
        names, widths = body.get("columns"), body.get("widths")
        columns = (
            tuple(dict.fromkeys(one for one in names if isinstance(one, str) and one in COLUMNS))
            if isinstance(names, list)
            else ()
        )
        kept = {
            name: min(width, _WIDEST)
            for name, width in (widths.items() if isinstance(widths, Mapping) else ())
            if name in COLUMNS and isinstance(width, int) and width > 0
        }
        return cls(columns if _ALWAYS.issubset(columns) else DEFAULT_COLUMNS, kept)


@dataclass(frozen=True, slots=True)
class Placed:
    """A column on the screen: where it begins, and how wide it is, in cells."""

    column: Column
    start: int
    width: int


def placed(
    layout: TableLayout, room: int, contents: Mapping[str, int], *, margin: int, gap: int = 2, pointed: str = ""
) -> list[Placed]:
    """The columns that fit into ``room`` cells; ``contents`` are the widths that their cells would like to have.

    A column of which ``contents`` says 0 is left out unless the person gave it a width. ``pointed`` names the column
    whose title has an arrow behind it.
    """
    names = [name for name in layout.columns if contents.get(name, 1) or name in layout.widths]
    while True:
        fixed = {name: _own_width(name, layout, contents) for name in names}
        if fixed.get(pointed):
            fixed[pointed] = max(fixed[pointed], len(COLUMNS[pointed].title) + 2)
        free = room - margin - sum(fixed.values()) - gap * (len(names) - 1)
        texts = [name for name in names if not fixed[name]]
        if free >= LEAST_TEXT * len(texts) or not (set(names) > _ALWAYS):
            break
        names.remove(max((one for one in names if one not in _ALWAYS), key=lambda one: COLUMNS[one].rank))
    return _in_line(names, fixed, texts, max(free, 0), margin, gap)


def _own_width(name: str, layout: TableLayout, contents: Mapping[str, int]) -> int:
    column = COLUMNS[name]
    if name in layout.widths:
        return layout.widths[name]
    return 0 if column.weight else min(max(contents.get(name, column.least), column.least), column.most)


def _in_line(
    names: Sequence[str], fixed: Mapping[str, int], texts: Sequence[str], free: int, margin: int, gap: int
) -> list[Placed]:
    shares = sum(COLUMNS[name].weight for name in texts)
    found, start, left = [], margin, free
    for name in names:
        width = fixed[name]
        if name in texts:
            width = left if name == texts[-1] else free * COLUMNS[name].weight // shares
            left -= width
        found.append(Placed(COLUMNS[name], start, width))
        start += width + gap
    return found
