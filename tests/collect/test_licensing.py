from __future__ import annotations

import itertools
import subprocess
import sys

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from factory import pairs
from tunesmith.collect.licensing import LicenseFilter, LicensePolicy, address_of, family_of
from tunesmith.step import apply

EXCEPTED = "GPL-2.0-only WITH Classpath-exception-2.0"
UNKNOWN = "the licence is not known"


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("CC0-1.0", "public-domain"), ("CC-PDM-1.0", "public-domain"), ("MIT", "permissive"),
        ("CC-BY-4.0", "permissive"), ("CC-BY-SA-3.0", "share-alike"),
        ("GFDL-1.3-only", "share-alike"), ("ODbL-1.0", "share-alike"), ("MPL-2.0", "copyleft"),
        ("GPL-3.0-only", "copyleft"), ("CC-BY-NC-4.0", "non-commercial"),
        ("CC-BY-NC-SA-4.0", "non-commercial"), ("CC-BY-ND-4.0", "no-derivatives"),
        ("BUSL-1.1", "restricted"), ("proprietary", None), ("Classpath-exception-2.0", None),
    ],
)  # fmt: skip
def test_licences_have_families(name, family) -> None:
    assert family_of(name) == family


@pytest.mark.parametrize(
    ("words", "refused", "used"),
    [
        ("mit", None, ("MIT",)),
        ("MIT OR GPL-3.0-only", None, ("MIT",)),
        ("GPL-3.0-only OR CC-BY-4.0", None, ("CC-BY-4.0",)),
        ("MIT AND CC-BY-SA-4.0", None, ("MIT", "CC-BY-SA-4.0")),
        ("MIT AND (GPL-3.0-only OR Apache-2.0)", None, ("MIT", "Apache-2.0")),
        (
            "MIT AND GPL-3.0-only",
            "the licence GPL-3.0-only (copyleft) may not be used for training",
            (),
        ),
        (
            EXCEPTED,
            f"the licence {EXCEPTED} (copyleft) may not be used for training",
            (),
        ),
        ("MIT WITH Jane-Doe", UNKNOWN, ()),
        ("MIT AND Acme", UNKNOWN, ()),
        ("MIT OR Acme", None, ("MIT",)),
        ("Acme OR GPL-3.0-only", UNKNOWN, ()),
        ("proprietary", UNKNOWN, ()),
        ("ask Jane Doe, 555-0100", UNKNOWN, ()),
        ("MIT OR (", UNKNOWN, ()),
        ("", UNKNOWN, ()),
        (None, UNKNOWN, ()),
        ("MIT AND " * 10_000 + "MIT", UNKNOWN, ()),
    ],
)
def test_an_expression_is_held_to_the_policy(words, refused, used) -> None:
    found = LicensePolicy().terms(words, outside=True)
    assert (found.refused, found.relied_on) == (refused, used)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("CC BY 4.0", "CC-BY-4.0"),
        ("MIT License", "MIT"),
        ("expat", "MIT"),
        ("https://creativecommons.org/licenses/by-sa/3.0/deed.de", "CC-BY-SA-3.0"),
    ],
)
def test_words_and_addresses_are_read_alike_wherever_a_licence_is_named(words, name) -> None:
    for outside in (True, False):
        found = LicensePolicy().terms(words, outside=outside)
        assert (found.refused, found.relied_on, found.credited) == (None, (name,), True)
    assert LicensePolicy(allow=["own", words]).allow == ["own", name]
    assert LicensePolicy(refuse=[words]).terms(name, outside=True).refused is not None


@pytest.mark.parametrize("words", [None, "proprietary", "LicenseRef-Acme", "for our agents only"])
def test_what_the_company_wrote_is_its_own(words) -> None:
    assert LicensePolicy().terms(words, outside=False).refused is None
    assert LicensePolicy(allow=["permissive"]).terms(words, outside=False).refused is not None
    assert LicensePolicy().terms(words, outside=True).refused == UNKNOWN


def test_a_page_inside_the_company_that_names_a_licence_is_held_to_it() -> None:
    assert LicensePolicy().terms("CC-BY-NC-4.0", outside=False).refused is not None


def test_a_licence_by_its_name_wins_over_its_family() -> None:
    policy = LicensePolicy(
        allow=["permissive", "GPL-2.0-only WITH Classpath-exception-2.0", "LicenseRef-Partner"],
        refuse=["Apache-2.0", "share-alike"],
    )
    assert policy.terms("MIT", outside=True).refused is None
    assert policy.terms("Apache-2.0", outside=True).refused is not None
    assert policy.terms("CC-BY-SA-4.0", outside=True).refused is not None
    assert policy.terms("GPL-2.0 WITH Classpath-exception-2.0", outside=True).refused is None
    assert policy.terms("GPL-2.0", outside=True).refused is not None
    assert policy.terms("LicenseRef-Partner", outside=True).refused is None
    assert policy.terms("LicenseRef-Other", outside=True).refused == UNKNOWN


