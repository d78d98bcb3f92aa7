"""Parquet tables: one record a row, read by DuckDB in pieces, with plain JSON values."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from webtune_tui.domain.limits import DEFAULT_LIMITS, ReadLimits
from webtune_tui.sources.files.base import Reject, Row, RowUnusable, snippet
from webtune_tui.sources.files.plain_values import characters_in, plain
from webtune_tui.sources.files.table_chats import with_chats

_ROWS = 500
_MEMORY = "512MB"
_GLOB = frozenset("*?[]{}")


def rows(path: Path, encoding: str = "", limits: ReadLimits = DEFAULT_LIMITS) -> Iterator[Row | Reject]:
    """Every row; a file that breaks off gives the rows before the break."""
    import duckdb  # 0.14 s, paid by those who import tables

    settings: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "memory_limit": _MEMORY,
        "threads": 1,
        "temp_directory": "",
    }
    number = 0
    with _plain_name(path) as readable, duckdb.connect(":memory:", config=settings) as connection:
        try:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET enable_progress_bar = false")
            found = connection.execute("SELECT * FROM read_parquet(?)", [str(readable)])
            names = [str(column[0]) for column in found.description]
            while some := found.fetchmany(_ROWS):
                for values in some:
                    number += 1
                    yield _row(number, names, values, limits)
        except duckdb.Error as error:
            reason = str(error).splitlines()[0][:300].replace(str(readable), path.name)
            yield Reject(number + 1, f"the Parquet file can't be read from row {number + 1:,} on: {reason}", "")


def _row(number: int, names: Sequence[str], values: Sequence[Any], limits: ReadLimits) -> Row | Reject:
    fields: dict[str, Any] = {}
    for name, value in zip(names, values, strict=True):
        try:
            fields[name] = plain(value, limits)
        except RowUnusable as fault:
            return Reject(number, f"row {number:,}, column {name!r}: {fault}", snippet(repr(value)[:400]))
    if characters_in(fields) > limits.record_characters:
        return Reject(number, f"row {number:,} is longer than {limits.record_mb} million characters", "")
    return Row(number, with_chats(fields))


@contextlib.contextmanager
def _plain_name(path: Path) -> Iterator[Path]:
    """The file under a name that DuckDB takes for no pattern."""
    if not _GLOB & set(str(path)):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="webtune-") as folder:
        link = Path(folder, "rows.parquet")
        link.symlink_to(path.absolute())
        yield link
