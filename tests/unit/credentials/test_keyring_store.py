"""The OS keyring: what it can't do is told apart, nothing is ever kept as plain text, and nothing waits for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import keyring.backends.fail
import keyring.backends.null
import pytest
from keyring.backend import KeyringBackend

from tests.unit.credentials.backends import (
    BrokenBackend,
    ChainBackend,
    ForgetfulBackend,
    HangingBackend,
    InnocentName,
    LockedBackend,
    MemoryBackend,
    PlaintextKeyring,
    planted,
)
from webtune_tui.credentials.keyring_store import KeyringState, KeyringStore
from webtune_tui.domain.credentials import Secret
from webtune_tui.domain.errors import KeyringUnavailable
from webtune_tui.domain.masking import mask

HOST = "api.brightdata.com"
SECRET = Secret("brd-0123456789abcdef")


def test_a_key_is_kept_under_its_name_and_host() -> None:
    backend = MemoryBackend()
    with planted(backend):
        store = KeyringStore()
        store.set("brightdata", HOST, SECRET)
        assert backend.kept["webtune-tui", f"brightdata@{HOST}"] == SECRET.reveal()
        assert store.get("brightdata", HOST) == SECRET
        assert store.get("brightdata", "127.0.0.1:8080") is None
        assert store.get("openai", HOST) is None


def test_a_key_that_was_read_is_masked_from_then_on() -> None:
    backend = MemoryBackend()
    backend.kept["webtune-tui", f"brightdata@{HOST}"] = "only-the-keyring-knew-it"
    with planted(backend):
        KeyringStore().get("brightdata", HOST)
    assert mask("the header was only-the-keyring-knew-it") == "the header was [key]"


@pytest.mark.parametrize(
    ("backend", "state", "words"),
    [
        (keyring.backends.fail.Keyring(), "missing", "no keyring"),
        (keyring.backends.null.Keyring(), "disabled", "disabled"),
        (LockedBackend(), "locked", "locked"),
        (PlaintextKeyring(), "plaintext", "plain text"),
        (InnocentName(), "plaintext", "plain text"),
        (ChainBackend(keyring.backends.fail.Keyring(), PlaintextKeyring()), "plaintext", "plain text"),
        (BrokenBackend(), "failed", "failed"),
    ],
    ids=["none", "null", "locked", "plain text", "plain text by another name", "chain of plain text", "broken"],
)
def test_each_way_of_being_unusable_has_its_own_words_and_next_action(
    backend: KeyringBackend, state: str, words: str
) -> None:
    with planted(backend):
        for call in (
            lambda: KeyringStore().get("brightdata", HOST),
            lambda: KeyringStore().set("brightdata", HOST, SECRET),
        ):
            with pytest.raises(KeyringUnavailable, match=words) as raised:
                call()
            assert raised.value.fields["keyring"] == state
            assert raised.value.exit_code == 5
            assert "environment variable" in raised.value.hint
            assert SECRET.reveal() not in raised.value.message
    assert getattr(backend, "kept", {}) == {}


def test_of_a_chain_the_member_that_keeps_secrets_is_used_and_never_the_plain_text_one() -> None:
    plain, safe = PlaintextKeyring(), MemoryBackend()
    with planted(ChainBackend(plain, safe)):
        KeyringStore().set("brightdata", HOST, SECRET)
        assert KeyringStore().get("brightdata", HOST) == SECRET
    assert plain.kept == {}
    assert safe.kept


def test_a_silent_keyring_is_left_after_the_limit_and_not_asked_again_while_it_hangs() -> None:
    backend = HangingBackend()
    with planted(backend):
        store = KeyringStore(limit_seconds=0.05)
        for _ in range(3):
            with pytest.raises(KeyringUnavailable, match="did not answer within") as raised:
                store.get("brightdata", HOST)
            assert raised.value.fields["keyring"] == KeyringState.HANGING
        assert backend.calls == 1
        backend.release.set()
        assert store._stuck is not None
        store._stuck.result(timeout=10)
        assert store.get("brightdata", HOST) is None


def test_the_limit_is_five_seconds() -> None:
    assert KeyringStore()._limit_seconds == 5.0


def test_a_hanging_keyring_does_not_keep_the_process_from_ending(tmp_path: Path) -> None:
    program = """
from tests.unit.credentials.backends import HangingBackend, planted
from webtune_tui.credentials.keyring_store import KeyringStore
from webtune_tui.domain.errors import KeyringUnavailable
with planted(HangingBackend()):
    try:
        KeyringStore(limit_seconds=0.05).get("brightdata", "h")
    except KeyringUnavailable as error:
        print(error.fields["keyring"])
"""
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=30,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        check=True,
    )
    assert ended.stdout == "hanging\n"


def test_the_health_check_is_a_real_round_trip_that_leaves_nothing_behind() -> None:
    backend = MemoryBackend()
    with planted(backend):
        health = KeyringStore().health()
    assert health.state is KeyringState.READY
    assert "MemoryBackend" in health.backend
    assert backend.kept == {}


@pytest.mark.parametrize(
    ("backend", "state"),
    [
        (ForgetfulBackend(), KeyringState.FAILED),
        (LockedBackend(), KeyringState.LOCKED),
        (keyring.backends.fail.Keyring(), KeyringState.MISSING),
        (PlaintextKeyring(), KeyringState.PLAINTEXT),
    ],
)
def test_the_health_check_tells_what_is_wrong_and_the_remedy(backend: KeyringBackend, state: KeyringState) -> None:
    with planted(backend):
        health = KeyringStore().health()
    assert health.state is state
    assert health.detail and health.remedy
