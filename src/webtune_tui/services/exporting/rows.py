"""The files of an export: rows written one after the other into JSON lines, CSV or Parquet. Blocking."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from webtune_tui.domain.errors import ExtraMissing, WorkFailed
from webtune_tui.pipeline.formats.base import Container, Format
from webtune_tui.storage.files import FILE_MODE

SUFFIXES = {Container.JSON_LINES: ".jsonl", Container.CSV: ".csv", Container.PARQUET: ".parquet"}
RowWriter = Callable[[Mapping[str, Any]], object]

_SMALLEST_OBJECT = 16 * 1024**2  # DuckDB's own limit of one JSON object
_MEMORY = "256MB"


def opened(path: Path, format: Format) -> AbstractContextManager[RowWriter]:
    """A new file that takes rows; whole and synced when the block ends. Raises ExtraMissing, WorkFailed and OSError."""
    match format.container:
        case Container.CSV:
            return _csv(path, list(format.columns))
        case Container.PARQUET:
            return _parquet(path, format.columns)
        case Container.JSON_LINES:
            return json_lines(path)


def require(format: Format) -> None:
    """Raises ExtraMissing where this machine can't write the format."""
    if format.container is Container.PARQUET:
        _duckdb()


@contextmanager
def json_lines(path: Path) -> Iterator[RowWriter]:
    """A file of one JSON object a line."""
    with _created(path) as stream:
        yield lambda row: write_line(stream, row)


def write_line(stream: BinaryIO, row: Mapping[str, Any]) -> int:
    """Writes a row as one line of JSON; answers its bytes."""
    return stream.write((json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "replace"))


@contextmanager
def _csv(path: Path, columns: list[str]) -> Iterator[RowWriter]:
    with _created(path) as stream:
        lines = csv.writer(_Encoded(stream))
        lines.writerow(columns)
        yield lambda row: lines.writerow([row.get(name, "") for name in columns])


class _Encoded:
    """Takes text and writes it in UTF-8."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(text.encode("utf-8", "replace"))


@contextmanager
def _parquet(path: Path, columns: Mapping[str, str]) -> Iterator[RowWriter]:
    """Rows go to a file of JSON lines first, which DuckDB turns into Parquet in bounded memory."""
    duckdb = _duckdb()
    lines = path.with_name(f"{path.name}.lines")
    longest = _SMALLEST_OBJECT
    with _created(lines) as stream:

        def write(row: Mapping[str, Any]) -> None:
            nonlocal longest
            longest = max(longest, write_line(stream, row) + 1)

        yield write
    try:
        _convert(duckdb, lines, path, columns, longest)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0][:300]
        raise WorkFailed(f"{path.name} could not be written as Parquet: {reason}", hint="Is the disk full?") from error
    finally:
        lines.unlink(missing_ok=True)
    path.chmod(FILE_MODE)
    with path.open("rb+") as written:
        os.fsync(written.fileno())


def _convert(duckdb: Any, lines: Path, path: Path, columns: Mapping[str, str], longest: int) -> None:
    settings = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "memory_limit": _MEMORY,
        "threads": 1,
        "temp_directory": "",
    }
    typed = ", ".join(f"{_quoted(name)}: {_quoted(kind)}" for name, kind in columns.items())
    with duckdb.connect(":memory:", config=settings) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(
            f"COPY (SELECT * FROM read_json({_quoted(str(lines))}, format = 'newline_delimited',"  # noqa: S608
            f" columns = {{{typed}}}, maximum_object_size = {longest}))"
            f" TO {_quoted(str(path))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 10000)"
        )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _duckdb() -> Any:
    try:
        import duckdb  # 0.14 s, paid by those who write tables
    except ImportError as error:
        raise ExtraMissing(
            "Writing Parquet needs the duckdb package", hint='pip install "webtune-tui[tables]"'
        ) from error
    return duckdb


@contextmanager
def _created(path: Path) -> Iterator[BinaryIO]:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())
