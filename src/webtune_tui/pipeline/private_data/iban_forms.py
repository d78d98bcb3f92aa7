"""How account numbers of each country are built: length and signs (n digit, a letter, c either).

Facts of the registry of ISO 13616.
"""

from __future__ import annotations

import re
from functools import lru_cache

_FORMS = (
    "AD8n12c AE19n AL8n16c AT16n AZ4a20c BA16n BE12n BG4a6n8c BH4a14c BI23n BR23n1a1c BY4c4n16c CH5n12c CR18n CY8n16c"
    " CZ20n DE18n DJ23n DK14n DO4c20n EE16n EG25n ES20n FI14n FK2a12n FO14n FR10n11c2n GB4a14n GE2a16n GI4a15c GL14n"
    " GR7n16c GT24c HN4a20n HR17n HU24n IE4a14n IL19n IQ4a15n IS22n IT1a10n12c JO4a4n18c KW4a22c KZ3n13c LB4n20c"
    " LC4a24c LI5n12c LT16n LU3n13c LV4a13c LY21n MC10n11c2n MD20c ME18n MK3n10c2n MN16n MR23n MT4a5n18c MU4a19n3a"
    " NI4a20n NL4a10n NO11n OM3n16c PK4a16c PL24n PS4a21c PT21n QA4a21c RO4a16c RS18n RU14n15c SA2n18c SC4a20n3a"
    " SD14n SE20n SI15n SK20n SM1a10n12c SO19n ST21n SV4a20n TL19n TN20n TR5n1n16c UA6n19c VA18n VG4a16n XK16n"
    " YE4a4n18c"
)
_SIGNS = {"n": "[0-9]", "a": "[A-Z]", "c": "[A-Z0-9]"}
_SPEC: dict[str, list[tuple[int, str]]] = {
    form[:2]: [(int(count), sign) for count, sign in re.findall(r"([0-9]+)([nac])", form[2:])]
    for form in _FORMS.split()
}


def iban_length(country: str) -> int:
    """The signs of an account number of the country, or 0 where it has none."""
    spec = _SPEC.get(country)
    return 4 + sum(count for count, _ in spec) if spec else 0


@lru_cache(maxsize=128)
def iban_form(country: str) -> re.Pattern[str]:
    """What a whole account number of the country looks like, in capitals without spaces."""
    inner = "".join(f"{_SIGNS[sign]}{{{count}}}" for count, sign in _SPEC[country])
    return re.compile(f"{country}[0-9]{{2}}{inner}")
