"""One request to one public address: the connection goes to the IP address that was checked, and nowhere else.

No cookies are kept, no proxy of the environment is used, no redirect is followed, and no key is ever sent.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator, Collection
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from webtune_tui.domain.errors import Offline, WebtuneError
from webtune_tui.sources.base import CutBody, PageRefused
from webtune_tui.sources.public_addresses import PageAddress, Resolve, checked

_ACCEPT = "text/html, application/xhtml+xml, text/markdown, text/plain, application/json, text/vtt, */*;q=0.1"
_TIMEOUTS = httpx.Timeout(connect=10, read=30, write=10, pool=10)
_MOST_ADDRESSES = 3


class PageConnection:
    """Asks for pages, one connection a request."""

    def __init__(self, user_agent: str, allowed: Collection[str], resolve: Resolve) -> None:
        self._allowed = frozenset(entry.strip().lower() for entry in allowed)
        self._resolve = resolve
        self._client = httpx.AsyncClient(
            headers={"User-Agent": user_agent, "Accept": _ACCEPT, "Accept-Encoding": "gzip", "Connection": "close"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            verify=httpx.create_ssl_context(),
            timeout=_TIMEOUTS,
            follow_redirects=False,
            trust_env=False,  # through a proxy nobody would know which address is reached
            limits=httpx.Limits(max_keepalive_connections=0),  # one name's connection must not serve another name
        )

    @contextlib.asynccontextmanager
    async def get(self, address: PageAddress) -> AsyncIterator[httpx.Response]:
        """The answer of an address, its body still to come.

        Raises:
            PageRefused: the address is not public, its host does not exist, or its certificate is not good.
            Offline: it can't be reached now. CutBody: the connection broke in the middle.
        """
        reached: WebtuneError | None = None
        for ip in (await checked(address, self._resolve, self._allowed))[:_MOST_ADDRESSES]:
            try:
                response = await self._client.send(self._request(address, ip), stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                reached = _not_reached(address, error)
                reached.__cause__ = error
                continue
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise Offline(f"No answer from {address.host} ({type(error).__name__})") from error
            try:
                yield response
            except httpx.HTTPError as error:
                raise CutBody(f"The page of {address.host} was cut ({type(error).__name__})") from error
            finally:
                await response.aclose()
            return
        raise reached or Offline(f"{address.host} has no address")

    async def aclose(self) -> None:
        """Closes what is open."""
        await self._client.aclose()

    def _request(self, address: PageAddress, ip: str) -> httpx.Request:
        shown = f"[{ip}]" if ":" in ip else ip
        return self._client.build_request(
            "GET",
            f"{address.scheme}://{shown}:{address.port}{address.target}",
            headers={"Host": address.authority},
            extensions={"sni_hostname": address.host},
        )


def _not_reached(address: PageAddress, error: httpx.HTTPError) -> WebtuneError:
    cause: BaseException | None = error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return PageRefused(
                f"The certificate of {address.host} is not good: {cause.verify_message}", reason="certificate"
            )
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__
    return Offline(f"No connection to {address.host}", hint="Check the network and the address.")
