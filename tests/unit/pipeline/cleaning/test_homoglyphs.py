"""Words of two scripts that look like words of one."""

from __future__ import annotations

import pytest

from webtune_tui.pipeline.cleaning import has_homoglyphs


@pytest.mark.parametrize(
    "text", ["p\u0430ypal", "G\u043e\u043egle", "Buy \u0410pple today", "Mосква и область", "αр\u0440le Micr\u03bfsoft"]
)
def test_a_word_that_pretends_is_found(text: str) -> None:
    assert has_homoglyphs(text)


@pytest.mark.parametrize(
    "text",
    ["paypal", "Москва", "SMSка", "USB-кабель", "IT-специалист", "5 kΩ", "10 μm", "ΔT", "β-carotene", "αβγ",
     "3D-модель", "λx", "iPhoneом", "Θ and Φ", "café", "日本語", ""],
)  # fmt: skip
def test_honest_words_of_two_scripts_are_not(text: str) -> None:
    assert not has_homoglyphs(text)
