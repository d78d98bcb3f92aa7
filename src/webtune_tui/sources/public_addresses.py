"""Which web addresses may be fetched from this machine: public ones only, whatever their spelling.

A name is resolved once, every address it stands for is checked, and the connection goes to a checked one: what a name
stands for a moment later does not matter.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from webtune_tui.domain.errors import Offline
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.sources.base import PageRefused

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_PORTS = {"http": 80, "https": 443}
_LONGEST_URL = 8000
_LONGEST_HOST = 253
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_OWN_NAMES = ("localhost", "local", "internal", "home.arpa", "onion")
_SAFE = "!#$%&'()*+,/:;=?@[]~"  # what stands in a path or query as it is; everything else is percent-encoded

# beyond what ipaddress calls global: ranges that reach back inside, and the address of a cloud's own services
_NEVER_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")  # mapped, NAT64, unique local, link-local and multicast lie outside
_NEVER_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48")
)


@dataclass(frozen=True, slots=True)
class PageAddress:
    """A web address in its one spelling: ``host`` is ASCII, lower case and without brackets; no fragment."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """``host[:port]`` as a Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address."""
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def robots(self) -> PageAddress:
        """Where the host keeps its rules for robots."""
        return PageAddress(self.scheme, self.host, self.port, "/robots.txt")


def parse(url: str, base: str = "") -> PageAddress:
    """The address that a URL means, relative to ``base`` where one is given.

    Raises:
        PageRefused: it is no web address, holds a user name or password, or spells its host in a way that no honest
            link does.
    """
    shown = display_line(url, limit=200)
    text = url.strip(" \t\r\n")
    if not text or len(text) > _LONGEST_URL or _FORBIDDEN.search(text):
        raise PageRefused(f"{shown} is not a web address", reason="bad_url", hint="Write it as https://HOST/PATH.")
    try:
        parts = urlsplit(urljoin(base, text) if base else text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise PageRefused(f"{shown} is not a web address", reason="bad_url") from error
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        raise PageRefused(f"{shown} is not an http or https address", reason="scheme", hint="Start it with https://")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise PageRefused(
            "The address holds a user name or password", reason="userinfo", hint="Remove what stands before the @."
        )
    if not host or port == 0:
        raise PageRefused(f"{shown} names no host", reason="bad_url", hint="Write it as https://HOST/PATH.")
    if ("[" in parts.netloc) != (":" in host) or "%" in host:
        raise PageRefused(f"{shown} names no host", reason="bad_host")
    target = quote(parts.path or "/", safe=_SAFE) + (f"?{quote(parts.query, safe=_SAFE)}" if parts.query else "")
    return PageAddress(scheme, _plain_host(host, shown), port or _PORTS[scheme], target)


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet and to nobody's inside."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv4Address):
        return not any(ip in network for network in _NEVER_V4)
    return ip.scope_id is None and ip in _UNICAST_V6 and not any(ip in network for network in _NEVER_V6)


async def checked(address: PageAddress, resolve: Resolve, allowed: Collection[str] = ()) -> Sequence[str]:
    """The IP addresses to connect to for a web address, all of them public.

    ``allowed`` names hosts (``host`` or ``host:port``, exact) whose addresses may be private.

    Raises:
        PageRefused: one of its addresses is not public, or the name does not exist.
        Offline: names can't be looked up now.
    """
    host = f"[{address.host}]" if ":" in address.host else address.host
    is_allowed = host in allowed or f"{host}:{address.port}" in allowed
    if not is_allowed and any(address.host == name or address.host.endswith(f".{name}") for name in _OWN_NAMES):
        raise _private(address)
    try:
        ipaddress.ip_address(address.host)
        found: Sequence[str] = (address.host,)
    except ValueError:
        found = await resolve(address.host, address.port)
    if not is_allowed and not all(is_public(ip) for ip in found):
        raise _private(address)
    return found


async def resolve_name(host: str, port: int) -> Sequence[str]:
    """The IP addresses of a name, by the machine's own resolver. Raises PageRefused, Offline."""
    try:
        rows = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)):
            raise PageRefused(f"There is no host {host}", reason="no_such_host", hint="Check the address.") from error
        raise Offline(f"{host} can't be looked up ({error.strerror})", hint="Check the network.") from error
    except (OSError, UnicodeError) as error:
        raise PageRefused(f"{host} can't be looked up", reason="no_such_host") from error
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


def _private(address: PageAddress) -> PageRefused:
    return PageRefused(
        f"{address.host} is an address inside this machine or network; only public pages are fetched",
        reason="private_address",
        hint=f'A host of your own can be named in config.toml: [pages] allow_private = ["{address.authority}"]',
    )


def _plain_host(host: str, shown: str) -> str:
    """A host in its one spelling. Raises PageRefused."""
    if ":" in host:
        try:
            return str(ipaddress.IPv6Address(host))
        except ValueError as error:
            raise PageRefused(f"{shown} names no host", reason="bad_host") from error
    name = _ascii(host, shown).removesuffix(".")
    last = name.rpartition(".")[2]
    if _NUMBER.fullmatch(last):  # a name whose end is a number is an address to some programs and a name to others
        try:
            return str(ipaddress.IPv4Address(name))
        except ValueError as error:
            raise PageRefused(
                f"{shown} spells its address as no honest link does", reason="bad_host", hint="Write it as 1.2.3.4."
            ) from error
    if len(name) > _LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise PageRefused(f"{shown} names no host", reason="bad_host")
    return name


def _ascii(host: str, shown: str) -> str:
    if host.isascii():
        return host.lower()
    import idna  # comes with httpx; only names in other scripts need it

    try:
        return idna.encode(host, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise PageRefused(f"{shown} names no host", reason="bad_host") from error
