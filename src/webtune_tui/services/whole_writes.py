"""Writes all of some bytes to an open file, which a single call of the system need not do."""

from __future__ import annotations

import os


def write_all(file: int, data: bytes) -> None:
    """Writes all bytes. Raises OSError."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]
