"""Licences by their SPDX identifiers: from addresses, from words, from the texts of LICENSE files.

Only what names its version is found: "Creative Commons Attribution" alone is no licence that one
could keep to, and "GPL" may be any of six. What is not found is null, never a guess.

The identifiers are those of the SPDX licence list (spdx.org/licenses), as `license-expression` has
them.
"""

from __future__ import annotations

import re
from functools import cache

#: So much of a text is looked at: the whole of the GPL is 35 kB, what names it stands at the top.
_HEAD = 40_000

#: Words longer than this are not the name of a licence.
_MAX_WORDS = 300

_ADDRESS = re.compile(
    r"^(?:https?:)?//(?:www\.)?([a-z0-9.-]{1,80})(/[^\s?#]{0,200})?", re.IGNORECASE
)
_CC = re.compile(
    r"^/(?:licenses|publicdomain)/(by(?:-nc)?(?:-(?:nd|sa))?|zero|mark)/(\d\.\d)(?:/([a-z-]{2,6}))?(?:/|$)"
)
_GNU = re.compile(r"(?:^|/)(a?gpl|lgpl|fdl)-(\d(?:\.\d)?)(?:-standalone)?(?:\.[a-z.]{2,10})?$")
_PATHS = {
    "apache.org": {"license-2.0": "Apache-2.0"},
    "mozilla.org": {"2.0": "MPL-2.0", "1.1": "MPL-1.1"},
    "unlicense.org": {"": "Unlicense"},
    "opendatacommons.org": {
        "by/1-0": "ODC-By-1.0", "by/1.0": "ODC-By-1.0", "odbl/1-0": "ODbL-1.0",
        "odbl/1.0": "ODbL-1.0", "pddl/1-0": "PDDL-1.0", "pddl/1.0": "PDDL-1.0",
    },
}  # fmt: skip

#: What data sets and packages write where an SPDX identifier belongs, in lower case.
_NAMES = {
    "apache license 2.0": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "mit license": "MIT",
    "the mit license": "MIT",
    "expat": "MIT",
    "isc license": "ISC",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd-3": "BSD-3-Clause",
    "bsd 2-clause": "BSD-2-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "bsd 2-clause license": "BSD-2-Clause",
    "cc0": "CC0-1.0",
    "public domain mark 1.0": "CC-PDM-1.0",
    "odc-by": "ODC-By-1.0",
    "pddl": "PDDL-1.0",
    "odbl": "ODbL-1.0",
    "gpl-2.0": "GPL-2.0-only",
    "gpl-3.0": "GPL-3.0-only",
    "lgpl-2.1": "LGPL-2.1-only",
    "lgpl-3.0": "LGPL-3.0-only",
    "agpl-3.0": "AGPL-3.0-only",
    "mpl 2.0": "MPL-2.0",
    "mozilla public license 2.0": "MPL-2.0",
    "gpl-3.0+": "GPL-3.0-or-later",
    "gpl-2.0+": "GPL-2.0-or-later",
    "gplv3": "GPL-3.0-only",
    "gplv2": "GPL-2.0-only",
    "gfdl-1.2": "GFDL-1.2-only",
    "gfdl-1.3": "GFDL-1.3-only",
    "unlicense": "Unlicense",
    "the unlicense": "Unlicense",
}

_CC_WORDS = re.compile(
    r"^(?:creative commons |cc[ -]?)"
    r"(zero|0|by|attribution|public domain mark)((?:[ /-]{1,3}(?:nc|sa|nd|noncommercial|"
    r"non-commercial|sharealike|share ?alike|share-alike|noderivatives|noderivs|no ?derivatives))*)"
    r"[ ,-]{0,2}(?:licen[sc]e[ ,]{0,2})?(?:version )?v?(\d\.\d)?"
    r"(?: (?:unported|international|universal|generic))?(?: \([a-z0-9 .-]{2,20}\))?"
    r"(?: (?:public )?(?:domain )?(?:dedication|licen[sc]e))?(?: \([a-z0-9 .-]{2,20}\))?$"
)


def spdx_of(words_or_url: str | None) -> str | None:
    """The SPDX identifier that an address or the name of a licence stands for, or null.

    >>> spdx_of("https://creativecommons.org/licenses/by-sa/4.0/deed.de")
    'CC-BY-SA-4.0'
    >>> spdx_of("apache-2.0")
    'Apache-2.0'
    """
    if not words_or_url or len(words_or_url) > _MAX_WORDS:
        return None
    words = " ".join(words_or_url.split()).rstrip(".")
    match = _ADDRESS.match(words)
    if match is not None:
        return _of_address(match[1].lower(), (match[2] or "").lower())
    lower = words.lower()
    return _NAMES.get(lower) or _identifiers().get(lower) or _of_cc_words(lower)