def test_what_is_unknown_may_be_kept() -> None:
    assert LicensePolicy(unknown="keep").terms(None, outside=True).refused is None
    assert LicensePolicy(unknown="keep").terms("GPL-3.0-only", outside=True).refused is not None


def test_a_name_that_nobody_knows_is_a_mistake_of_the_recipe() -> None:
    with pytest.raises(ValidationError, match="'CC-BY' is neither a family of licences"):
        LicensePolicy(allow=["CC-BY"])


SYMBOLS = st.sampled_from(["MIT", "CC-BY-SA-4.0", "GPL-3.0-only", "CC-BY-NC-4.0", "Acme"])
EXPRESSIONS = st.recursive(
    SYMBOLS,
    lambda inner: st.builds(
        lambda a, word, b: f"({a} {word} {b})", inner, st.sampled_from(["AND", "OR"]), inner
    ),
    max_leaves=6,
)


@given(EXPRESSIONS)
def test_an_expression_is_usable_exactly_when_logic_says_so(words) -> None:
    """Each licence is true or false; the expression is, with AND and OR as they are in logic."""
    truth = words
    for name in ("MIT", "CC-BY-SA-4.0", "GPL-3.0-only", "CC-BY-NC-4.0", "Acme"):
        fine = LicensePolicy().terms(name, outside=True).refused is None
        truth = truth.replace(name, str(fine))
    usable = _holds(truth)
    assert (LicensePolicy().terms(words, outside=True).refused is None) == usable


def _holds(words: str) -> bool:
    tokens = words.replace("(", " ( ").replace(")", " ) ").split()

    def value() -> bool:
        token = tokens.pop(0)
        if token != "(":
            return token == "True"
        left = value()
        word, right = tokens.pop(0), value()
        assert tokens.pop(0) == ")"
        return (left and right) if word == "AND" else (left or right)

    return value()


def test_rows_leave_with_the_reason_and_without_words_of_the_page() -> None:
    frame = pairs(
        {"source": "wiki", "license": "CC-BY-SA-4.0"},
        {"source": "web", "license": "GPL-3.0-only"},
        {"source": "web", "license": "Jane Doe, 555-0100"},
        {"source": "web", "license": None},
        {"source": "tickets", "license": None},
    )
    step = LicenseFilter(outside=("wiki", "web"))
    done = apply([step], frame)
    assert done.frame["id"].to_list() == ["row00000", "row00004"]
    assert done.fates["reason"].to_list() == [
        "the licence GPL-3.0-only (copyleft) may not be used for training", UNKNOWN, UNKNOWN,
    ]  # fmt: skip
    assert set(done.fates["step"]) == {"licenses"}


@given(
    st.lists(
        st.tuples(st.sampled_from(["in", "out"]), st.sampled_from(["MIT", None, "x", "MPL-2.0"]))
    )
)
def test_every_row_is_judged_as_it_would_be_alone(rows) -> None:
    step = LicenseFilter(outside=("out",))
    frame = pairs(*({"source": source, "license": words} for source, words in rows))
    together = step.judge(frame)["reason"].to_list() if rows else []
    alone = [step.judge(part)["reason"][0] for part in frame.iter_slices(1)] if rows else []
    assert together == alone


def test_addresses() -> None:
    assert address_of("CC-BY-SA-3.0-DE") == "https://creativecommons.org/licenses/by-sa/3.0/de/"
    assert address_of("Apache-2.0") == "https://spdx.org/licenses/Apache-2.0.html"


def test_the_library_is_not_loaded_before_a_licence_is_read() -> None:
    code = "import sys, tunesmith.collect.licensing; print('license_expression' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_all_families_are_told_apart() -> None:
    names = ("CC0-1.0", "MIT", "CC-BY-SA-4.0", "MPL-2.0", "CC-BY-NC-4.0", "CC-BY-ND-4.0")
    assert len({family_of(name) for name in names}) == len(names)
    for a, b in itertools.pairwise(names):
        only = LicensePolicy(allow=[str(family_of(a))])
        assert only.terms(a, outside=True).refused is None
        assert only.terms(b, outside=True).refused is not None


def test_frames_keep_their_schema() -> None:
    judged = LicenseFilter().judge(pairs({}, {}))
    assert judged.schema == {"reason": pl.String, "value": pl.Float64, "threshold": pl.Float64}
