"""What every place that keeps keys does alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.credentials.backends import MemoryBackend, planted
from webtune_tui.credentials.base import CredentialStore
from webtune_tui.credentials.keyring_store import KeyringStore
from webtune_tui.credentials.session import SessionStore
from webtune_tui.domain.credentials import Secret

FIRST, SECOND = Secret("key-of-the-first-host"), Secret("key-of-the-second-host")


@pytest.fixture(params=["keyring", "session"])
def store(request: pytest.FixtureRequest) -> Iterator[CredentialStore]:
    if request.param == "session":
        yield SessionStore()
        return
    with planted(MemoryBackend()):
        yield KeyringStore()


def test_what_is_stored_is_read_back_for_its_host_alone(store: CredentialStore) -> None:
    store.set("openai", "api.openai.com", FIRST)
    store.set("openai", "127.0.0.1:9", SECOND)
    assert store.get("openai", "api.openai.com") == FIRST
    assert store.get("openai", "127.0.0.1:9") == SECOND
    assert store.get("openai", "evil.example") is None
    assert sorted(store.hosts("openai")) == ["127.0.0.1:9", "api.openai.com"]


def test_storing_again_replaces(store: CredentialStore) -> None:
    store.set("openai", "api.openai.com", FIRST)
    store.set("openai", "api.openai.com", SECOND)
    assert store.get("openai", "api.openai.com") == SECOND
    assert list(store.hosts("openai")) == ["api.openai.com"]


def test_deleting_says_whether_there_was_a_key_and_spares_the_other_hosts(store: CredentialStore) -> None:
    store.set("openai", "api.openai.com", FIRST)
    store.set("openai", "127.0.0.1:9", SECOND)
    assert store.delete("openai", "api.openai.com") is True
    assert store.delete("openai", "api.openai.com") is False
    assert store.get("openai", "api.openai.com") is None
    assert list(store.hosts("openai")) == ["127.0.0.1:9"]


def test_one_service_does_not_see_the_keys_of_another(store: CredentialStore) -> None:
    store.set("openai", "api.openai.com", FIRST)
    assert store.get("nebius", "api.openai.com") is None
    assert list(store.hosts("nebius")) == []
