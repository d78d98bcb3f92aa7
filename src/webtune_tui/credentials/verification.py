"""Asks a service whether it takes a key, by calls that cost nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webtune_tui import __version__
from webtune_tui.domain.addresses import host_of
from webtune_tui.domain.credentials import Secret
from webtune_tui.domain.errors import Offline, RateLimited, ServiceUnavailable

if TYPE_CHECKING:
    import httpx

_SECONDS = 15.0
_SCRAPER = "gd_l7q7dkf244hwjntr0"  # Amazon products: what the collect screen starts with

# below the address of the service; the next is asked where the one before says nothing of the key
_PATHS = {
    "brightdata": (f"/datasets/v3/scrapers?dataset_id={_SCRAPER}", "/status"),
    "huggingface": ("/api/whoami-v2",),
}
_OPENAI_PATHS = ("/models",)


async def verify_key(service: str, address: str, secret: Secret) -> tuple[bool | None, str]:
    """Whether the service takes the key, ``None`` if that can't be told, and why in words.

    Raises:
        Offline, RateLimited, ServiceUnavailable: it can't be asked now.
    """
    import httpx  # 100 ms that only a check needs

    host = host_of(address)
    key = {"api-key": secret.reveal()} if service == "foundry" else {"Authorization": f"Bearer {secret.reveal()}"}
    headers = {"User-Agent": f"webtune-tui/{__version__}", **key}
    status = 0
    async with httpx.AsyncClient(headers=headers, timeout=_SECONDS, follow_redirects=False) as client:
        for path in _PATHS.get(service, _OPENAI_PATHS):
            try:
                response = await client.get(address.rstrip("/") + path)
            except (httpx.TransportError, httpx.DecodingError, httpx.InvalidURL) as error:
                raise Offline(
                    f"{host} can't be reached ({type(error).__name__})",
                    hint="Check the connection and the address, then try again.",
                ) from None  # the cause holds the request with its headers
            status = response.status_code
            verdict = _verdict(host, response)
            if verdict is not None:
                return verdict
    if status >= 500:
        raise ServiceUnavailable(f"{host} answered with {status}", hint="Try again in some minutes.")
    return None, f"{host} answered with {status}, which says nothing of the key"


def _verdict(host: str, response: httpx.Response) -> tuple[bool | None, str] | None:
    """What an answer says of the key; ``None`` where it says nothing."""
    status = response.status_code
    if status == 401:
        return False, f"{host} refuses this key (401)"
    if status == 403:
        return None, f"{host} knows this key, which lacks the permission that the check needs (403)"
    if status == 429:
        seconds = response.headers.get("retry-after", "")
        raise RateLimited(
            f"{host} asks to come back later (429)",
            retry_after=float(seconds) if seconds.isdecimal() else None,
            hint=f"Try again in {seconds} s." if seconds.isdecimal() else "Try again in a minute.",
        )
    return (True, f"{host} takes this key") if status == 200 and _is_json(response) else None


def _is_json(response: httpx.Response) -> bool:
    """Whether the service answered; the page of a captive portal is no answer."""
    try:
        response.json()
    except ValueError:
        return False
    return True
