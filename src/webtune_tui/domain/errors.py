"""Every failure that a person can meet, with its cause, the next action and the exit code.

A message names the thing and the cause; ``hint`` is the next action. Neither ever holds a secret.
Exit codes follow the table of the README: 1 the work failed, 2 usage, 3 try again later, 4 a gate was not
passed, 5 a credential is missing or refused, 6 a paid operation is unknown, 7 the cap forbids it, 70 our fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class WebtuneError(Exception):
    """What happened, what to do next, and whether trying again can help.

    ``fields`` are the facts already known when it failed; they stand beside the error in JSON output.
    """

    code: ClassVar[str] = "failed"
    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "", fields: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.fields: dict[str, Any] = dict(fields or {})


class WorkFailed(WebtuneError):
    """The work itself failed: a failed job, an empty snapshot, an invalid file."""

    code = "work_failed"


class InvalidInput(WebtuneError):
    """Given data can't be used: an unreadable file, an unknown field, too few examples."""

    code = "invalid_input"


class NoSpace(WebtuneError):
    """The disk has less free space than the work needs."""

    code = "no_space"


class ExtraMissing(WebtuneError):
    """An optional part of webtune is not installed."""

    code = "extra_missing"


class StorageFailed(WebtuneError):
    """The workspace can't be read or written; nothing was half written."""

    code = "storage_failed"


class UsageError(WebtuneError):
    """The command or its values are off; nothing was sent or written."""

    code = "usage"
    exit_code = 2


class NotFound(UsageError):
    """A named thing does not exist: a scraper, a collection, a job, a version."""

    code = "not_found"


class Stopped(UsageError):
    """The person stopped the work before anything of it was stored."""

    code = "stopped"

    def __init__(self) -> None:
        super().__init__("Stopped; nothing was changed", hint="Do it again whenever you like.")


class ConfirmationNeeded(UsageError):
    """The work costs money or can't be undone, and nobody agreed to it."""

    code = "confirmation_needed"


class TryLater(WebtuneError):
    """Nothing is lost; the same call can succeed later."""

    code = "try_later"
    exit_code = 3
    retryable = True


class Offline(TryLater):
    """The address can't be reached."""

    code = "offline"


class Unreachable(Offline):
    """The address can't be reached, and nothing has left: what was to be sent is surely not paid."""


class StillRunning(TryLater):
    """The deadline passed while the remote work goes on."""

    code = "still_running"


class RateLimited(TryLater):
    """The service asks to come back later; ``retry_after`` is in seconds where it said when."""

    code = "rate_limited"

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        hint: str = "",
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, hint=hint, fields=fields)
        self.retry_after = retry_after


class ServiceUnavailable(TryLater):
    """The service answered with a fault of its own (5xx)."""

    code = "service_unavailable"


class WorkspaceBusy(TryLater):
    """Another process writes to the workspace."""

    code = "workspace_busy"


class GateNotPassed(WebtuneError):
    """An evaluation gate was not passed."""

    code = "gate_not_passed"
    exit_code = 4


class CredentialMissing(WebtuneError):
    """No key is known for a service."""

    code = "credential_missing"
    exit_code = 5


class CredentialRefused(WebtuneError):
    """The service refused the key or the account (401, 402, 403)."""

    code = "credential_refused"
    exit_code = 5


class KeyringUnavailable(WebtuneError):
    """The OS keyring is missing, locked, hanging, or would store plain text."""

    code = "keyring_unavailable"
    exit_code = 5


class ClosedForTuning(CredentialRefused):
    """The provider no longer lets this account create fine-tuning jobs."""

    code = "closed_for_tuning"


class OutcomeUnknown(WebtuneError):
    """A paid call was sent and its reply was lost; it is looked up, never sent again by itself."""

    code = "outcome_unknown"
    exit_code = 6


class CapExceeded(WebtuneError):
    """The workspace's spending cap forbids the work."""

    code = "cap_exceeded"
    exit_code = 7


class Interrupted(WebtuneError):
    """A signal ended the command; what was done is kept. The exit code is the signal's: 130, 143 or 129."""

    code = "interrupted"
    exit_code = 130


class InternalFault(WebtuneError):
    """A fault of webtune itself."""

    code = "internal"
    exit_code = 70
