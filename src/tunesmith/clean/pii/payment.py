"""Payment cards, IBANs and crypto addresses.

Checks: Luhn's formula for cards (ISO/IEC 7812-1), the remainder 97 for IBANs (ISO 13616), the
checksum of Base58Check and of Bech32 and Bech32m (BIP 173, BIP 350) for Bitcoin.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

# ── IBAN ─────────────────────────────────────────────────────────────────────────────────────────

#: Letters of an IBAN by country (SWIFT IBAN registry, release 99).
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22,
    "BI": 27, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27,
    "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27,
    "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28,
    "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
    "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22,
    "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23,
    "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24,
    "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28,
    "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
#: The two letters that one begins with.
IBAN_COUNTRIES = tuple(country.lower() for country in _IBAN_LENGTHS)
_IBAN_START = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{2})[ ]?([0-9]{2})(?=[ -]?[A-Za-z0-9])")


def ibans(text: str) -> Iterator[tuple[int, int]]:
    """International bank account numbers whose check digits are right."""
    for match in _IBAN_START.finditer(text):
        length = _IBAN_LENGTHS.get(match[1].upper())
        if length is None:
            continue
        letters, end = match[1] + match[2], match.end()
        while end < len(text) and len(letters) < length:
            letter = text[end]
            if letter.isascii() and letter.isalnum():
                letters += letter
            elif letter not in " -" or not (end + 1 < len(text) and text[end + 1].isalnum()):
                break
            end += 1
        ends_here = end >= len(text) or not text[end].isalnum()
        if len(letters) == length and ends_here and iban_is_valid(letters):
            yield match.start(), end


def iban_is_valid(iban: str) -> bool:
    """Whether the check digits are right (ISO 13616: the rearranged number modulo 97 is 1)."""
    if not (iban.isascii() and iban.isalnum()):
        return False
    moved = iban[4:] + iban[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1


# ── cards ────────────────────────────────────────────────────────────────────────────────────────

_CARD = re.compile(
    r"(?<![\w+])(?<!\w\.)(?:[3-6]\d{3}([ -])\d{4}\1\d{4}\1\d{4}(?!\w)(?!\.\d)"
    r"|\d{12,19}(?!\w)(?!\.\d)|(?<!\d[ -])[0-6](?:[ .-]?\d){11,18}(?![ -]?\d)(?!\.\d))"
)
#: Maestro cards of 12 digits exist under these issuers only; any number has 12 digits.
_TWELVE = ("0604", "5018", "5020", "5038", "56", "57", "58", "6304", "6390", "6759", "676")
_CARD_SAID = re.compile(r"\bcard\b[^\d\n]*\Z", re.IGNORECASE)
_JCB = ("1800", "2131")


def cards(text: str) -> Iterator[tuple[int, int]]:
    """Payment card numbers that pass Luhn's check."""
    place = 0
    while match := _CARD.search(text, place):
        place = match.start() + 1
        found = match[0]
        digits = found if found.isdigit() else re.sub(r"\D", "", found)
        twelve = len(digits) == 12 and digits[0] in "56" and luhn(digits)
        if card_is_valid(digits) or (
            twelve and _CARD_SAID.search(text, max(0, match.start() - 24), match.start())
        ):
            yield match.span()
            place = match.end()


def card_is_valid(digits: str) -> bool:
    """Whether 12 to 19 digits begin like a payment card and pass Luhn's check."""
    size = len(digits)
    if not 12 <= size <= 19 or len(set(digits)) == 1:
        return False
    if size == 12 and not digits.startswith(_TWELVE):
        return False
    if digits[0] not in "23456" and not (
        (size == 15 and digits.startswith(_JCB)) or (size == 12 and digits.startswith("0604"))
    ):
        return False
    return luhn(digits)


_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def luhn(digits: str) -> bool:
    """Luhn's check: every second digit from the right is doubled, the sum ends in 0."""
    values = [int(digit) for digit in reversed(digits)]
    return (sum(values[::2]) + sum(_DOUBLED[value] for value in values[1::2])) % 10 == 0


# ── crypto ───────────────────────────────────────────────────────────────────────────────────────

CRYPTO_HINT = (
    r"(?:(?-u:\b)[13][1-9A-HJ-NP-Za-km-z]{25,34}(?-u:\b))|(?i-u:\bbc1[a-z0-9]{11,})"
    r"|0x[0-9a-fA-F]{40}"
)
_CRYPTO = re.compile(
    r"(?<![A-Za-z0-9])(?:(?P<base58>[13][1-9A-HJ-NP-Za-km-z]{25,34})|"
    r"(?P<bech32>bc1[a-z0-9]{11,71}|BC1[A-Z0-9]{11,71})|(?P<ether>0x[0-9a-fA-F]{40}))"
    r"(?![A-Za-z0-9])"
)
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def crypto_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Bitcoin addresses whose checksum is right, and addresses of Ethereum's form."""
    for match in _CRYPTO.finditer(text):
        if match["base58"]:
            valid = _base58_is_valid(match["base58"])
        elif match["bech32"]:
            valid = _bech32_is_valid(match["bech32"].lower())
        else:
            valid = True  # a mixed-case checksum is optional there (EIP-55)
        if valid:
            yield match.span()


def _base58_is_valid(address: str) -> bool:
    number = 0
    for letter in address:
        number = number * 58 + _BASE58.index(letter)
    if number >= 1 << 200:
        return False
    raw = number.to_bytes(25, "big")
    digest = hashlib.sha256(hashlib.sha256(raw[:21]).digest()).digest()
    return digest[:4] == raw[21:]


def _bech32_is_valid(address: str) -> bool:
    data = address[3:]
    if any(letter not in _BECH32 for letter in data):
        return False
    # The human-readable part "bc", expanded as BIP 173 says.
    values = [3, 3, 0, 2, 3, *(_BECH32.index(letter) for letter in data)]
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, term in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= term if top >> bit & 1 else 0
    return check in {1, 0x2BC830A3}
