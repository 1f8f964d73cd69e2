"""National identity and tax numbers of persons, by country, checked by `python-stdnum`.

A number whose form and checksum hardly occur by chance (letters, a date inside, two check digits)
is found anywhere; any other only after a word that announces it.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class NationalId:
    """One country's number and how it is found."""

    module: str | None
    """The module of `stdnum` that checks it; None where the pattern says all there is to check."""
    pattern: str
    strong: bool = False
    """It is found without a word that announces it."""


#: National insurance numbers have no check digit; HM Revenue & Customs, manual NIM39110, says which
#: prefixes are given out.
_NINO_PREFIX = r"(?i:(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z])"

#: By ISO 3166 code. `strong` where form and checksum together are met by chance less than once in
#: some thousand numbers.
NATIONAL_IDS: dict[str, tuple[NationalId, ...]] = {
    "AR": (NationalId("ar.dni", r"\d{1,2}\.?\d{3}\.?\d{3}"),
           NationalId("ar.cuit", r"\d{2}-\d{8}-\d", strong=True)),
    "AT": (NationalId("at.vnr", r"\d{4}[ ]?\d{6}"),),
    "AU": (NationalId("au.tfn", r"\d{3}[ ]?\d{3}[ ]?\d{3}"),),
    "BE": (NationalId("be.nn", r"\d{2}\.?\d{2}\.?\d{2}[- ]?\d{3}[. ]?\d{2}", strong=True),),
    "BG": (NationalId("bg.egn", r"\d{10}"),),
    "BR": (NationalId("br.cpf", r"\d{3}\.\d{3}\.\d{3}-\d{2}", strong=True),
           NationalId("br.cpf", r"\d{11}")),
    "CA": (NationalId("ca.sin", r"\d{3}[ -]\d{3}[ -]\d{3}", strong=False),),
    "CH": (NationalId("ch.ssn", r"756\.?\d{4}\.?\d{4}\.?\d{2}", strong=True),),
    "CL": (NationalId("cl.rut", r"\d{1,2}\.?\d{3}\.?\d{3}-[\dkK]", strong=True),),
    "CN": (NationalId("cn.ric", r"\d{17}[\dXx]", strong=True),),
    "CZ": (NationalId("cz.rc", r"\d{6}/\d{3,4}", strong=True),),
    "DE": (NationalId("de.idnr", r"\d{2}[ ]?\d{3}[ ]?\d{3}[ ]?\d{3}"),),
    "DK": (NationalId("dk.cpr", r"\d{6}-?\d{4}"),),
    "EE": (NationalId("ee.ik", r"\d{11}"),),
    "ES": (NationalId("es.dni", r"\d{8}-?[A-Za-z]", strong=True),
           NationalId("es.nie", r"[XYZxyz]-?\d{7}-?[A-Za-z]", strong=True)),
    "FI": (NationalId("fi.hetu", r"\d{6}[-+A-FU-Ya-fu-y]\d{3}[0-9A-Za-z]", strong=True),),
    "FR": (NationalId("fr.nir", r"[12][ ]?\d{2}[ ]?\d{2}[ ]?\d[0-9ABab][ ]?\d{3}[ ]?\d{3}"
                      r"[ ]?\d{2}", strong=True),),
    "GB": (NationalId("gb.nhs", r"\d{3}[ -]\d{3}[ -]\d{4}"),
           NationalId(None, rf"{_NINO_PREFIX}(?:[ ]\d\d){{3}}[ ][A-Da-d]", strong=True),
           NationalId(None, rf"{_NINO_PREFIX}\d{{6}}[A-Da-d]")),
    "GR": (NationalId("gr.amka", r"\d{11}"),),
    "HR": (NationalId("hr.oib", r"\d{11}"),),
    "IE": (NationalId("ie.pps", r"\d{7}[A-Wa-w][A-Ia-iWw]?", strong=True),),
    "IL": (NationalId("il.idnr", r"\d{9}"),),
    "IN": (NationalId("in_.aadhaar", r"\d{4}[ ]\d{4}[ ]\d{4}"),
           NationalId("in_.pan", r"[A-Za-z]{5}\d{4}[A-Za-z]", strong=True)),
    "IS": (NationalId("is_.kennitala", r"\d{6}-?\d{4}"),),
    "IT": (NationalId("it.codicefiscale", r"[A-Za-z]{6}\d{2}[A-Za-z]\d{2}[A-Za-z]\d{3}"
                      r"[A-Za-z]", strong=True),),
    "KR": (NationalId("kr.rrn", r"\d{6}-\d{7}", strong=True),),
    "LT": (NationalId("lt.asmens", r"\d{11}"),),
    "LV": (NationalId("lv.pvn", r"\d{6}-\d{5}"),),
    "MX": (NationalId("mx.curp", r"[A-Za-z]{4}\d{6}[HMhm][A-Za-z]{5}[0-9A-Za-z]\d", strong=True),),
    "NL": (NationalId("nl.bsn", r"\d{9}"),),
    "NO": (NationalId("no.fodselsnummer", r"\d{6}[ ]?\d{5}", strong=True),),
    "PL": (NationalId("pl.pesel", r"\d{11}"),),
    "PT": (NationalId("pt.nif", r"\d{9}"),),
    "RO": (NationalId("ro.cnp", r"\d{13}"),),
    "SE": (NationalId("se.personnummer", r"(?:\d{2})?\d{6}[-+]\d{4}", strong=True),),
    "SK": (NationalId("sk.rc", r"\d{6}/\d{3,4}", strong=True),),
    "TR": (NationalId("tr.tckimlik", r"\d{11}"),),
    "US": (NationalId("us.itin", r"9\d{2}-\d{2}-\d{4}", strong=True),),
    "ZA": (NationalId("za.idnr", r"\d{13}"),),
}  # fmt: skip

