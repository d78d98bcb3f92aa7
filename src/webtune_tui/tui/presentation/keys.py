"""What the keys of services look like: a state, where a key comes from, what it is for."""

from __future__ import annotations

from collections.abc import Iterable

from webtune_tui.domain.credentials import KeySource, KeyState
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.states import StateLook

_PURPOSES = {
    "brightdata": "Collects records from web pages with its scrapers.",
    "huggingface": "Downloads base models that ask for an account; open ones need no key.",
}
_SOURCES = {
    KeySource.KEYRING: "keyring",
    KeySource.ENVIRONMENT: "environment",
    KeySource.SESSION: "this session",
    KeySource.NONE: "",
}


def key_look(key: KeyState) -> StateLook:
    """Whether there is a key and whether its service takes it."""
    if key.source is KeySource.NONE:
        return StateLook(GLYPHS.todo, "$text-muted", "no key")
    if key.valid is True:
        return StateLook(GLYPHS.done, "$success", "works")
    if key.valid is False:
        return StateLook(GLYPHS.failed, "$error", "refused")
    return StateLook(GLYPHS.active, "$primary", "not checked")


def source_words(key: KeyState) -> str:
    """Where the key comes from, in one or two words."""
    return _SOURCES[key.source]


def purpose(name: str) -> str:
    """What the service does for the person."""
    return _PURPOSES.get(name, "Fine-tunes and serves models.")


def keyring_trouble(keys: Iterable[KeyState]) -> str:
    """Why the keyring can't be used, as the states tell it; empty where it can."""
    return next((key.detail for key in keys if "keyring" in key.detail.lower()), "")
