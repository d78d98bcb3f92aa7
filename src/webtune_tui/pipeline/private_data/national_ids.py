"""Numbers that states give to persons and companies, each by its check digits; those without a shape of their own only
where a word says what they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from webtune_tui.pipeline.private_data import checks
from webtune_tui.pipeline.private_data.hits import Hit
from webtune_tui.pipeline.private_data.labels import PRODUCT, label_before, label_counts

_LEFT = r"(?<![A-Za-z0-9_#$€£¥])(?<![A-Za-z0-9][.,\-_/:])"
_RIGHT = r"(?![A-Za-z0-9_])(?![.,\-/:][A-Za-z0-9])"
_SHAPES = re.compile(
    _LEFT
    + r"""(?:
    (?P<cpf>[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}|[0-9]{9}-[0-9]{2}|[0-9]{3}[ ][0-9]{3}[ ][0-9]{3}[ \-][0-9]{2})
    |(?P<cnpj>[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-[0-9]{2})
    |(?P<nir>[12][ ]?[0-9]{2}[ ]?(?:0[1-9]|1[0-2]|[2-9][0-9])[ ]?(?:[0-9]{2}|2[ABab])
        [ ]?[0-9]{3}[ ]?[0-9]{3}[ ]?[0-9]{2})
    |(?P<ssn>(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4})
    |(?P<dni>[0-9]{7,8}-?[A-Za-z]|[0-9]{2}\.[0-9]{3}\.[0-9]{3}-?[A-Za-z]|[XYZxyz]-?[0-9]{7}-?[A-Za-z])
    |(?P<run>[0-9](?:[ .\-]?[0-9]){7,13})
    )"""
    + _RIGHT,
    re.VERBOSE,
)
_CODICE = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z](?![A-Za-z0-9])",
    re.IGNORECASE,
)

_SIGNS_OF_A_DNI = 9  # old numbers have eight, and count only with a word
_GROUP = re.compile(r"[0-9]+")
_SHAPED: dict[str, Callable[[str], bool]] = {
    "cpf": checks.cpf,
    "cnpj": checks.cnpj,
    "nir": checks.nir,
    "dni": checks.dni,
    "ssn": lambda _: True,
}
_LABELLED: dict[str, tuple[tuple[int, ...], Callable[[str], bool]]] = {
    "cpf": ((11,), checks.cpf),
    "cnpj": ((14,), checks.cnpj),
    "ssn": ((9,), lambda digits: digits[:3] not in ("000", "666") and digits[3:5] != "00" and digits[5:] != "0000"),
    "steuer_id": ((11,), checks.steuer_id),
    "bsn": ((8, 9), checks.bsn),
    "nhs": ((10,), checks.nhs),
    "my_number": ((12,), checks.my_number),
    "aadhaar": ((12,), lambda digits: digits[0] > "1" and checks.verhoeff(digits)),
}


def national_ids(text: str, start: int, end: int, field: str = "") -> Iterator[Hit]:
    """The numbers of persons and companies between two places of a folded text."""
    for match in _SHAPES.finditer(text, start, end):
        label = label_before(text, match.start(), field)
        shape, found = match.lastgroup or "", match.group()
        if label == PRODUCT:
            continue
        if shape == "dni" and label != "dni" and len(_signs(found)) < _SIGNS_OF_A_DNI:
            continue
        if shape in _SHAPED and _SHAPED[shape](_signs(found)):
            yield Hit(shape, match.start(), match.end())
        elif label in _LABELLED and label_counts(text, match.start(), label):
            yield from _labelled(match, label)


def _labelled(match: re.Match[str], label: str) -> Iterator[Hit]:
    """The number that a word names, which other numbers may follow."""
    kinds = (label, "steuer_id") if label == "ssn" else (label,)  # a tax id with eleven digits is the German one
    found = match.group()
    for group in _GROUP.finditer(found):
        if found[group.end() : group.end() + 1] not in ("", " ") or "." in found[: group.end()]:
            continue
        signs = _signs(found[: group.end()])
        for kind in kinds:
            lengths, is_valid = _LABELLED[kind]
            if len(signs) in lengths and is_valid(signs):
                yield Hit(kind, match.start(), match.start() + group.end())
                return


def _signs(found: str) -> str:
    return re.sub(r"[ .\-/]", "", found)


def codici_fiscali(text: str, start: int, end: int) -> Iterator[Hit]:
    """Italian tax codes whose check letter holds, also those where letters stand for digits."""
    for match in _CODICE.finditer(text, start, end):
        code = match.group().upper()
        day = code[9:11].translate(str.maketrans("LMNPQRSTUV", "0123456789"))
        if (1 <= int(day) <= 31 or 41 <= int(day) <= 71) and checks.codice_fiscale(code):
            yield Hit("codice_fiscale", match.start(), match.end())
