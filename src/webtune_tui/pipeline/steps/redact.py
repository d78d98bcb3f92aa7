"""Personal data and secrets: placeholders instead, before any example is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtune_tui.domain.options import option
from webtune_tui.pipeline.base import Draft, Dropped
from webtune_tui.pipeline.private_data.fields import field_texts, with_texts
from webtune_tui.pipeline.private_data.finder import may_hold
from webtune_tui.pipeline.private_data.hits import KINDS
from webtune_tui.pipeline.private_data.redaction import POLICIES, REDACT, redact

_LIKE_OTHERS = "default"
_CHOICES = (_LIKE_OTHERS, *POLICIES)
_NATIONAL = ("ssn", "nir", "dni", "codice_fiscale", "steuer_id", "bsn", "nhs", "my_number", "aadhaar")


def _policy(label: str, help: str) -> str:
    chosen: str = option(_LIKE_OTHERS, label=label, help=help, choices=_CHOICES)
    return chosen


@dataclass(frozen=True)
class Redact:
    """Replaces personal data and secrets by placeholders, drops the record, or keeps them: a choice for each kind.

    The same value gets the same placeholder in all fields of a record: ``[EMAIL]``, or ``[EMAIL_1]`` and ``[EMAIL_2]``
    where it has several. Names of persons and postal addresses are not found.
    """

    name: ClassVar[str] = "redact"
    title: ClassVar[str] = "Personal data and secrets"
    stage: ClassVar[str] = "record"
    order: ClassVar[int] = 60
    is_default: ClassVar[bool] = True

    policy: str = option(
        REDACT, label="What happens", help="For every kind with no choice of its own.", choices=POLICIES
    )
    email: str = _policy("E-mail", "Also name (at) example dot com; not handles, nor package@1.2.3.")
    phone: str = _policy("Telephone", "National and international forms; plain digits only after a word such as Tel.")
    card: str = _policy("Payment cards", "With an issuer's prefix and a valid check digit.")
    iban: str = _policy("Bank accounts", "IBAN with the length and check digits of its country.")
    cpf: str = _policy("CPF", "Brazilian persons.")
    cnpj: str = _policy("CNPJ", "Brazilian companies.")
    national_id: str = _policy("Other national ids", "US, FR, ES, IT, DE, NL, UK, JP and IN, by check digit or label.")
    ip: str = _policy("IP addresses", "Private ranges too; not loopback, masks or version numbers.")
    mac: str = _policy("MAC addresses", "Hardware addresses.")
    api_key: str = _policy(
        "Keys and passwords", "Keys of known vendors, private keys, tokens and passwords with a label."
    )
    token_url: str = _policy(
        "Secrets in links", "Only the login, token or signature is replaced; the link stays readable."
    )
    crypto_address: str = _policy("Crypto addresses", "Bitcoin and Ethereum.")

    def apply(self, draft: Draft) -> Draft | Dropped:
        """The draft with placeholders in the fields that its example will be made of."""
        found = field_texts(draft.fields, draft.wanted)
        texts = [one.text for one in found]
        if not may_hold("\n".join(texts)):
            return draft
        redacted = redact(texts, self.policies(), [one.name for one in found])
        if redacted.dropped_kind:
            return Dropped(draft.record_id, "private", self.name, redacted.dropped_kind)
        if not redacted.placeholders:
            return draft
        redone = draft.with_fields(with_texts(draft.fields, draft.wanted, redacted.texts), self.name)
        return redone.evolved(redacted={**draft.redacted, **redacted.placeholders})

    def policies(self) -> dict[str, str]:
        """What happens to each kind."""
        chosen = {kind: getattr(self, "national_id" if kind in _NATIONAL else kind) for kind in KINDS}
        return {kind: self.policy if choice == _LIKE_OTHERS else choice for kind, choice in chosen.items()}


STEP = Redact
