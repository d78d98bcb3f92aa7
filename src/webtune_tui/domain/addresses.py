"""Which host an address means, and whether a key may travel to it."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from webtune_tui.domain.errors import UsageError

_DEFAULT_PORTS = {"https": 443, "http": 80}


def host_of(address: str) -> str:
    """The ``host[:port]`` of an address or of a bare host, lower case, without the scheme's own port.

    An empty address has no host. Raises UsageError for one that no host can be read from.
    """
    if not address:
        return ""
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        name, port = parts.hostname, parts.port
    except ValueError:
        name = port = None
    if not name:
        raise UsageError(f"{address!r} is not an address", hint="Write it as https://HOST/PATH.")
    shown = f"[{name}]" if ":" in name else name
    return shown if port is None or port == _DEFAULT_PORTS.get(parts.scheme) else f"{shown}:{port}"


def is_loopback(host: str) -> bool:
    """Whether a ``host[:port]`` never leaves this machine."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def require_private(address: str) -> None:
    """Refuses an address over which a key could be read on its way.

    Raises:
        UsageError: plain http to another machine, or a user name or password inside the address.
    """
    if "://" not in address:
        return
    parts = urlsplit(address)
    host = host_of(address)
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            f"The address of {host} holds a user name or password",
            hint="Remove it from the address; keys are kept with: webtune keys set NAME",
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise UsageError(
            f"No key is sent to {parts.scheme}://{host}: on the way it could be read",
            hint=f"Use https://{host}; plain http is only for this machine itself.",
        )
