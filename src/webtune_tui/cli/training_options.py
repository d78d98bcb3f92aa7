"""The flags that ``estimate`` and ``train`` share."""

from __future__ import annotations

import argparse

from webtune_tui.cli.command import whole_number
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.hyperparameters import hyperparameters_from
from webtune_tui.domain.jobs import Hyperparameters
from webtune_tui.services.base_models import DEFAULT_LOCAL_BASE
from webtune_tui.settings import Settings


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Provider, base, dataset and hyperparameters."""
    parser.add_argument("--provider", metavar="NAME", help="where to train (default: that of the settings, else local)")
    parser.add_argument("--base", metavar="MODEL", help="the base model; see: webtune bases")
    parser.add_argument("--dataset", metavar="VERSION", help="the dataset version (default: the working one)")
    parser.add_argument("--epochs", type=whole_number(1), metavar="N", help="passes over the training split")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE",
        help="a hyperparameter: max_steps batch_size learning_rate lora_rank lora_alpha sequence_length ...",
    )  # fmt: skip


def hyperparameters_of(arguments: argparse.Namespace) -> Hyperparameters:
    """The chosen hyperparameters. Raises UsageError for what is no NAME=VALUE."""
    values: dict[str, object] = {"epochs": arguments.epochs}
    for assignment in arguments.set:
        name, separator, value = assignment.partition("=")
        if not separator or not name:
            raise UsageError(f"--set {assignment!r} is no NAME=VALUE", hint="Example: --set max_steps=40")
        values[name.strip()] = value.strip()
    return hyperparameters_from(values)


def provider_and_base(arguments: argparse.Namespace, settings: Settings) -> tuple[str, str]:
    """The chosen provider and base model, with the settings and the local default behind them."""
    provider = arguments.provider or settings.provider
    base = arguments.base or (settings.base_model if provider == settings.provider else "")
    return provider, base or (DEFAULT_LOCAL_BASE if provider == "local" else "")
