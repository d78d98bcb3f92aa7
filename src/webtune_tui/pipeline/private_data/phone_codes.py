"""Country calling codes, and how many digits follow them. Facts of the ITU's numbering plan."""

from __future__ import annotations

_ANY = (6, 12)
_DIGITS_AFTER: dict[str, tuple[int, int]] = {
    "1": (10, 10), "7": (10, 10), "20": (8, 10), "27": (9, 9), "30": (10, 10), "31": (9, 9), "32": (8, 9),
    "33": (9, 9), "34": (9, 9), "36": (8, 9), "39": (8, 11), "40": (9, 9), "41": (9, 9), "43": (7, 13),
    "44": (9, 10), "45": (8, 8), "46": (7, 10), "47": (8, 8), "48": (9, 9), "49": (7, 12), "51": (8, 9),
    "52": (10, 11), "54": (10, 11), "55": (10, 11), "56": (9, 9), "57": (8, 10), "58": (10, 10), "60": (8, 10),
    "61": (9, 9), "62": (8, 12), "63": (8, 10), "64": (8, 10), "65": (8, 8), "66": (8, 9), "81": (9, 10),
    "82": (8, 10), "84": (9, 10), "86": (9, 11), "90": (10, 10), "91": (10, 10), "92": (9, 10), "94": (9, 9),
    "98": (10, 10), "351": (9, 9), "353": (7, 9), "358": (6, 11), "380": (9, 9), "420": (9, 9), "421": (9, 9),
    "852": (8, 8), "886": (8, 9), "971": (8, 9), "972": (8, 9),
}  # fmt: skip
_TWO = frozenset(code for code in _DIGITS_AFTER if len(code) == 2) | {"93", "95"}
_THREE = ("21", "22", "23", "24", "25", "26", "29", "35", "37", "38", "42", "50", "59", "67", "68", "69", "80", "85",
          "87", "88", "96", "97", "99")  # fmt: skip


def calling_code(digits: str) -> str:
    """The country code that an international number begins with; empty where there is none."""
    if digits[:1] in ("1", "7"):
        return digits[0]
    if digits[:2] in _TWO:
        return digits[:2]
    return digits[:3] if digits[:2] in _THREE else ""


def digits_after(code: str) -> tuple[int, int]:
    """The fewest and most digits of a number within the country."""
    return _DIGITS_AFTER.get(code, _ANY)
