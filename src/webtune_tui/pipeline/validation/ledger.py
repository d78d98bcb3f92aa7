"""The findings of a check, kept up to a bound; the rest is counted."""

from __future__ import annotations

from collections.abc import Sequence

from webtune_tui.domain.datasets import Finding

_MOST = 10_000


class FindingLedger:
    """Errors and warnings in the order of the lines; what is said of the file stands last."""

    def __init__(self) -> None:
        self.errors: list[Finding] = []
        self.warnings: list[Finding] = []
        self._unshown_errors = 0
        self._unshown_warnings = 0

    def error(self, finding: Finding) -> None:
        """Takes an error."""
        self.take([finding], [])

    def take(self, errors: Sequence[Finding], warnings: Sequence[Finding]) -> None:
        """Takes the findings of a line, as far as there is room."""
        self._unshown_errors += _kept(self.errors, errors)
        self._unshown_warnings += _kept(self.warnings, warnings)

    def last_error(self, code: str, message: str) -> None:
        """Takes an error of the whole file, for which there is always room."""
        self.errors.append(Finding(0, code, message))

    def last_warning(self, code: str, message: str) -> None:
        """Takes a warning of the whole file, for which there is always room."""
        self.warnings.append(Finding(0, code, message))

    def close(self) -> None:
        """Tells how many findings there was no room for."""
        if self._unshown_errors:
            self.last_error("more_errors", f"{self._unshown_errors} further findings are not listed")
        if self._unshown_warnings:
            self.last_warning("more_warnings", f"{self._unshown_warnings} further findings are not listed")
        self._unshown_errors = self._unshown_warnings = 0


def _kept(findings: list[Finding], more: Sequence[Finding]) -> int:
    """Keeps findings up to the bound; answers how many there was no room for."""
    room = max(_MOST - len(findings), 0)
    findings.extend(more[:room])
    return max(len(more) - room, 0)
