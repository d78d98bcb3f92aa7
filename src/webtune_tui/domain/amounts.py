"""Amounts of money as a person reads them."""

from __future__ import annotations


def usd(amount: float) -> str:
    """US dollars: ``$0.36``; fractions of a cent are shown, so that "at most" never says too little (``$0.075``)."""
    cents, fraction = f"{amount:,.4f}"[:-2], f"{amount:.4f}"[-2:].rstrip("0")
    return f"${cents}{fraction}"
