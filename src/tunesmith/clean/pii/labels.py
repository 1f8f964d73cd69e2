"""What other tools and data sets call personal data, and what it is called here."""

from __future__ import annotations

import re

#: Names and places: kinds that no form and no checksum tells, measured apart from the others.
NAMES_AND_PLACES = frozenset({"PERSON", "ORGANIZATION", "ADDRESS", "LOCATION"})

#: By our kind, the labels of Presidio, spaCy (OntoNotes and CoNLL), AI4Privacy and their kin.
_LABELS: dict[str, tuple[str, ...]] = {
    "EMAIL": ("EMAIL_ADDRESS", "E_MAIL", "MAIL"),
    "PHONE": ("PHONE_NUMBER", "TELEPHONE", "TELEPHONENUM", "TELEPHONE_NUMBER", "MOBILE", "FAX"),
    "CARD": ("CREDIT_CARD", "CREDITCARDNUMBER", "CREDIT_CARD_NUMBER", "CARD_NUMBER", "PAN"),
    "IBAN": ("IBAN_CODE", "IBAN_NUMBER"),
    "SSN": ("US_SSN", "SOCIALNUM", "SOCIAL_SECURITY_NUMBER"),
    "IP_ADDRESS": ("IP", "IPV4", "IPV6"),
    "MAC_ADDRESS": ("MAC",),
    "CRYPTO": ("CRYPTO_ADDRESS", "BITCOINADDRESS", "ETHEREUMADDRESS", "LITECOINADDRESS"),
    "DATE_OF_BIRTH": ("DOB", "DATEOFBIRTH", "BIRTHDAY", "BIRTH_DATE"),
    "SECRET": ("API_KEY", "PASSWORD", "TOKEN"),
    "NATIONAL_ID": (
        "ID_NUMBER", "IDCARDNUM", "UK_NHS", "UK_NINO", "US_ITIN", "ES_NIF", "ES_NIE",
        "IT_FISCAL_CODE", "PL_PESEL", "SG_NRIC_FIN", "AU_TFN", "AU_MEDICARE", "IN_AADHAAR",
        "IN_PAN", "FI_PERSONAL_IDENTITY_CODE",
    ),
    "PERSON": ("PER", "NAME", "PERSON_NAME", "FULL_NAME", "GIVENNAME", "FIRSTNAME", "FIRST_NAME",
               "GIVEN_NAME", "SURNAME", "LASTNAME", "LAST_NAME", "MIDDLENAME"),
    "ORGANIZATION": ("ORG", "ORGANISATION", "COMPANY", "COMPANYNAME", "COMPANY_NAME"),
    "ADDRESS": ("STREET_ADDRESS", "STREET", "STREET_NAME", "BUILDING_NUMBER", "SECONDARY_ADDRESS",
                "FULL_ADDRESS"),
    "LOCATION": ("GPE", "LOC", "CITY", "STATE", "COUNTRY", "COUNTY"),
}  # fmt: skip

ALIASES: dict[str, str] = {label: kind for kind, labels in _LABELS.items() for label in labels}


def kind_of(label: str) -> str:
    """Our name for a label: `B-` and `I-` prefixes go, spaces and dashes become `_`.

    A label that has no other name here is its own kind.

    >>> kind_of("Credit card"), kind_of("GPE"), kind_of("TITLE")
    ('CARD', 'LOCATION', 'TITLE')
    """
    name = re.sub(r"\W+", "_", re.sub(r"^[BIELSU]-", "", label.strip())).strip("_").upper()
    return ALIASES.get(name, name)
