"""Keys in the operating system's keyring: every call in a thread of its own, with a time limit.

A backend that would keep plain text, or nothing, is never used. The library is imported inside the thread,
since choosing its backend takes a fifth of a second.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from webtune_tui.credentials.detached import run_detached
from webtune_tui.domain.credentials import Secret
from webtune_tui.domain.errors import KeyringUnavailable
from webtune_tui.domain.masking import mask, remember

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "webtune-tui"
LIMIT_SECONDS = 5.0

T = TypeVar("T")


class KeyringState(StrEnum):
    """What a keyring is good for. Only READY keeps keys."""

    READY = "ready"
    MISSING = "missing"
    LOCKED = "locked"
    HANGING = "hanging"
    PLAINTEXT = "plaintext"
    DISABLED = "disabled"
    FAILED = "failed"


_HINTS = {
    KeyringState.MISSING: ("Install and start one (gnome-keyring, KWallet), or set the key's environment variable."),
    KeyringState.LOCKED: "Unlock it (log in to the desktop), or set the key's environment variable.",
    KeyringState.HANGING: (
        "It may wait for a password in a window of the desktop: answer it and try again, "
        "or set the key's environment variable."
    ),
    KeyringState.PLAINTEXT: (
        "Uninstall the package that brought it (often keyrings.alt) or choose another in keyringrc.cfg, "
        "or set the key's environment variable."
    ),
    KeyringState.DISABLED: "Enable a keyring in keyringrc.cfg, or set the key's environment variable.",
    KeyringState.FAILED: "Run: webtune doctor. Or set the key's environment variable.",
}


@dataclass(frozen=True, slots=True)
class KeyringHealth:
    """What a real store, read and delete of a probe gave. ``seconds`` is how long it took."""

    state: KeyringState
    backend: str
    detail: str
    remedy: str
    seconds: float


class KeyringStore:
    """Keeps keys under the service ``webtune-tui`` and the user name ``NAME@host``.

    The user name ``NAME`` alone holds the list of hosts, since a keyring can't be listed.
    """

    def __init__(self, *, limit_seconds: float = LIMIT_SECONDS) -> None:
        self._limit_seconds = limit_seconds
        self._stuck: Future[Any] | None = None

    def get(self, name: str, host: str) -> Secret | None:
        """The key, or ``None``. Raises KeyringUnavailable."""
        value = self._call(lambda backend: backend.get_password(SERVICE, _user(name, host)))
        if not value:
            return None
        remember(value)
        return Secret(value)

    def set(self, name: str, host: str, secret: Secret) -> None:
        """Stores the key and notes its host. Raises KeyringUnavailable; never falls back to a plain file."""
        remember(secret.reveal())

        def work(backend: KeyringBackend) -> None:
            backend.set_password(SERVICE, _user(name, host), secret.reveal())
            _write_hosts(backend, name, {*_read_hosts(backend, name), host})

        self._call(work)

    def delete(self, name: str, host: str) -> bool:
        """Removes the key; false where there was none. Raises KeyringUnavailable."""

        def work(backend: KeyringBackend) -> bool:
            existed = _delete(backend, _user(name, host))
            _write_hosts(backend, name, {*_read_hosts(backend, name)} - {host})
            return existed

        return self._call(work)

    def hosts(self, name: str) -> Sequence[str]:
        """The hosts that keys of this name were stored for. Raises KeyringUnavailable."""
        return self._call(lambda backend: _read_hosts(backend, name))

    def health(self) -> KeyringHealth:
        """Whether keys can really be kept: stores, reads and deletes a probe, since a name proves nothing."""
        started = time.monotonic()
        try:
            backend = self._call(_probe)
        except KeyringUnavailable as error:
            state = KeyringState(error.fields["keyring"])
            seconds = time.monotonic() - started
            return KeyringHealth(state, error.fields.get("backend", ""), error.message, error.hint, seconds)
        return KeyringHealth(KeyringState.READY, backend, "keeps keys", "", time.monotonic() - started)

    def _call(self, work: Callable[[KeyringBackend], T]) -> T:
        """What ``work`` answers, or why the keyring can't be used. A thread that hangs is left behind."""
        if self._stuck is not None and not self._stuck.done():
            raise self._hanging()
        outcome = run_detached(lambda: _on_backend(work), name="keyring")
        try:
            return outcome.result(timeout=self._limit_seconds)
        except TimeoutError:
            self._stuck = outcome
            raise self._hanging() from None

    def _hanging(self) -> KeyringUnavailable:
        return _unavailable(KeyringState.HANGING, f"The keyring did not answer within {self._limit_seconds:g} s")


