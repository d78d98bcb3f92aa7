"""OpenAI: closed to organisations that never tuned, open to the others until its end date."""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from webtune_tui.providers.base import BaseModel, Capabilities, Price, Provider, ProviderContext
from webtune_tui.settings import ProviderSettings

DEFAULT_URL = "https://api.openai.com/v1"
_LAST_DAY_OF_BASES = "2027-01-14"
_TUNABLE = (
    "gpt-4o-mini-2024-07-18",
    "gpt-4o-2024-08-06",
    "gpt-4.1-mini-2025-04-14",
    "gpt-4.1-2025-04-14",
)
_LONGEST_EXAMPLES = (("gpt-4o", 65_536), ("gpt-4.1", 65_536), ("gpt-3.5-turbo", 16_385))
"""By the fine-tuning guide; of gpt-4.1 it says nothing, and what it says of gpt-4o is the careful choice."""

_PRICES = {
    "gpt-4o-mini-2024-07-18": Price(3.0, "2024-12-31", "OpenAI's fine-tuning guide of 2024"),
    "gpt-4.1-2025-04-14": Price(25.0, "2026-03-31", "third-party price list"),
}

CAPABILITIES = Capabilities(
    name="openai",
    title="OpenAI",
    is_local=False,
    key_name="openai",
    minimum_examples=10,
    maximum_file_bytes=512_000_000,
    closes_on="2027-01-06",
    note=(
        "OpenAI closed self-serve fine-tuning to new organisations on 2026-05-07 and to those that do not use their "
        "tuned models on 2026-07-02; nobody can create jobs from 2027-01-06 on, and gpt-4o and gpt-4.1 with their "
        "tuned versions shut down on 2027-01-14."
    ),
)


async def connect(context: ProviderContext) -> Provider:
    """The provider at OpenAI's address, or at the one that OPENAI_BASE_URL names."""
    base_url = context.settings.provider_urls.get("openai", DEFAULT_URL)
    return await connect_at(context, CAPABILITIES, base_url, "openai", select_bases=tunable)


async def connect_at(
    context: ProviderContext,
    capabilities: Capabilities,
    base_url: str,
    key_name: str,
    *,
    select_bases: Callable[[Sequence[BaseModel]], Sequence[BaseModel]] = tuple,
) -> Provider:
    """Any address that speaks OpenAI's fine-tuning API, with the key stored for its host."""
    secret = await context.find_key(key_name, urlsplit(base_url).netloc)
    # over a second of imports: only when a provider is really used, and off the event loop
    sdk = await asyncio.to_thread(importlib.import_module, "webtune_tui.providers.sdk.client")
    provider: Provider = sdk.OpenAICompatibleProvider(capabilities, base_url, secret, select_bases=select_bases)
    return provider


def compatible(settings: ProviderSettings) -> Capabilities:
    """What is assumed of an OpenAI-compatible provider that the person named in the settings."""
    return Capabilities(
        name=settings.name,
        title=settings.name,
        is_local=False,
        key_name=settings.key,
        minimum_examples=10,
        maximum_file_bytes=None,
        note="An OpenAI-compatible address of your own settings.",
    )


def training_price(base_model: str) -> Price | None:
    """The last price that was published for a base."""
    return _PRICES.get(base_model)


def longest_example(base_model: str, models: Path) -> int | None:
    """The tokens of one line that are read; ``None`` for a base that is not known."""
    return next((tokens for name, tokens in _LONGEST_EXAMPLES if base_model.startswith(name)), None)


def tunable(models: Sequence[BaseModel]) -> Sequence[BaseModel]:
    """Of an account's models those that can be tuned, with their end date where the list gives none."""
    return [
        dataclasses.replace(model, shutdown_date=model.shutdown_date or _LAST_DAY_OF_BASES)
        for model in models
        if model.model in _TUNABLE
    ] or list(models)
