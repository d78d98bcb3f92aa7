"""Odd line ends in a text field that knows one kind only: they are hidden from it and come back as they were."""

from __future__ import annotations

_ODD_ENDS = "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_STAND_INS = range(0xF8A0, 0xF8FF)  # private use: no text that is read means them


class KeptLines:
    """Stand-ins for the odd line ends of a text, each one character that the text does not have."""

    def __init__(self, text: str) -> None:
        free = (chr(code) for code in _STAND_INS if chr(code) not in text)
        pairs = list(zip((one for one in _ODD_ENDS if one in text), free, strict=False))
        self._in = {ord(odd): stand_in for odd, stand_in in pairs}
        self._out = {ord(stand_in): odd for odd, stand_in in pairs}

    def hidden(self, text: str) -> str:
        """The text for the field."""
        return text.translate(self._in) if self._in else text

    def told(self, text: str) -> str:
        """The text that the field means."""
        return text.translate(self._out) if self._out else text
