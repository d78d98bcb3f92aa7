"""Which addresses may be fetched: a table of spellings, and names that stand for an address inside."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from webtune_tui.sources.base import PageRefused
from webtune_tui.sources.public_addresses import checked, is_public, parse

REFUSED_SPELLINGS = [
    ("file:///etc/passwd", "scheme"),
    ("ftp://example.com/", "scheme"),
    ("gopher://example.com/", "scheme"),
    ("javascript:alert(1)", "scheme"),
    ("data:text/html,x", "scheme"),
    ("//example.com/", "scheme"),
    ("example.com", "scheme"),
    ("", "bad_url"),
    ("http://", "bad_url"),
    ("http:///path", "bad_url"),
    ("http://example.com:0/", "bad_url"),
    ("http://example.com:99999/", "bad_url"),
    ("http://example.com:port/", "bad_url"),
    ("http://exa mple.com/", "bad_url"),
    ("http://example.com\\@127.0.0.1/", "bad_url"),
    ("http://example.com/\r\nHost: x", "bad_url"),
    ("http://example.com/\x00", "bad_url"),
    ("http://[::1/", "bad_url"),
    ("http://" + "a" * 9000 + "/", "bad_url"),
    ("http://user@example.com/", "userinfo"),
    ("http://user:hunter2@example.com/", "userinfo"),
    ("http://127.0.0.1@example.com/", "userinfo"),
    ("http://@example.com/", "userinfo"),
    ("http://2130706433/", "bad_host"),
    ("http://0x7f000001/", "bad_host"),
    ("http://0x7f.0.0.1/", "bad_host"),
    ("http://0177.0.0.1/", "bad_host"),
    ("http://017700000001/", "bad_host"),
    ("http://127.1/", "bad_host"),
    ("http://127.0.1/", "bad_host"),
    ("http://127.0.0.1.1/", "bad_host"),
    ("http://1.2.3.256/", "bad_host"),
    ("http://0/", "bad_host"),
    ("http://example.0x1/", "bad_host"),
    ("http://%31%32%37.0.0.1/", "bad_host"),
    ("http://[fe80::1%25eth0]/", "bad_host"),
    ("http://[v1.x]/", "bad_host"),
    ("http://-bad.example/", "bad_host"),
    ("http://a..b/", "bad_host"),
    ("http://" + "a" * 64 + ".com/", "bad_host"),
    ("http://exa\u200bmple\ud800.com/", "bad_host"),
]

PRIVATE_HOSTS = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.255.255.254",
    "１２７.０.０.１",
    "127。0。0。1",
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "168.63.129.16",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:8.8.8.8]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::a00:1]",
    "[2002:7f00:1::]",
    "[2001:0:53aa:64c:0:fbff:80ff:fffe]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
    "localhost",
    "LOCALHOST.",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "a.localhost",
    "printer.local",
    "metadata.google.internal",
]


async def never_asked(host: str, port: int) -> Sequence[str]:
    raise AssertionError(f"{host} was looked up")


@pytest.mark.parametrize(("url", "reason"), REFUSED_SPELLINGS)
def test_a_bad_spelling_is_refused_with_its_reason(url: str, reason: str) -> None:
    with pytest.raises(PageRefused) as raised:
        parse(url)
    assert raised.value.reason == reason
    assert "\x00" not in raised.value.message and "hunter2" not in raised.value.message


@pytest.mark.parametrize("host", PRIVATE_HOSTS)
async def test_an_address_inside_is_refused_without_asking_anybody(host: str) -> None:
    with pytest.raises(PageRefused) as raised:
        await checked(parse(f"http://{host}/"), never_asked)
    assert raised.value.reason == "private_address"


@pytest.mark.parametrize(
    "found", [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::ffff:10.0.0.1"], ["fe80::1%eth0"], ["nonsense"]]
)
async def test_a_name_that_stands_for_an_address_inside_is_refused(found: list[str]) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return found

    with pytest.raises(PageRefused) as raised:
        await checked(parse("https://example.com/"), resolve)
    assert raised.value.reason == "private_address"


async def test_a_name_that_stands_for_public_addresses_gives_them() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        assert (host, port) == ("example.com", 443)
        return ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]

    assert len(await checked(parse("https://EXAMPLE.com./"), resolve)) == 2


@pytest.mark.parametrize(
    ("allowed", "url", "passes"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080/", True),
        ("127.0.0.1:8080", "http://127.0.0.1:8081/", False),
        ("127.0.0.1", "http://127.0.0.1:8081/", True),
        ("[::1]:80", "http://[::1]/", True),
        ("localhost", "http://evil.localhost/", False),
        ("127.0.0.1", "http://127.0.0.2/", False),
    ],
)
async def test_only_the_named_host_may_be_private(allowed: str, url: str, passes: bool) -> None:
    if passes:
        assert await checked(parse(url), never_asked, {allowed})
        return
    with pytest.raises(PageRefused):
        await checked(parse(url), never_asked, {allowed})


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001::1"])
def test_public_addresses_pass(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "base", "expected"),
    [
        ("HTTP://Example.COM", "", "http://example.com/"),
        ("https://example.com:443/a b".replace(" ", "%20") + "#part", "", "https://example.com/a%20b"),
        ("https://example.com/café?q=ç", "", "https://example.com/caf%C3%A9?q=%C3%A7"),
        ("https://bücher.example/", "", "https://xn--bcher-kva.example/"),
        ("/b", "https://example.com/a/c", "https://example.com/b"),
        ("//other.example/b", "https://example.com/a", "https://other.example/b"),
        ("?x=1", "https://example.com:8443/a", "https://example.com:8443/a?x=1"),
        ("http://[2606:4700:4700:0:0:0:0:1111]:8080/", "", "http://[2606:4700:4700::1111]:8080/"),
        ("https://1.2.3.4./", "", "https://1.2.3.4/"),
    ],
)
def test_an_address_has_one_spelling(url: str, base: str, expected: str) -> None:
    assert parse(url, base).url == expected