def _on_backend(work: Callable[[KeyringBackend], T]) -> T:
    """Runs ``work`` on the keyring's backend; whatever that raises becomes KeyringUnavailable."""
    import keyring  # 120 ms, and 80 more for choosing a backend: only where a key is asked for
    from keyring import errors

    try:
        return work(_safe_backend(keyring.get_keyring()))
    except KeyringUnavailable:
        raise
    except errors.NoKeyringError as error:
        raise _unavailable(KeyringState.MISSING, "This machine has no keyring") from error
    except errors.KeyringLocked as error:
        raise _unavailable(KeyringState.LOCKED, "The keyring is locked") from error
    except Exception as error:  # a backend is foreign code: D-Bus, OS and plug-in errors of any kind
        what = mask(f"{type(error).__name__}: {error}")[:200]
        raise _unavailable(KeyringState.FAILED, f"The keyring failed ({what})") from error


def _safe_backend(backend: KeyringBackend) -> KeyringBackend:
    """The backend, or of a chain the first member, that really keeps secrets secret.

    Raises:
        KeyringUnavailable: there is none.
    """
    members: Sequence[KeyringBackend] = getattr(backend, "backends", None) or [backend]
    faults = [(member, _fault(member)) for member in members]
    for member, fault in faults:
        if fault is None:
            return member
    member, fault = next(((m, f) for m, f in faults if f is KeyringState.PLAINTEXT), faults[0])
    name = _name(member)
    if fault is KeyringState.PLAINTEXT:
        raise _unavailable(fault, f"The keyring {name} would keep keys as plain text; it is not used", name)
    if fault is KeyringState.DISABLED:
        raise _unavailable(fault, f"The keyring is disabled ({name} keeps nothing)", name)
    raise _unavailable(KeyringState.MISSING, "This machine has no keyring", name)


def _fault(backend: KeyringBackend) -> KeyringState | None:
    """Why a backend may not be used, told by the names of its classes and modules."""
    names = " ".join(f"{kind.__module__}.{kind.__qualname__}" for kind in type(backend).__mro__).lower()
    for word, state in (
        ("plaintext", KeyringState.PLAINTEXT),
        ("null", KeyringState.DISABLED),
        ("fail", KeyringState.MISSING),
    ):
        if word in names:
            return state
    return None


def _probe(backend: KeyringBackend) -> str:
    """Stores, reads and deletes a random value; answers the backend's name."""
    user, value = f"probe-{secrets.token_hex(4)}", secrets.token_hex(16)
    backend.set_password(SERVICE, user, value)
    read = backend.get_password(SERVICE, user)
    _delete(backend, user)
    if read != value:
        raise _unavailable(KeyringState.FAILED, "The keyring gave back something else than was stored", _name(backend))
    return _name(backend)


def _delete(backend: KeyringBackend, user: str) -> bool:
    if backend.get_password(SERVICE, user) is None:
        return False
    backend.delete_password(SERVICE, user)
    return True


def _read_hosts(backend: KeyringBackend, name: str) -> tuple[str, ...]:
    with contextlib.suppress(ValueError, TypeError):
        hosts = json.loads(backend.get_password(SERVICE, name) or "[]")
        return tuple(str(host) for host in hosts)
    return ()


def _write_hosts(backend: KeyringBackend, name: str, hosts: set[str]) -> None:
    if hosts:
        backend.set_password(SERVICE, name, json.dumps(sorted(hosts)))
    else:
        _delete(backend, name)


def _user(name: str, host: str) -> str:
    return f"{name}@{host}"


def _name(backend: KeyringBackend) -> str:
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def _unavailable(state: KeyringState, message: str, backend: str = "") -> KeyringUnavailable:
    fields = {"keyring": state.value} | ({"backend": backend} if backend else {})
    return KeyringUnavailable(message, hint=_HINTS[state], fields=fields)
