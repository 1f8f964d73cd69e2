from __future__ import annotations

import datetime as dt
import json
import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from factory import pairs
from tunesmith.clean.pii.detect import find
from tunesmith.clean.pii.fakes import people
from tunesmith.clean.pii.fakes.verify import is_fake
from tunesmith.clean.pii.known import attach, of_threads
from tunesmith.clean.pii.mask import MaskPersonalData
from tunesmith.clean.pii.pseudonyms import Pseudonyms
from tunesmith.clean.pii.spans import KINDS
from tunesmith.step import apply
from tunesmith.store.secret import secret

PERSONAL = [
    "jane.doe@example.com", "(212) 555-0123", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00",
    "078-05-1120", "192.0.2.17", "https://bob:hunter2@example.com/",
]  # fmt: skip


def test_every_place_of_a_row_is_masked() -> None:
    frame = pairs(
        {
            "question": "I am jane@example.com", "answer": "We wrote to jane@example.com.",
            "category": "from jane@example.com", "source_id": "jane@example.com-7",
            "labels": ["jane@example.com", "b"], "extra": [{"key": "contact", "value": "jane@example.com"}],
        },
        {"text": "page by jane@example.com", "kind": "document"},
    )  # fmt: skip
    outcome = apply([MaskPersonalData()], frame)
    assert "jane" not in json.dumps(outcome.frame.to_dicts(), default=str)
    assert outcome.frame["answer"][0] == "We wrote to [EMAIL]."
    assert outcome.frame["changes"].to_list() == [["EMAIL×6"], ["EMAIL×1"]]
    assert outcome.counts[0].notes == {"EMAIL": 7}


def test_the_right_occurrence_is_replaced() -> None:
    text, _ = MaskPersonalData().mask("12 items cost 12, call 555-0112 about 12")
    assert text == "12 items cost 12, call [PHONE] about 12"


def test_kinds_that_overlap_are_masked_by_the_surer_one() -> None:
    assert MaskPersonalData().mask("4111 1111 1111 1111")[0] == "[CARD]"
    assert MaskPersonalData().mask("https://bob:pw@example.com/")[0] == (
        "https://[URL_CREDENTIALS]@example.com/"
    )


STYLES = ("tag", "pseudonym", "fake")
PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            [*PERSONAL, "jane.doe@acme.test", "(212) 867-5309", "10.20.30.40", "my name is Jane Doe",
             "Dear Kofi Mensah,", "born 25/12/1985", "12 Main Street", "00:1A:2B:3C:4D:5E",
             "password: Tr0ub4dor", "+351 912 345 678", "Smith", "card", "call"]
        ),
        st.text(alphabet="ab 19-.+()@:/[]", max_size=8),
    ),
    max_size=8,
)  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=150, deadline=None)
@given(PIECES, st.sampled_from([" ", "", "\n"]))
def test_nothing_is_found_after_masking(style, parts: list[str], between: str) -> None:
    step = MaskPersonalData(replace=style)
    masked, _ = step.mask(between.join(parts))
    again, more = step.mask(masked)
    assert (again, more) == (masked, {}) or (style == "fake" and not step.scan(pl.Series([again])))
    assert not step.scan(pl.Series([masked]))
    if style != "fake":
        assert find(masked) == []


@pytest.mark.parametrize("style", STYLES)
@given(st.text(alphabet=st.characters(categories=["L", "Zs"]), max_size=80))
def test_words_survive(style, text: str) -> None:
    assert MaskPersonalData(replace=style).mask(text) == (text, {})


@settings(max_examples=100, deadline=None)
@given(PIECES)
def test_texts_masked_together_or_apart_are_the_same(parts: list[str]) -> None:
    step = MaskPersonalData(replace="fake", names="lists")
    frame = pairs(*({"answer": part} for part in [*parts, "fine", " ".join(parts)]))
    together = apply([step], frame).frame["answer"].to_list()
    assert together == [step.mask(part)[0] for part in frame["answer"]]


def test_a_fake_of_another_secret_is_personal_data(monkeypatch) -> None:
    step = MaskPersonalData(replace="fake")
    masked, _ = step.mask("my name is Jane Doe, call +351 912 345 678, DOB 25/12/1985")
    assert not step.scan(pl.Series([masked]))
    monkeypatch.setenv("TUNESMITH_SECRET", "another secret of the tests")
    other = MaskPersonalData(replace="fake")
    assert other.scan(pl.Series([masked])) == {"PERSON": 1, "PHONE": 1, "DATE_OF_BIRTH": 1}
    assert other.mask(masked)[0] != masked