def _of_address(host: str, path: str) -> str | None:
    if host == "creativecommons.org":
        match = _CC.match(path)
        return None if match is None else _creative_commons(match[1], match[2], match[3])
    path = path.strip("/").removesuffix(".html").removesuffix(".txt")
    if host == "gnu.org":
        match = _GNU.search(path)
        if match is None:
            return None
        family = "GFDL" if match[1] == "fdl" else match[1].upper()
        version = match[2] if "." in match[2] else f"{match[2]}.0"
        return _known(f"{family}-{version}-only")
    if host in {"spdx.org", "opensource.org", "choosealicense.com"}:
        last = path.rpartition("/")[2]
        return _NAMES.get(last) or _identifiers().get(last)
    if host in _PATHS:
        return next((name for end, name in _PATHS[host].items() if path.endswith(end)), None)
    return None


def _creative_commons(kind: str, version: str, country: str | None) -> str | None:
    if kind == "zero":
        return _known(f"CC0-{version}")
    if kind == "mark":
        return _known(f"CC-PDM-{version}")
    name = f"CC-{kind.upper()}-{version}"
    if country is None or country in {"deed", "legal"}:
        return _known(name)
    # A port to a country's law is a licence of its own; only some of them have an identifier.
    return _known(f"{name}-{country.upper()}")


def _of_cc_words(words: str) -> str | None:
    match = _CC_WORDS.match(words)
    if match is None:
        return None
    kind, more, version = match.groups()
    if kind in {"zero", "0"}:
        return _known("CC0-1.0")
    if kind == "public domain mark":
        return _known("CC-PDM-1.0")
    if version is None:
        return None
    parts = ["BY"]
    flat = more.replace(" ", "").replace("-", "")
    parts += ["NC"] * ("nc" in flat or "noncommercial" in flat)
    parts += ["SA"] * ("sa" in flat or "sharealike" in flat)
    parts += ["ND"] * ("nd" in flat.replace("and", "") or "noderiv" in flat)
    return _known(f"CC-{'-'.join(parts)}-{version}")


@cache
def _identifiers() -> dict[str, str]:
    """The SPDX identifiers by their names in lower case."""
    from license_expression import get_spdx_licensing

    symbols = get_spdx_licensing().known_symbols
    return {
        str(name).lower(): str(name) for name in symbols if not str(name).startswith("LicenseRef-")
    }


def _known(name: str) -> str | None:
    return _identifiers().get(name.lower())


# ── Texts ────────────────────────────────────────────────────────────────────────────────────────

#: What a text must say to be a licence: all of the phrases, in lower case and single spaces. The
#: one whose first phrase comes first is it; of two that begin alike, what says more stands before.
_TEXTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Apache-2.0", ("apache license", "version 2.0, january 2004")),
    ("Apache-2.0", ("licensed under the apache license, version 2.0",)),
    ("AGPL-3.0-only", ("gnu affero general public license", "version 3, 19 november 2007")),
    ("LGPL-3.0-only", ("gnu lesser general public license", "version 3, 29 june 2007")),
    ("LGPL-2.1-only", ("gnu lesser general public license", "version 2.1, february 1999")),
    ("GFDL-1.3-only", ("gnu free documentation license", "version 1.3, 3 november 2008")),
    ("GFDL-1.2-only", ("gnu free documentation license", "version 1.2, november 2002")),
    ("GPL-3.0-only", ("gnu general public license", "version 3, 29 june 2007")),
    ("GPL-2.0-only", ("gnu general public license", "version 2, june 1991")),
    ("MPL-2.0", ("mozilla public license", "version 2.0")),
    ("EPL-2.0", ("eclipse public license - v 2.0",)),
    ("CC0-1.0", ("cc0 1.0 universal",)),
    ("Unlicense", ("this is free and unencumbered software released into the public domain",)),
    (
        "BSD-3-Clause",
        ("redistribution and use in source and binary forms", "neither the name"),
    ),
    ("BSD-2-Clause", ("redistribution and use in source and binary forms", "list of conditions")),
    ("MIT", ("permission is hereby granted, free of charge, to any person obtaining a copy",)),
    (
        "ISC",
        ("permission to use, copy, modify, and/or distribute this software for any purpose with",),
    ),
    ("PSF-2.0", ("psf license agreement", "python software foundation license version 2")),
)
_CC_TEXT = re.compile(
    r"(?:creative commons )?(attribution(?:-noncommercial)?(?:-(?:sharealike|noderivatives))?) "
    r"(\d\.\d) (?:international|unported|generic)"
)
_BSD_ADVERTISING = "all advertising materials mentioning features"


def spdx_of_text(text: str) -> str | None:
    """The licence whose text this is (a LICENSE or COPYING file), or null.

    Of a text that holds several it is the first one that is known. The GNU licences' texts do not
    say whether later versions may be chosen; the stricter `-only` is given.
    """
    words = " ".join(text[:_HEAD].lower().split())
    found = [
        (words.index(phrases[0]), order, name)
        for order, (name, phrases) in enumerate(_TEXTS)
        if all(phrase in words for phrase in phrases)
    ]
    if found:
        name = min(found)[-1]
        return "BSD-4-Clause" if name[:3] == "BSD" and _BSD_ADVERTISING in words else name
    match = _CC_TEXT.search(words)
    if match is None:
        return spdx_of(words)
    return _of_cc_words(f"creative commons {match[1]} {match[2]}")
