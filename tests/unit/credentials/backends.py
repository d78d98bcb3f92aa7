"""Keyring backends as a machine may have them. None is ever chosen by itself: tests plant them with set_keyring."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import keyring.core
from keyring.backend import KeyringBackend
from keyring.errors import InitError, KeyringLocked, PasswordDeleteError

import keyring


class MemoryBackend(KeyringBackend):
    """Behaves as a real keyring does, deleting what is not there included."""

    priority = -1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("No such password!")


class PlaintextKeyring(MemoryBackend):
    """Named as the one of keyrings.alt that writes base64 into a file."""


class InnocentName(PlaintextKeyring):
    """Plain text behind a name of its own."""


class LockedBackend(MemoryBackend):
    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("Failed to unlock the collection!")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked("Failed to unlock the collection!")


class BrokenBackend(MemoryBackend):
    """Fails as D-Bus does, with the secret in the error's text."""

    def get_password(self, service: str, username: str) -> str | None:
        raise InitError("Failed to create the collection: Prompt dismissed..")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise OSError(f"could not write {password}")


class HangingBackend(MemoryBackend):
    """Waits for a prompt that nobody answers, until ``release`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()
        self.calls = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.calls += 1
        self.release.wait(60)
        return super().get_password(service, username)


class ForgetfulBackend(MemoryBackend):
    """Takes everything and keeps nothing."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Says yes."""


class ChainBackend(MemoryBackend):
    """Several members behind one, as keyring's chainer shows them."""

    def __init__(self, *members: KeyringBackend) -> None:
        super().__init__()
        self.backends = list(members)


@contextmanager
def planted(backend: KeyringBackend) -> Iterator[KeyringBackend]:
    """Makes a backend the machine's keyring for a while."""
    before = keyring.core._keyring_backend
    keyring.set_keyring(backend)
    try:
        yield backend
    finally:
        keyring.core._keyring_backend = before