def _passes_as_a_fake(key: bytes, kind: str) -> str:
    """A real value that passes as a fake of the key."""
    if kind == "PERSON":
        return people.picked(key)[0][0].title()
    days = (dt.date(1985, 1, 1) + dt.timedelta(days=day) for day in range(5000))
    values = {
        "DATE_OF_BIRTH": (day.strftime("%d/%m/%Y") for day in days),
        "ACCOUNT": (f"AC-{number:06d}" for number in range(50_000)),
        "PHONE": iter(["(212) 555-0123"]),
        "IP_ADDRESS": iter(["192.0.2.17"]),
    }[kind]
    return next(value for value in values if is_fake(key, value, ("US",)))


@pytest.mark.parametrize("names", ["announced", "lists"])
@pytest.mark.parametrize("kind", ["PERSON", "DATE_OF_BIRTH", "ACCOUNT", "PHONE", "IP_ADDRESS"])
def test_a_real_value_that_passes_as_a_fake_is_replaced(kind, names) -> None:
    step = MaskPersonalData(replace="fake", names=names, accounts=(r"AC-\d{6}",))
    value = _passes_as_a_fake(secret(), kind)
    text = f"My name is {value}." if kind == "PERSON" else f"I was born on {value}."
    masked, found = step.mask(text)
    assert value not in masked
    assert found == {kind: 1}
    assert not step.scan(pl.Series([masked, text]))
    again, found = step.mask(masked)
    assert found == {kind: 1}
    assert not step.scan(pl.Series([again]))


def test_what_only_a_tag_announces_is_masked_too() -> None:
    text = "+351 912 345 678 x12 or, else, 3660170548 here"
    assert MaskPersonalData().mask(text)[0] == "[PHONE] or, else, [PHONE] here"
    step = MaskPersonalData(replace="fake")
    masked, found = step.mask(text)
    assert (masked, found) == ("[PHONE] or, else, [PHONE] here", {"PHONE": 2})
    assert not step.scan(pl.Series([masked]))


def test_a_leak_among_fakes_is_found() -> None:
    step = MaskPersonalData(replace="fake")
    masked, _ = step.mask("my name is Jane Doe, mail jane@acme.test")
    for leak, kind in (
        ("joe@acme.test", "EMAIL"), ("(212) 867-5309", "PHONE"), ("4111 1111 1111 1111", "CARD"),
        ("Regards, Peter Smith", "PERSON"),
    ):  # fmt: skip
        assert step.scan(pl.Series([f"{masked} {leak}"])) == {kind: 1}, leak


def test_a_fake_that_runs_into_its_neighbours_becomes_a_tag() -> None:
    step = MaskPersonalData(replace="fake")
    frame = pairs({"customer": "Jane Doe", "answer": "So said Jane Smith to us, and Jane too."})
    rows = attach(frame, of_threads([frame], {}), {})
    masked = apply([step], rows).frame["answer"][0]
    assert re.fullmatch(r"So said \[PERSON\] Smith to us, and [A-Z][a-z]+ too\.", masked), masked
    assert not step.scan(pl.Series([masked]))


@pytest.mark.parametrize("style", STYLES)
def test_an_address_of_a_known_person_is_masked_as_a_whole(style) -> None:
    frame = pairs({"customer": "Jane Doe", "answer": "Write to jane.doe@acme.test, jane!"})
    rows = attach(frame, of_threads([frame], {}), {})
    masked = apply([MaskPersonalData(replace=style)], rows).frame["answer"][0]
    assert "acme" not in masked
    assert "jane" not in masked
    assert masked.startswith({"fake": "Write to "}.get(style, "Write to [EMAIL"))


def test_among_many_fakes_only_those_that_cannot_be_told_apart_are_tags() -> None:
    step = MaskPersonalData(replace="fake")
    many = " ".join(f"Write to p{number}@acme.test." for number in range(100))
    frame = pairs({"customer": "Jane Doe", "answer": f"{many} So said Jane Smith. {many}"})
    masked = apply([step], attach(frame, of_threads([frame], {}), {})).frame["answer"][0]
    assert re.findall(r"\[\w+\]", masked) == ["[PERSON]"]
    assert not step.scan(pl.Series([masked]))


def test_a_tag_is_nobodys_name() -> None:
    for style in STYLES[:2]:
        masked, _ = MaskPersonalData(replace=style, names="lists").mask("mac 00:1A:2B:3C:4D:5E")
        assert re.fullmatch(r"mac \[MAC_ADDRESS(_[A-Z]{8})?\]", masked)


def test_real_texts_are_clean_with_fakes_and_with_fakes_of_fakes(shared_data) -> None:
    path = shared_data / "pii-presidio" / "synth_dataset_v2.json"
    texts = [row["full_text"] for row in json.loads(path.read_text("utf-8"))][:400]
    step = MaskPersonalData(replace="fake", names="lists", kinds=KINDS)
    frame = pairs(*({"answer": text} for text in texts))
    masked = apply([step], frame).frame
    assert not step.scan(masked["answer"])
    assert not step.scan(apply([step], masked).frame["answer"])
    tags = masked["answer"].str.count_matches(r"\[[A-Z_]+\]").sum()
    assert 0 < tags < 0.1 * apply([step], frame).counts[0].notes.total()


