"""How much of an outside file or answer is read before it is refused: bounds that keep memory and time bounded."""

from __future__ import annotations

from dataclasses import dataclass

MEGABYTE = 1024**2


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """The limits of whatever reads what others wrote; ``[limits]`` of the settings changes them.

    ``record_mb``: one line, object, table row or page text, in millions of characters. ``nesting``: levels of lists and
    objects inside each other. ``digits``: of one number. ``expansion``: how many times larger than its packed size a
    gzip, zstd or zip may become. ``members``: files in one archive. ``unpacked_gb``: what one packed file may become
    in all. ``page_mb``: the body of one fetched page.
    """

    record_mb: int = 32
    nesting: int = 200
    digits: int = 1000
    expansion: int = 100
    members: int = 10_000
    unpacked_gb: int = 20
    page_mb: int = 10

    @property
    def record_characters(self) -> int:
        """The longest record, in characters."""
        return self.record_mb * MEGABYTE

    @property
    def unpacked_bytes(self) -> int:
        """What one packed file may become."""
        return self.unpacked_gb * 1024 * MEGABYTE

    @property
    def page_bytes(self) -> int:
        """The largest body of a page."""
        return self.page_mb * MEGABYTE


DEFAULT_LIMITS = ReadLimits()
