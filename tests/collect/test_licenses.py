from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.collect.licenses import spdx_of, spdx_of_text


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("http://creativecommons.org/licenses/by/3.0/", "CC-BY-3.0"),
        ("//creativecommons.org/licenses/by-sa/4.0/deed.en", "CC-BY-SA-4.0"),
        ("https://creativecommons.org/licenses/by-nc-nd/4.0/legalcode", "CC-BY-NC-ND-4.0"),
        ("https://creativecommons.org/licenses/by/3.0/de/", "CC-BY-3.0-DE"),
        ("https://creativecommons.org/licenses/by/3.0/qq/", None),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "CC-PDM-1.0"),
        ("https://creativecommons.org/licenses/", None),
        ("https://creativecommons.org.evil.example/licenses/by/4.0/", None),
        ("https://www.apache.org/licenses/LICENSE-2.0", "Apache-2.0"),
        ("https://www.apache.org/licenses/LICENSE-2.0.txt", "Apache-2.0"),
        ("https://opensource.org/licenses/MIT", "MIT"),
        ("https://www.gnu.org/licenses/gpl-3.0.html", "GPL-3.0-only"),
        ("https://www.gnu.org/copyleft/fdl.html", None),
        ("https://www.gnu.org/licenses/fdl-1.3.html", "GFDL-1.3-only"),
        ("https://opendatacommons.org/licenses/by/1-0/", "ODC-By-1.0"),
        ("apache-2.0", "Apache-2.0"),
        ("cc-by-sa-4.0", "CC-BY-SA-4.0"),
        ("CC BY-NC 4.0", "CC-BY-NC-4.0"),
        ("cc by-nd 4.0", "CC-BY-ND-4.0"),
        ("Creative Commons Attribution 4.0 International License", "CC-BY-4.0"),
        ("Creative Commons Attribution-ShareAlike 4.0 International", "CC-BY-SA-4.0"),
        ("Creative Commons Attribution-NonCommercial-NoDerivatives 4.0", "CC-BY-NC-ND-4.0"),
        ("Creative Commons Attribution", None),
        ("CC0 1.0 Universal", "CC0-1.0"),
        ("MIT", "MIT"),
        ("mit license.", "MIT"),
        ("gpl", None),
        ("other", None),
        ("unknown", None),
        ("All rights reserved", None),
        ("", None),
        (None, None),
    ],
)
def test_addresses_and_words(given, expected) -> None:
    assert spdx_of(given) == expected


def test_texts_of_the_shared_folders(shared_data) -> None:
    expected = {
        "commoncrawl-warc/LICENSE": "Apache-2.0",
        "wikipedia-dump/COPYING": "LGPL-2.1-only",
        "squad-format/CC-BY-SA4.0.txt": "CC-BY-SA-4.0",
        "banking77/LICENSE": "CC-BY-4.0",
        "ticket-exports/LICENSE": "GPL-3.0-only",
        "papers/LICENSE": "Apache-2.0",
    }
    found = {
        name: spdx_of_text((shared_data / name).read_text(errors="replace")) for name in expected
    }
    assert found == expected


def test_texts_that_differ_in_a_clause() -> None:
    start = "Redistribution and use in source and binary forms, with or without\nmodification: this list of conditions. "
    assert spdx_of_text(start) == "BSD-2-Clause"
    assert spdx_of_text(start + "Neither the name of the holder") == "BSD-3-Clause"
    assert spdx_of_text("some words about nothing") is None


@given(st.text())
def test_any_words_end_as_an_identifier_or_null(words) -> None:
    for found in (spdx_of(words), spdx_of_text(words)):
        assert found is None or spdx_of(found) == found


def test_long_words_take_no_time() -> None:
    start = time.process_time()
    for words in (
        "cc by" + "-nc" * 200_000,
        "creative commons " * 100_000,
        "http://" + "a." * 200_000,
    ):
        spdx_of(words)
        spdx_of_text(words)
    assert time.process_time() - start < 5
