"""A first pass over an Excel workbook: refuses what would fill the memory, and finds the cells that hold errors.

Calamine holds a sheet as a whole rectangle, so one cell at the far corner would cost hundreds of gigabytes; and it
gives a cell with an error as an empty one.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from webtune_tui.domain.limits import MEGABYTE, ReadLimits
from webtune_tui.sources.files.packed import Budget, Unpackable, member_bytes, open_zip

_LARGEST = 1024 * MEGABYTE  # of a workbook unpacked
_MOST_CELLS = 20_000_000  # of the rectangle of one sheet, empty ones included: about 0.6 GB
_MOST_ERRORS = 100_000
_LARGEST_INDEX = 4 * MEGABYTE
_PLACE = re.compile(rb"""<(?:\w{1,20}:)?(?:c|row)\b[^>]{0,80}?\br\s*=\s*["']([A-Za-z]{0,3})([0-9]{1,7})""")
_ERROR = re.compile(rb"""<(?:\w{1,20}:)?c\b([^>]{0,80}?\bt\s*=\s*["']e["'][^>]{0,80})""")
_OWN_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{1,3})([0-9]{1,7})""")
_OVERLAP = 256
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass
class Bounds:
    """The rectangle of a part of a workbook, and the places (row, column), from 1, of its cells with errors."""

    rows: tuple[int, int] = (0, 0)
    columns: tuple[int, int] = (0, 0)
    errors: dict[int, set[int]] = field(default_factory=dict)
    known_errors: int = 0

    @property
    def cells(self) -> int:
        """How many cells the rectangle has."""
        return (self.rows[1] - self.rows[0] + 1) * (self.columns[1] - self.columns[0] + 1)

    def widen(self, piece: bytes) -> None:
        """Takes in the cells of a piece of XML."""
        for letters, digits in _PLACE.findall(piece):
            row, column = int(digits), _column(letters) or self.columns[0] or 1
            self.rows = (min(self.rows[0] or row, row), max(self.rows[1], row))
            self.columns = (min(self.columns[0] or column, column), max(self.columns[1], column))
        for attributes in _ERROR.findall(piece):
            if (place := _OWN_PLACE.search(attributes)) and self.known_errors < _MOST_ERRORS:
                self.known_errors += 1
                self.errors.setdefault(int(place.group(2)), set()).add(_column(place.group(1)))


def bounds_of_sheets(path: Path, limits: ReadLimits) -> dict[str, Bounds]:
    """The bounds of each sheet by its name.

    Raises:
        Unpackable: a bomb, a sheet that is far too large, or a damaged file.
    """
    budget, found = Budget(limits, path.stat().st_size), dict[str, Bounds]()
    with open_zip(path, limits) as archive:
        infos = archive.infolist()
        if len(infos) > limits.members:
            raise Unpackable(f"holds more than {limits.members:,} parts (limits.members)")
        for info in infos:
            bounds = found[info.filename] = _bounds_of_part(archive, info, budget)
            if bounds.cells > _MOST_CELLS:
                raise Unpackable(f"has a sheet of {bounds.cells:,} cells; save it as CSV")
        parts = _parts_by_sheet(archive)
    return {name: found.get(part, Bounds()) for name, part in parts.items()}


def _bounds_of_part(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> Bounds:
    bounds, rest = Bounds(), b""
    for piece in member_bytes(archive, info):
        budget.spend(len(piece))
        if budget.spent > _LARGEST:
            raise Unpackable(f"unpacks to more than {_LARGEST // MEGABYTE} MB; save its sheets as CSV")
        bounds.widen(rest + piece)
        rest = piece[-_OVERLAP:]
    return bounds


def _parts_by_sheet(archive: zipfile.ZipFile) -> dict[str, str]:
    """The name of each sheet and the part of the archive that holds it; empty where the workbook does not tell."""
    try:
        book = ElementTree.fromstring(_index(archive, "xl/workbook.xml"))  # noqa: S314 - bounded; expat stops bombs
        links = ElementTree.fromstring(_index(archive, "xl/_rels/workbook.xml.rels"))  # noqa: S314
    except (KeyError, ElementTree.ParseError):
        return {}
    targets = {link.get("Id"): str(link.get("Target", "")) for link in links}
    found = {}
    for sheet in book.iter(f"{_MAIN}sheet"):
        target = targets.get(sheet.get(_RELATION), "")
        found[str(sheet.get("name"))] = str(PurePosixPath("xl", target)).lstrip("/")
    return found


def _index(archive: zipfile.ZipFile, name: str) -> bytes:
    read = b""
    for piece in member_bytes(archive, archive.getinfo(name)):
        read += piece
        if len(read) > _LARGEST_INDEX:
            break
    return read


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
