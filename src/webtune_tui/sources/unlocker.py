"""Pages through Bright Data's Web Unlocker: one paid request a page, sent once."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import httpx

from webtune_tui.domain import clock
from webtune_tui.domain.errors import CredentialRefused, OutcomeUnknown, WebtuneError
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.settings import Settings
from webtune_tui.sources import brightdata_requests as wire
from webtune_tui.sources import page_body, page_requests
from webtune_tui.sources.base import FetchedPage, KeyLookup, PageRefused
from webtune_tui.sources.brightdata_http import BrightDataHttp, is_html, text_of
from webtune_tui.sources.page_requests import PageAnswer

SECONDS = 240.0  # the service itself gives up on a page before that
_VERIFY_HINT = "Bright Data asks the account to be verified (KYC) for this site; see brightdata.com, account settings."
_SPARE_BYTES = 1024**2


class UnlockerFetcher:
    """Asks one zone of the account for pages."""

    def __init__(self, http: BrightDataHttp, zone: str, largest: int, *, markdown: bool = False) -> None:
        self._http = http
        self._zone = zone
        self._largest = largest
        self._markdown = markdown

    async def fetch(self, url: str, target: Path) -> FetchedPage:
        """The page as the service got it, in UTF-8. It is paid for when it succeeds.

        Raises:
            PageRefused: the service did not get this page; its code is the reason.
            OutcomeUnknown: the request was sent and no clear answer came.
            CredentialRefused, RateLimited, Offline, InvalidInput: nothing was paid; other pages would fare no better.
        """
        body = page_requests.unlocker_body(self._zone, url, markdown=self._markdown)
        answer = await ask(self._http, body, url, self._largest)
        require_page(answer, url)
        content_type = "text/markdown" if self._markdown else answer.headers.get("content-type", "")
        media_type, _ = page_body.media_type_of(content_type, url)
        return await stored(answer, url, media_type or page_body.guessed(answer.body[:100].encode()), target)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()


async def ask(http: BrightDataHttp, body: str, url: str, largest: int) -> PageAnswer:
    """Sends one paid request exactly once and answers the page in its reply; see :meth:`UnlockerFetcher.fetch`."""
    shown = display_line(url, limit=200)
    try:
        response = await http.send_paid(
            page_requests.REQUEST_PATH, {}, body.encode(), seconds=SECONDS, largest=4 * largest + _SPARE_BYTES
        )
    except OutcomeUnknown as error:
        raise _unknown(shown, "the connection broke") from error
    refused = _refusal_of(http, response, shown)
    if refused is not None:
        raise refused
    answer = page_requests.answer_of(response.content.decode("utf-8", "replace"))
    if answer is None:
        raise _unknown(shown, f"the answer is none of the service ({wire.words_of(text_of(response))[:200]})")
    return answer


def _refusal_of(http: BrightDataHttp, response: httpx.Response, shown: str) -> WebtuneError | None:
    """What a reply says that holds no page; ``None`` for one that may hold one."""
    status, text = response.status_code, text_of(response)
    said = text if is_html(response) or not response.is_success else ""  # a page in JSON says nothing of the account
    code = page_requests.error_code(response.headers, said)
    words = wire.words_of(page_requests.error_words(response.headers) or text)
    if status in (401, 402, 429):
        return http.refusal(response)
    if page_requests.is_used_up(code, said):
        return CredentialRefused(
            f"Bright Data gives no more pages now: {words}",
            hint="Raise the limit of the zone or the account at brightdata.com, then: webtune collect resume",
        )
    if code:
        return PageRefused(f"{shown}: {words} ({code})", reason=code, status=status, hint=_hint_of(code))
    if response.is_success:
        return None
    if status >= 500 or status in (408, 409):
        return _unknown(shown, f"the service answered {status}: {words}")
    if status == 403 or response.is_redirect or "zone" in text[:300].lower():
        return http.refusal(response)
    return PageRefused(f"{shown}: refused ({status}): {words}", reason=f"refused_{status}", status=status)


def require_page(answer: PageAnswer, url: str) -> None:
    """Checks that a reply holds the site's page and not a failure in its place. Raises PageRefused."""
    shown = display_line(url, limit=200)
    code = page_requests.error_code(answer.headers)
    if code:
        words = page_requests.error_words(answer.headers) or wire.words_of(answer.body)
        raise PageRefused(
            f"{shown}: {wire.words_of(words)} ({code})", reason=code, status=answer.status, hint=_hint_of(code)
        )
    if not 200 <= answer.status < 300:
        raise PageRefused(
            f"{shown}: the site answered {answer.status}", reason=f"http_{answer.status}", status=answer.status
        )
    if not answer.body.strip():
        raise PageRefused(f"{shown}: the service sent an empty page", reason="empty", status=answer.status)


async def stored(answer: PageAnswer, url: str, media_type: str, target: Path) -> FetchedPage:
    """Writes the body of a reply into a file, synced."""
    body = answer.body.encode("utf-8", "replace")
    await asyncio.to_thread(_write, target, body)
    return FetchedPage(
        url=url,
        final_url=url,
        status=answer.status,
        media_type=media_type,
        charset="utf-8",
        size=len(body),
        fetched_at=clock.now(),
    )


def create(settings: Settings, find_key: KeyLookup, zone: str, *, markdown: bool = False) -> UnlockerFetcher:
    """The fetcher for a zone of the account."""
    http = BrightDataHttp(settings.brightdata_url, find_key)
    return UnlockerFetcher(http, zone, settings.limits.page_bytes, markdown=markdown)


def _unknown(shown: str, why: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"{shown} was asked for, and whether it was paid is unknown: {why}",
        hint="It is not asked for again by itself: webtune collect resume ID --resend-unknown",
    )


def _hint_of(code: str) -> str:
    return _VERIFY_HINT if code.startswith(("policy_", "ub_bad_endpoint")) else ""


def _write(target: Path, body: bytes) -> None:
    with page_body.create(target) as stream:
        stream.write(body)
        stream.flush()
        os.fsync(stream.fileno())
