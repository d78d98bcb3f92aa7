"""Token counts: the chosen base's own tokenizer where it lies on this machine, else o200k_base."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

from webtune_tui.domain.errors import ExtraMissing, InvalidInput
from webtune_tui.domain.examples import Message

DEFAULT_ENCODING = "o200k_base"
_OLDER_ENCODING = "cl100k_base"
_OLDER_MODELS = ("gpt-3.5", "gpt-4-", "gpt-35")
TOKENS_PER_MESSAGE = 3
TOKENS_PER_NAME = 1
TOKENS_PER_EXAMPLE = 3

_SURROGATES = re.compile("[\ud800-\udfff]")


class TokenCounter(Protocol):
    """Counts tokens; ``encoding`` names the vocabulary."""

    @property
    def encoding(self) -> str:
        """The vocabulary's name, for reports."""
        ...

    def count(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text, without any chat overhead."""
        ...


@dataclass(frozen=True)
class BundledCounter:
    """Counts with an encoding that comes with the tokenizer library, offline."""

    encoding: str = DEFAULT_ENCODING

    def count(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text; lone surrogates count as one replacement character each."""
        import toktok  # loads 8 MB of ranks

        # one thread: batches are small, and the processes that prepare share the processors already
        counts: list[int] = toktok.batch_count([_encodable(text) for text in texts], self.encoding, threads=1)
        return counts


@dataclass(frozen=True)
class FileCounter:
    """Counts with a model's ``tokenizer.json``. ``encoding`` is the model's name."""

    path: Path
    encoding: str

    def count(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text, special tokens left out."""
        tokenizer = _load_tokenizer(self.path)
        encoded = tokenizer.encode_batch([_encodable(text) for text in texts], add_special_tokens=False)
        return [len(one.ids) for one in encoded]


def counter_for(base_model: str, models: Path) -> TokenCounter:
    """The counter of a base model: a folder, or a name under ``models``; the default where there is neither."""
    for candidate in (Path(base_model).expanduser(), models / base_model, models / base_model.replace("/", "--")):
        if base_model and (candidate / "tokenizer.json").is_file():
            return FileCounter(candidate / "tokenizer.json", Path(base_model).name)
    return BundledCounter(_OLDER_ENCODING if base_model.startswith(_OLDER_MODELS) else DEFAULT_ENCODING)


def count_examples(conversations: Sequence[Sequence[Message]], counter: TokenCounter) -> list[int]:
    """The tokens of whole examples: contents, 3 for each message, 1 for a name, 3 for the example."""
    texts: list[str] = []
    bounds = [0]
    for messages in conversations:
        for message in messages:
            texts += _message_texts(message) if message.extra else (message.content,)
        bounds.append(len(texts))
    counts = counter.count(texts)
    return [
        sum(counts[start:end]) + overhead(messages)
        for messages, (start, end) in zip(conversations, pairwise(bounds), strict=True)
    ]


def overhead(messages: Sequence[Message]) -> int:
    """The tokens around the contents in the chat format."""
    names = 0
    for message in messages:
        if message.extra and "name" in message.extra:
            names += 1
    return TOKENS_PER_MESSAGE * len(messages) + TOKENS_PER_NAME * names + TOKENS_PER_EXAMPLE


def _message_texts(message: Message) -> list[str]:
    if not message.extra:
        return [message.content]
    calls: Any = message.extra.get("tool_calls")
    return [message.content, *([str(calls)] if calls else [])]


def _encodable(text: str) -> str:
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


@lru_cache(maxsize=4)
def _load_tokenizer(path: Path) -> Any:
    try:
        from tokenizers import Tokenizer  # comes with the extra "local"
    except ImportError as error:
        raise ExtraMissing(
            f"Counting with {path} needs the tokenizers package", hint='pip install "webtune-tui[local]"'
        ) from error
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:
        raise InvalidInput(f"{path} is not a tokenizer: {error}", hint="Add the base model again.") from error
