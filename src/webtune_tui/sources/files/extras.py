"""Formats that need an extra of webtune, and the command that installs it."""

from __future__ import annotations

import importlib.util

_NEEDED = {
    "html": ("web", ("trafilatura",), "HTML pages"),
    "parquet": ("tables", ("duckdb",), "Parquet"),
    "xlsx": ("tables", ("python_calamine",), "Excel sheets"),
}


def missing_extra(reader: str) -> str:
    """Why a format can't be read on this machine, with the command that mends it; empty where it can."""
    extra, packages, what = _NEEDED.get(reader, ("", (), ""))
    if all(importlib.util.find_spec(package) is not None for package in packages):
        return ""
    return f'{what} need an extra: pip install "webtune-tui[{extra}]"'
