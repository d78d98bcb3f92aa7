"""Turns what the openai SDK raises into our errors."""

from __future__ import annotations

from typing import Any

import httpx2
import openai

from webtune_tui.domain.errors import (
    CredentialRefused,
    InvalidInput,
    NotFound,
    Offline,
    OutcomeUnknown,
    RateLimited,
    ServiceUnavailable,
    Unreachable,
    WebtuneError,
    WorkFailed,
)
from webtune_tui.domain.masking import mask

_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)


def translate(error: openai.OpenAIError, *, title: str, key_name: str | None) -> WebtuneError:
    """Our error for a call that changes nothing when it is repeated."""
    if isinstance(error, openai.APIConnectionError):
        kind = Unreachable if isinstance(error.__cause__, _NOT_SENT) else Offline
        return kind(
            f"{title} can't be reached: {_cause(error)}", hint="Check the network and the address, then try again."
        )
    if isinstance(error, openai.APIStatusError):
        return _of_status(error, title, key_name)
    return WorkFailed(f"{title}: {mask(str(error))[:500]}", hint="Try again; the details are in the log.")


def translate_paid(error: openai.OpenAIError, *, title: str, key_name: str | None) -> WebtuneError:
    """Our error for a call that must not be repeated: unknown unless it surely was refused or never left."""
    if isinstance(error, openai.APIConnectionError):
        if isinstance(error.__cause__, _NOT_SENT):
            return translate(error, title=title, key_name=key_name)
        return unknown_outcome(title, _cause(error))
    if isinstance(error, openai.APIStatusError):
        if error.status_code >= 500 or error.status_code in (408, 409):
            return unknown_outcome(title, f"HTTP {error.status_code}: {provider_words(error)}")
        return _of_status(error, title, key_name)
    return unknown_outcome(title, mask(str(error))[:300])


def unknown_outcome(title: str, cause: str) -> OutcomeUnknown:
    """The error for a paid call whose reply was lost."""
    return OutcomeUnknown(
        f"{title} may have accepted the job, but its reply was lost ({cause})",
        hint="It is looked up before anything else: webtune jobs watch ID. It is never sent again by itself.",
    )


def provider_words(error: openai.APIStatusError) -> str:
    """What the provider itself said, whatever shape its error body has."""
    body: Any = error.body
    if isinstance(body, dict):
        body = body.get("message") or body.get("detail") or body.get("error") or body
    return mask(str(body or error.message)).strip()[:500]


def _of_status(error: openai.APIStatusError, title: str, key_name: str | None) -> WebtuneError:
    words = provider_words(error)
    status = error.status_code
    keys = f"Check the key: webtune keys check {key_name}" if key_name else "Start webtune again."
    if status == 401:
        return CredentialRefused(f"{title} refused the key: {words}", hint=keys)
    if status == 402 or error.code == "insufficient_quota":
        return CredentialRefused(f"{title} asks for payment: {words}", hint="Look at the account's billing page.")
    if status == 403:
        return CredentialRefused(f"{title} does not allow this: {words}", hint=keys)
    if status == 404:
        return NotFound(f"{title} has no such thing: {words}", hint="It may have been deleted or retired there.")
    if status == 429:
        wait = _retry_after(error)
        when = f"in {wait:.0f} s" if wait is not None else "in some minutes"
        return RateLimited(f"{title} is busy: {words}", retry_after=wait, hint=f"Try again {when}.")
    if status >= 500 or status in (408, 409):
        return ServiceUnavailable(f"{title} failed (HTTP {status}): {words}", hint="Try again later.")
    return InvalidInput(f"{title} refused the request: {words}", hint="Correct what it names and try again.")


def _retry_after(error: openai.APIStatusError) -> float | None:
    try:
        return max(0.0, float(error.response.headers["retry-after"]))
    except (KeyError, ValueError):
        return None


def _cause(error: openai.APIConnectionError) -> str:
    cause = error.__cause__ or error
    return mask(f"{type(cause).__name__}: {cause}")[:300]
