"""Check digits: each answers whether the last digits of a number follow from the others."""

from __future__ import annotations

_LUHN_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_VERHOEFF_PRODUCT = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_VERHOEFF_TURN = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def luhn(digits: str) -> bool:
    """Cards, IMEIs and others: every second digit from the right doubled."""
    total = sum(map(int, digits[-1::-2])) + sum(_LUHN_DOUBLED[int(digit)] for digit in digits[-2::-2])
    return total % 10 == 0


def iban_mod97(iban: str) -> bool:
    """Account numbers (ISO 13616), in capitals without spaces."""
    return int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 == 1


def gtin(digits: str) -> bool:
    """Product numbers: EAN-8, UPC-A, EAN-13 (ISBN-13 too) and GTIN-14."""
    if len(digits) not in (8, 12, 13, 14):
        return False
    return (3 * sum(map(int, digits[-2::-2])) + sum(map(int, digits[-1::-2]))) % 10 == 0


def _weighted(values: list[int], weights: range | tuple[int, ...]) -> int:
    return sum(value * weight for value, weight in zip(values, weights, strict=True))


def cpf(digits: str) -> bool:
    """Brazilian persons: two check digits modulo 11; all digits alike is no number."""
    if len(digits) != 11 or len(set(digits)) == 1:
        return False
    values = [int(digit) for digit in digits]
    first = _weighted(values[:9], range(10, 1, -1)) * 10 % 11 % 10
    second = _weighted(values[:10], range(11, 1, -1)) * 10 % 11 % 10
    return values[9:] == [first, second]


def cnpj(signs: str) -> bool:
    """Brazilian companies, also with letters as given out from 2026 on."""
    if len(signs) != 14 or len(set(signs)) == 1 or not signs[12:].isdecimal():
        return False
    values = [ord(sign) - 48 for sign in signs]
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    for length in (12, 13):
        rest = _weighted(values[:length], weights[13 - length :]) % 11
        if values[length] != (0 if rest < 2 else 11 - rest):
            return False
    return True


def verhoeff(digits: str) -> bool:
    """Aadhaar: the dihedral group's check."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        for _ in range(place % 8):
            value = _VERHOEFF_TURN[value]
        total = _VERHOEFF_PRODUCT[total][value]
    return total == 0


def nir(signs: str) -> bool:
    """French social security number with its key; Corsica's 2A and 2B count as 19 and 18."""
    number = signs[:13].upper().replace("2A", "19").replace("2B", "18")
    return number.isdecimal() and 97 - int(number) % 97 == int(signs[13:])


def dni(signs: str) -> bool:
    """Spanish identity letter; X, Y and Z of foreigners count as 0, 1 and 2."""
    signs = signs.upper()
    number = signs[:-1].translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == signs[-1]


def steuer_id(digits: str) -> bool:
    """German tax number of persons: one digit of the first ten repeats, and ISO 7064 holds."""
    if len(digits) != 11 or digits[0] == "0" or len(set(digits[:10])) not in (8, 9):
        return False
    if any(digit * 3 in digits[:10] for digit in "0123456789"):
        return False
    product = 10
    for digit in digits[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def bsn(digits: str) -> bool:
    """Dutch citizens: the eleven test with a last weight of minus one."""
    values = [int(digit) for digit in digits.zfill(9)]
    return any(values) and _weighted(values, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def nhs(digits: str) -> bool:
    """Patients in England: modulo 11, where a remainder of ten is never given out."""
    values = [int(digit) for digit in digits]
    check = (11 - _weighted(values[:9], range(10, 1, -1)) % 11) % 11
    return check == values[9] and len(set(digits)) > 1


def my_number(digits: str) -> bool:
    """Japanese persons: eleven digits and a check digit modulo 11."""
    values = [int(digit) for digit in digits]
    rest = _weighted(values[:11], (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return values[11] == (0 if rest <= 1 else 11 - rest)


_ODD = {
    **dict(zip("0123456789", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21), strict=True)),
    **dict(
        zip(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
            strict=True,
        )
    ),
}


def codice_fiscale(code: str) -> bool:
    """Italian persons: sixteen signs in capitals, the last from the others."""
    odd = sum(_ODD[sign] for sign in code[0:15:2])
    even = sum(int(sign) if sign.isdecimal() else ord(sign) - 65 for sign in code[1:15:2])
    return (odd + even) % 26 == ord(code[15]) - 65
