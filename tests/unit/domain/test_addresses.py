"""Where a key may travel to."""

from __future__ import annotations

import pytest

from webtune_tui.domain.addresses import host_of, is_loopback, require_private
from webtune_tui.domain.errors import UsageError


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://api.openai.com/v1", "api.openai.com"),
        ("https://API.OpenAI.com:443/v1", "api.openai.com"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("api.openai.com", "api.openai.com"),
        ("https://user:secret@api.openai.com/v1", "api.openai.com"),
        ("http://[::1]:9000/v1", "[::1]:9000"),
        ("", ""),
    ],
)
def test_the_host_of_an_address(address: str, host: str) -> None:
    assert host_of(address) == host


@pytest.mark.parametrize("address", ["https://", "https://host:port/", "https://[::1/", "https://host:99999"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="not an address"):
        host_of(address)


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("127.0.0.1:80", True),
        ("127.9.9.9", True),
        ("[::1]:80", True),
        ("localhost:3000", True),
        ("sandbox.localhost", True),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("10.0.0.1", False),
        ("api.openai.com", False),
        ("", False),
    ],
)
def test_only_this_machine_is_loopback(host: str, answer: bool) -> None:
    assert is_loopback(host) is answer


@pytest.mark.parametrize("address", ["https://api.openai.com/v1", "http://127.0.0.1:9/v1", "http://localhost:9"])
def test_a_key_may_travel_encrypted_or_stay_on_this_machine(address: str) -> None:
    require_private(address)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://api.openai.com/v1", "could be read"),
        ("http://10.0.0.1:9/v1", "could be read"),
        ("ftp://api.openai.com", "could be read"),
        ("https://user:secret@api.openai.com", "user name or password"),
    ],
)
def test_a_key_never_travels_in_the_clear(address: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as raised:
        require_private(address)
    assert "secret" not in raised.value.message
