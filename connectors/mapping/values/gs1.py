"""Converts GS1 identifiers to the keys on labels: pure identity URNs (GS1 EPC Tag Data Standard 2.0, section 6) and
Digital Link URIs (GS1 Digital Link Standard, section 4).
"""

from __future__ import annotations

import re

from connectors.mapping.values.times import is_digits

_URN = re.compile(r"urn:epc:id:([a-z]+):([^.]+)\.([^.]*)(?:\.(.*))?")
_LINK = re.compile(r"https?://[^/]+/(?:[^?]*/)?(00|01|253|254|255|401|402|414|8003|8004|8010|8017|8018)/([^/?#]+)(.*)")
_SERIAL = re.compile(r"/21/([^/?#]+)")
_KIND_OF = {
    "00": "sscc", "01": "gtin", "253": "gdti", "254": "gln", "255": "gcn", "401": "ginc", "402": "gsin", "414": "gln",
    "8003": "grai", "8004": "giai", "8010": "cpi", "8017": "gsrn", "8018": "gsrn",
}
_CLASS = re.compile(r"urn:epc:(?:class|idpat):([a-z]+):(.+)")


def key_of(text: str) -> tuple[str, str]:
    """Return (kind, key): 18 digits of an SSCC, ``GTIN.serial`` of a serialised GTIN, the parts after the scheme of
    other URNs. A business transaction gives (``""``, its number), and any other text (``""``, text).
    """
    urn = _URN.fullmatch(text)
    if urn is not None:
        return _of_urn(urn[1], urn[2], urn[3], urn[4])
    link = _LINK.fullmatch(text)
    if link is not None:
        serial = _SERIAL.search(link[3]) if link[1] == "01" else None
        if serial is not None:
            return "sgtin", f"{link[2]}.{serial[1]}"
        return _KIND_OF[link[1]], link[2]
    group = _CLASS.fullmatch(text)
    if group is not None:
        return group[1], group[2]
    if text.startswith("urn:epcglobal:cbv:bt:"):
        return "", text.rpartition(":")[2]
    if text.startswith(("http://", "https://")):
        return "", text.rstrip("/").rpartition("/")[2]
    return "", text


def _of_urn(scheme: str, company: str, item: str, serial: str | None) -> tuple[str, str]:
    if scheme == "sscc" and item and len(company + item) == 17 and is_digits(company + item):
        body = item[0] + company + item[1:]
        return "sscc", body + check_digit(body)
    if scheme == "sgtin" and serial and item and len(company + item) == 13 and is_digits(company + item):
        body = item[0] + company + item[1:]
        return "sgtin", f"{body}{check_digit(body)}.{serial}"
    return scheme, ".".join(part for part in (company, item, serial) if part)


def check_digit(body: str) -> str:
    """The GS1 check digit of the digits before it (GS1 General Specifications, section 7.9.1: weights 3 and 1 from
    the right)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return str(-total % 10)
