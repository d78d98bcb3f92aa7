"""Personal data and secrets in the texts of a row, by the finder and the placeholders of the redaction step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from webtune_tui.domain.examples import Message


def counts_in(conversations: Iterable[Iterable[Message]]) -> Counter[str]:
    """How many finds of each kind are in the messages of a row; a text that stands there twice counts once."""
    from webtune_tui.pipeline.private_data.finder import private_data_in  # its patterns take time to compile

    texts = dict.fromkeys(text for messages in conversations for message in messages for text in texts_of(message))
    return private_data_in(texts)


def texts_of(message: Message) -> list[str]:
    """The texts of a message in which a person may stand: what it says, and with what it calls tools."""
    calls = message.extra.get("tool_calls")
    arguments = [call["function"].get("arguments") for call in calls] if isinstance(calls, list) else []
    return [message.content, *(text for text in arguments if isinstance(text, str))]


def redacted(texts: Sequence[str]) -> tuple[Sequence[str], int]:
    """The texts of one row with placeholders, the same value everywhere with the same one, and how many finds went."""
    from webtune_tui.pipeline.private_data.finder import private_data_in
    from webtune_tui.pipeline.private_data.redaction import redact

    done = redact(texts, {})
    return done.texts, sum(private_data_in(texts).values()) if done.placeholders else 0
