"""Every find in a text: the families of rules, each asked only where the text holds what it needs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from webtune_tui.pipeline.private_data.emails import emails, escaped_emails, spelled_emails
from webtune_tui.pipeline.private_data.folding import folded, has_disguise
from webtune_tui.pipeline.private_data.hits import KINDS, Hit, without_overlaps
from webtune_tui.pipeline.private_data.links import secret_links
from webtune_tui.pipeline.private_data.national_ids import codici_fiscali, national_ids
from webtune_tui.pipeline.private_data.network import ip6_addresses, ip_addresses, mac_addresses
from webtune_tui.pipeline.private_data.payment import cards, crypto_addresses, ibans
from webtune_tui.pipeline.private_data.phones import phones
from webtune_tui.pipeline.private_data.secrets import assigned_secrets, known_secrets, named_secrets, private_keys
from webtune_tui.pipeline.private_data.triggers import SHORTEST, Triggers, long_words, triggers

__all__ = ["KINDS", "Hit", "find", "private_data_in"]

# possessive: giving nothing back, a run of a million digits needs no memory for each
_NUMBER = re.compile(r"[0-9](?:(?:[ ().\-/]{0,3}+[0-9]){6,}+|[0-9]{0,2}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})")
_AROUND_NUMBER = 8
_BEFORE_IBAN, _AFTER_IBAN = 14, 36
_LONGEST_RUN = 300  # longer ones are tables of figures
_LEAST_COLONS = 5
_AROUND_WORD = 56


def find(text: str, field: str = "") -> list[Hit]:
    """The personal data and secrets in a text, in its order and without overlaps.

    ``field`` is the name of the field that holds the text: it says what a plain number is where no word before it
    does. Placeholders such as ``[EMAIL_1]`` are never found.
    """
    suspected = _suspected(text)
    if suspected is None:
        return []
    return without_overlaps(list(_found(folded(text), suspected, field)))


def may_hold(text: str) -> bool:
    """Whether the text is worth looking through: a quick answer that is never wrongly no."""
    return _suspected(text) is not None


def _suspected(text: str) -> Triggers | None:
    if len(text) < SHORTEST:
        return None
    return triggers(folded(text) if not text.isascii() and has_disguise(text) else text)


def private_data_in(messages: Iterable[str]) -> Counter[str]:
    """How many finds of each kind are in some texts, for the check before an upload."""
    return Counter(hit.kind for text in messages for hit in find(text))


def _found(text: str, suspected: Triggers, field: str) -> Iterator[Hit]:
    if suspected.sign:
        yield from emails(text)
    if suspected.spelled:
        yield from spelled_emails(text)
        yield from escaped_emails(text)
    if suspected.digits:
        yield from _in_numbers(text, field)
    if suspected.words:
        yield from _in_long_words(text, field)
    if suspected.colons:
        yield from ip6_addresses(text, 0, len(text))
    if suspected.password:
        yield from assigned_secrets(text, 0, len(text))
    if suspected.url:
        yield from secret_links(text)


def _in_numbers(text: str, field: str) -> Iterator[Hit]:
    reach = 0
    for match in _NUMBER.finditer(text):
        start = max(reach, match.start() - _AROUND_NUMBER)
        end = match.end() + _AROUND_NUMBER
        if match.end() - match.start() <= _LONGEST_RUN:
            yield from phones(text, start, end, field)
        yield from national_ids(text, start, end, field)
        yield from cards(text, start, end, field)
        if "." in match.group():
            yield from ip_addresses(text, start, end, field)
            yield from mac_addresses(text, start, end, field)
        yield from ibans(text, max(reach, match.start() - _BEFORE_IBAN), match.end() + _AFTER_IBAN)
        reach = match.end()


def _in_long_words(text: str, field: str) -> Iterator[Hit]:
    if "PRIVATE KEY" in text:
        yield from private_keys(text)
    for start, end in long_words(text):
        yield from known_secrets(text, start, end)
        if text.count(":", start, end) >= _LEAST_COLONS:
            yield from ip6_addresses(text, start, min(len(text), end + 1))
        yield from mac_addresses(text, start, end, field)
        yield from crypto_addresses(text, start, end)
        if "/" in text[start:end]:
            yield from national_ids(text, start, end + 1, field)  # a company's number with letters
        yield from codici_fiscali(text, start, end)
        yield from named_secrets(text, max(0, start - _AROUND_WORD), end + 1)
