"""A document read whole, as one text, within the limit of a record."""

from __future__ import annotations

import codecs
from pathlib import Path

from webtune_tui.domain.limits import ReadLimits
from webtune_tui.sources.files.base import RowUnusable

_WIDEST = 4  # bytes of a character


def whole_text(path: Path, encoding: str, limits: ReadLimits) -> str:
    """The text of a file with plain line ends and without a byte order mark.

    Raises:
        RowUnusable: it is longer than a record may be, not in the encoding, or holds a NUL.
    """
    with path.open("rb") as stream:
        data = stream.read(_WIDEST * limits.record_characters + 1)
    try:
        text = codecs.decode(data, encoding, "strict")
    except UnicodeDecodeError as error:
        if len(data) > _WIDEST * limits.record_characters:
            raise RowUnusable(f"longer than {limits.record_mb} million characters") from error
        raise RowUnusable(f"byte {error.start:,} is not {encoding}; give --encoding") from error
    except UnicodeError as error:
        raise RowUnusable(f"is not {encoding}; give --encoding") from error
    if len(text) > limits.record_characters:
        raise RowUnusable(f"longer than {limits.record_mb} million characters")
    if "\x00" in text:
        raise RowUnusable("holds a NUL")
    return text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