_ANNOUNCED = re.compile(
    r"(?:\b(?:ssn|sin|tfn|nhs|nino?|bsn|nif|dni|nie|nir|cpf|curp|pesel|cnp|egn|oib|amka|aadhaar|pan"
    r"|pps|hetu|"
    r"cpr|personnummer|f[øo]dselsnummer|kennitala|steuer-?id(?:nr)?|idnr|kimlik|tax|national"
    r"|identity|"
    r"personal|social (?:security|insurance)|insurance|medicare|citizen|passport"
    r"|id(?:entification)?)\b"
    r"[^\d\n]{0,32})\Z",
    re.IGNORECASE,
)

#: Anything with six digits or more: the patterns of the countries decide.
HINT = r"\d(?:[./ -]?\d){5}|[A-Za-z]{4,6}\d{2}|[XYZxyz]-?\d{7}"


@lru_cache(maxsize=64)
def _checked(country: str) -> tuple[tuple[re.Pattern[str], Callable[[str], bool], bool], ...]:
    return tuple(
        (
            re.compile(rf"(?<![\w.+/-])(?:{number.pattern})(?![\w/-])(?!\.\d)"),
            _check(number.module),
            number.strong,
        )
        for number in NATIONAL_IDS[country]
    )


def _check(module: str | None) -> Callable[[str], bool]:
    if module is None:
        return lambda _: True
    is_valid: Callable[[str], bool] = importlib.import_module(f"stdnum.{module}").is_valid
    return is_valid


def national_ids(text: str, countries: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """The identity numbers of the given countries in a text.

    Args:
        text: The text.
        countries: ISO 3166 codes, keys of `NATIONAL_IDS`.
    """
    for country in countries:
        for pattern, is_valid, strong in _checked(country):
            for match in pattern.finditer(text):
                before = text[max(0, match.start() - 48) : match.start()]
                if (strong or _ANNOUNCED.search(before)) and is_valid(match[0]):
                    yield match.span()
