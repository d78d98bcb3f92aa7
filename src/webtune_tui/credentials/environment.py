"""Keys from environment variables, which are read and never written anywhere."""

from __future__ import annotations

from collections.abc import Mapping

from webtune_tui.domain.credentials import Secret
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.masking import remember


def read_secret(text: str, *, where: str) -> Secret:
    """A typed, piped or inherited value as a key; from now on it is masked in every text.

    Raises:
        UsageError: it is empty or holds what no key holds; ``where`` names its origin.
    """
    value = text.rstrip("\r\n")
    remember(value)
    if not value:
        raise UsageError(f"{where} is empty", hint="Give the key as one line.")
    if not value.isascii() or not value.isprintable() or " " in value:
        raise UsageError(
            f"{where} holds white space, control bytes or letters that no key has",
            hint="Copy the key again, alone and whole.",
        )
    return Secret(value)


class EnvironmentKeys:
    """The keys that the process inherited."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def get(self, variable: str) -> Secret | None:
        """The key in a variable; ``None`` where it is not set or empty. Raises UsageError for a misfit."""
        value = self._environment.get(variable, "") if variable else ""
        return read_secret(value, where=variable) if value.strip("\r\n") else None
