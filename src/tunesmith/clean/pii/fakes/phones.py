"""Fakes of telephone numbers: of the same country, grouping and length, and nobody's.

Countries whose regulators keep numbers for films and books: North America (555-0100 to 555-0199,
ATIS-0300115), the United Kingdom (Ofcom, telephone numbers for drama use), France (ARCEP,
decision 2018-0881), Germany (Bundesnetzagentur, numbers for media productions), Australia (ACMA,
numbers for creative works), Sweden (PTS), Ireland (ComReg). Elsewhere the digits are drawn until
libphonenumber says that the number is none, and sealed.
"""

from __future__ import annotations

import re

from tunesmith.clean.pii.fakes.seal import Draw, is_sealed, sealed

#: By country code: how the national number begins, how many digits it has, and what it becomes
#: (`N` a digit from 2 to 9, `0`-`9` themselves, `#` any digit). The first that fits counts.
_KEPT: dict[int, tuple[tuple[str, int, str], ...]] = {
    1: (("", 10, "N##55501##"),),
    44: (("7", 10, "7700900###"), ("20", 10, "2079460###"), ("", 10, "1632960###")),
    33: (("2", 9, "26191####"), ("3", 9, "35301####"), ("4", 9, "46571####"),
         ("5", 9, "53649####"), ("6", 9, "63998####"), ("7", 9, "63998####"),
         ("", 9, "19900####")),
    49: (("1", 10, "17139200##"), ("", 10, "3023125###")),
    61: (("2", 9, "25550####"), ("3", 9, "35550####"), ("7", 9, "75550####"),
         ("8", 9, "85550####")),
    46: (("7", 9, "7017406##"),),
    353: (("", 9, "2091#####"),),
}  # fmt: skip
_SWEDISH_FIRST = 5
_EXTENSION = re.compile(r"\s*(?:x|ext\.?|extension)\s*\d{1,6}\Z", re.IGNORECASE)


def _patterns() -> re.Pattern[str]:
    forms = [r"55501\d\d"]
    for code, plans in _KEPT.items():
        numbers = "|".join(
            sorted({plan.replace("N", "[2-9]").replace("#", r"\d") for _, _, plan in plans})
        )
        trunk = "" if code == 1 else "0"
        lead = "(?:1|001)?" if code == 1 else rf"(?:(?:00)?{code}{trunk}?|{trunk})"
        forms.append(rf"{lead}(?:{numbers})")
    return re.compile("|".join(forms))


_NOBODYS = _patterns()


def is_nobodys(text: str) -> bool:
    """Whether a number is in a range that is kept for fiction."""
    digits = "".join(letter for letter in _EXTENSION.sub("", text) if letter.isdigit())
    return _NOBODYS.fullmatch(digits) is not None


def phone(key: bytes, text: str, value: str, regions: tuple[str, ...]) -> str | None:
    """The fake of a telephone number, or none where it could not be known again.

    Args:
        key: The secret.
        text: The number as it is written.
        value: Its digits.
        regions: Where numbers without a country code are from, as ISO 3166 codes.
    """
    tail = _EXTENSION.search(text)
    number, rest = (text[: tail.start()], tail[0]) if tail else (text, "")
    draw = Draw(key, "phone", value)
    rest = "".join(str(draw.below(10)) if letter.isdigit() else letter for letter in rest)
    digits = "".join(letter for letter in number if letter.isdigit())
    if len(digits) == 7 and re.fullmatch(r"[2-9]\d{2}[-. ]\d{4}", number):
        return _written(number, f"55501{draw.below(100):02d}") + rest
    national = _kept(number, digits, regions, draw)
    if national is not None:
        lead = digits[: len(digits) - len(national)]
        return _written(number, lead + national) + rest
    return _none(key, number, value, regions) if not rest else None


def _kept(number: str, digits: str, regions: tuple[str, ...], draw: Draw) -> str | None:
    """The national number of a range kept for fiction, of the country that the number is from."""
    import phonenumbers

    for region in (None, *regions, "US"):
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            continue
        national = str(parsed.national_number)
        loosely = region == "US" and re.fullmatch(r"\D*1?\D*[2-9]\d\d\D*\d{3}\D*\d{4}\D*", number)
        if not digits.endswith(national) or not (
            phonenumbers.is_valid_number(parsed) or region is None or loosely
        ):
            continue
        for start, size, plan in _KEPT.get(parsed.country_code or 0, ()):
            if len(national) == size and national.startswith(start):
                return _drawn(plan, draw)
        return None
    return None


def _drawn(plan: str, draw: Draw) -> str:
    if plan.startswith("7017406"):  # 070-174 06 05 to 06 99
        return f"7017406{_SWEDISH_FIRST + draw.below(95):02d}"
    number = "".join(
        str(2 + draw.below(8)) if sign == "N" else str(draw.below(10)) if sign == "#" else sign
        for sign in plan
    )
    # Toll-free and service codes have other rules, and N11 is no area code.
    unfit = plan.startswith("N") and (number[1:3] == "11" or number[0] in "89" or number[1] == "9")
    return _drawn(plan, draw) if unfit else number


def _none(key: bytes, number: str, value: str, regions: tuple[str, ...]) -> str | None:
    """The number with sealed digits that libphonenumber knows to be no number."""
    digits = [letter for letter in number if letter.isdigit()]
    keep = len(digits) - len("".join(digits).lstrip("0")) + 1
    if number.startswith(("+", "00")):
        keep += 2
    for attempt in range(64):
        fake = sealed(key, number, Draw(key, "phone", value, str(attempt)), keep=keep)
        if fake is None:
            return None
        if fake != number and not is_valid(fake, regions):
            return fake
    return None


def is_valid(text: str, regions: tuple[str, ...]) -> bool:
    """Whether libphonenumber knows a number, as an international one or in one of the regions."""
    import phonenumbers

    for region in (None, *regions):
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(text, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def is_none(key: bytes, text: str, regions: tuple[str, ...]) -> bool:
    """Whether a number is sealed, and none that libphonenumber knows."""
    return is_sealed(key, text) and not is_valid(text, regions)


def _written(like: str, digits: str) -> str:
    """Digits in the grouping of another number."""
    left = iter(digits)
    return "".join(next(left) if letter.isdigit() else letter for letter in like)
