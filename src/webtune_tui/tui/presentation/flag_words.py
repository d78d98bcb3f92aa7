"""What the flags of an example mean: each with its reason in a sentence."""

from __future__ import annotations

from webtune_tui.domain.terminal_text import display_line

FLAG_WORDS = {
    "edited": "Changed by hand; the edit is a step of the recipe and can be undone.",
    "cut": "The answer was cut: at a sentence end to fit the token budget, or by its source already.",
    "copied-prompt": "Most of the answer stands in the prompt already.",
    "language-unknown": "Too short or too unclear to tell its language.",
    "redacted": "Personal data was replaced by placeholders.",
    "near-duplicate": "Other records say almost the same; this one was kept.",
    "shared-target": "Other prompts have the same answer; they lie in this split too.",
    "invents": "Unsupported facts: the answer holds some that the prompt does not give, and may teach to invent.",
    "unsupported-facts": "The answer holds facts that the prompt does not give: it may teach the model to invent.",
    "homoglyphs": "Letters of another alphabet that look alike were found; a search misses such words.",
    "boilerplate": "Lines that stand on many pages of its source were found in it.",
    "generated": "The question was written by a model, from the text that is the answer.",
    "long": "Longer than the token budget.",
    "short": "Very little text to learn from.",
    "language": "The language is not the one of most examples.",
    "special-token": "Holds words that a chat template reserves; they were neutralised.",
    "invisible": "Invisible or direction-changing characters were found.",
    "moved": "Its split was chosen by hand, for its whole group.",
    "split": "Made of a part of an example that was split by hand.",
    "duplicate": "A copy that was made by hand.",
    "review": "Sent to the review queue.",
    "tag": "A tag of your own.",
}

_KINDS = {
    "api_key": "an API key", "token_url": "an address with a secret in it", "ip": "an IP address",
    "mac": "a MAC address", "iban": "an IBAN", "email": "an e-mail address", "phone": "a phone number",
    "card": "a card number", "cpf": "a CPF number", "cnpj": "a CNPJ number",
    "crypto_address": "an address of a crypto wallet", "private_key": "a private key",
}  # fmt: skip


def flag_words(flag: str) -> str:
    """What a flag means, in a sentence."""
    name, _, detail = flag.partition(":")
    name = name.replace("_", "-")
    if name == "redacted" and detail:
        kind = _KINDS.get(detail, f"a find of the kind {display_line(detail, limit=40)}")
        return (
            f"Personal data: {kind} was replaced by a placeholder such as [{display_line(detail.upper(), limit=40)}]."
        )
    if name == "tag" and detail:
        return f"Tagged “{display_line(detail, limit=60)}” by hand."
    if name == "review" and detail:
        return f"Reviewed: {display_line(detail, limit=60)}."
    return FLAG_WORDS.get(name, f"{display_line(flag).replace('-', ' ').replace('_', ' ').capitalize()}.")