def test_the_scan_finds_what_is_left_and_only_that() -> None:
    step = MaskPersonalData()
    texts = pl.Series(["fine", "jane@example.com and 192.0.2.1", None])
    assert step.scan(texts) == {"EMAIL": 1, "IP_ADDRESS": 1}
    assert MaskPersonalData(allow=("jane@example.com",)).scan(texts) == {"IP_ADDRESS": 1}


def test_the_hint_misses_nothing_that_the_detectors_find() -> None:
    step = MaskPersonalData()
    for text in PERSONAL:
        for padded in (text, f"x {text} y", f"({text})", f"{text}\n"):
            if find(padded):
                frame = apply([step], pairs({"answer": padded})).frame
                assert find(frame["answer"][0]) == [], padded


def test_an_unknown_region_is_refused() -> None:
    with pytest.raises(ValidationError, match="not a region: UK"):
        MaskPersonalData(regions=("UK",))


def test_pseudonyms_keep_people_apart_and_together() -> None:
    frame = pairs(
        {
            "customer": "Jane@Example.com",
            "thread": "t1",
            "extra": [{"key": "who", "value": "Jane Doe"}],
        },
        {
            "customer": "jane@example.com ",
            "thread": "t1",
            "extra": [{"key": "who", "value": "Bob"}],
        },
        {"customer": "bob@example.com", "thread": None, "extra": []},
    )
    done = apply([Pseudonyms(columns={"s": ["who"]})], frame).frame
    first, second, third = done["customer"].to_list()
    assert first == second != third
    assert first.startswith("customer-")
    assert done["thread"].to_list()[2] is None
    assert "jane" not in json.dumps(done.to_dicts(), default=str).lower()
    assert done["extra"].to_list()[0][0]["value"].startswith("person-")


def test_another_secret_gives_other_pseudonyms(monkeypatch) -> None:
    frame = pairs({"customer": "jane"})
    one = apply([Pseudonyms()], frame).frame["customer"][0]
    before = Pseudonyms().identity()
    monkeypatch.setenv("TUNESMITH_SECRET", "quite another secret")
    assert apply([Pseudonyms()], frame).frame["customer"][0] != one
    assert Pseudonyms().identity() != before


def test_pseudonyms_are_the_same_for_the_same_value(monkeypatch) -> None:
    monkeypatch.setenv("TUNESMITH_SECRET", "a secret of the tests")
    step = MaskPersonalData(replace="pseudonym")
    one, counted = step.mask("call 212-555-0123 or jane@example.com")
    other, _ = step.mask("JANE@example.com has (212) 555 0123")
    assert counted == {"PHONE": 1, "EMAIL": 1}
    names = re.findall(r"\[(?:EMAIL|PHONE)_[A-Z]{8}\]", one + other)
    assert len(names) == 4
    assert len(set(names)) == 2
    assert not step.scan(pl.Series([one, other]))
    monkeypatch.setenv("TUNESMITH_SECRET", "another secret of the tests")
    assert (
        MaskPersonalData(replace="pseudonym").mask("call 212-555-0123 or jane@example.com")[0]
        != one
    )


def test_identity_names_the_secret_only_where_it_matters(monkeypatch) -> None:
    monkeypatch.setenv("TUNESMITH_SECRET", "a secret of the tests")
    assert "key" not in MaskPersonalData().identity()
    first = MaskPersonalData(replace="pseudonym").identity()["key"]
    monkeypatch.setenv("TUNESMITH_SECRET", "another secret of the tests")
    assert MaskPersonalData(replace="pseudonym").identity()["key"] != first


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"national_ids": ["XX"]}, "no numbers known for XX"),
        ({"accounts": ["(?=a)b"]}, "look-around"),
        ({"accounts": ["("]}, "unclosed group"),
        ({"accounts": ["AC-[0-9"]}, "unclosed character class"),
    ],
)
def test_settings_are_checked(settings, words) -> None:
    with pytest.raises(ValidationError, match=words):
        MaskPersonalData(**settings)


def test_own_fakes_are_not_personal_and_everything_else_is() -> None:
    real = "Write to jane.doe@acme.io or call +1 212 867 5309."
    tags, fakes = MaskPersonalData(), MaskPersonalData(replace="fake")
    assert [span.kind for span in tags.personal(real)] == ["EMAIL", "PHONE"]
    assert tags.personal("Write to [EMAIL] or call [PHONE].") == []
    faked, _ = fakes.mask(real)
    assert faked != real
    assert "[" not in faked
    assert fakes.personal(faked) == []
    assert len(tags.personal(faked)) == 2
    assert [span.kind for span in fakes.personal(real)] == ["EMAIL", "PHONE"]
    both = f"{faked} {real}"
    assert [both[span.start : span.end] for span in fakes.personal(both)] == [
        "jane.doe@acme.io",
        "+1 212 867 5309",
    ]
