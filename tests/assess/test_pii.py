"""The figures of personal data; numbers from nervaluate 1.2.1, `Evaluator.evaluate`.

Its `strict` scheme is our exact one and its `ent_type` scheme ours by overlap.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.assess.gold import Gold, GoldText, read_gold
from tunesmith.assess.masking import assess_masking, spans_of
from tunesmith.assess.pii import _at_most, assess, mistakes
from tunesmith.clean.pii.detect import Span
from tunesmith.clean.pii.mask import MaskPersonalData
from tunesmith.errors import SourceError, TunesmithError
from tunesmith.record import frame

KINDS = ("PERSON", "EMAIL", "LOCATION", "PHONE")


def gold_of(*spans: list[Span], length: int = 50, groups: list[int] | None = None) -> Gold:
    texts = [
        GoldText(number + 1, "x" * length, tuple(given), tuple(span.kind for span in given),
                 None if groups is None else groups[number])
        for number, given in enumerate(spans)
    ]  # fmt: skip
    return Gold(Path("gold.jsonl"), tuple(texts))


LABELLED = [
    [Span(0, 9, "PERSON"), Span(13, 29, "EMAIL")],
    [Span(4, 8, "PERSON"), Span(17, 23, "LOCATION"), Span(30, 42, "PHONE")],
    [],
    [Span(0, 12, "EMAIL")],
    [Span(5, 9, "PERSON"), Span(14, 19, "PERSON")],
]
FOUND = [
    [Span(0, 4, "PERSON"), Span(13, 29, "EMAIL")],
    [Span(4, 8, "LOCATION"), Span(17, 23, "LOCATION")],
    [Span(2, 10, "PHONE")],
    [Span(0, 12, "EMAIL")],
    [Span(14, 19, "PERSON")],
]
NERVALUATE = {  # kind: (possible, actual), strict (correct, precision, recall, f1), ent_type (…)
    "PERSON": ((4, 2), (1, 0.5, 0.25, 1 / 3), (2, 1.0, 0.5, 2 / 3)),
    "EMAIL": ((2, 2), (2, 1.0, 1.0, 1.0), (2, 1.0, 1.0, 1.0)),
    "LOCATION": ((1, 2), (1, 0.5, 1.0, 2 / 3), (1, 0.5, 1.0, 2 / 3)),
    "PHONE": ((1, 1), (0, 0.0, 0.0, 0.0), (0, 0.0, 0.0, 0.0)),
    "all": ((8, 7), (4, 4 / 7, 0.5, 8 / 15), (5, 5 / 7, 0.625, 2 / 3)),
}


def test_the_figures_are_those_of_nervaluate() -> None:
    result = assess(gold_of(*LABELLED), FOUND, KINDS)
    for name, (counts, *schemes) in NERVALUATE.items():
        figures = result.kinds.get(name) or result.together[name]
        assert (figures.labelled, figures.found) == counts, name
        for (right, *shares), matches in zip(
            schemes, (figures.exact, figures.overlap), strict=True
        ):
            assert matches.right == right, name
            measured = [matches.precision, matches.recall, matches.f1]
            assert [share.value for share in measured if share] == pytest.approx(shares), name


def test_f2_counts_recall_four_times() -> None:
    exact = assess(gold_of(*LABELLED), FOUND, KINDS).together["all"].exact
    precision, recall = 4 / 7, 0.5
    assert exact.f2 is not None
    assert exact.f2.value == pytest.approx(5 * precision * recall / (4 * precision + recall))


def test_groups_of_kinds_add_up() -> None:
    together = assess(gold_of(*LABELLED), FOUND, KINDS).together
    assert together["patterns"].labelled == 3
    assert together["names and places"].labelled == 5
    assert together["patterns"].exact.right + together["names and places"].exact.right == 4


def test_what_is_left_is_what_no_span_of_any_kind_covers() -> None:
    result = assess(gold_of(*LABELLED), FOUND, KINDS)
    person = result.kinds["PERSON"]
    assert person.characters == 9 + 4 + 4 + 5
    assert person.characters_left == 5 + 0 + 4 + 0  # the location covers a name: nothing is left
    assert result.kinds["PHONE"].characters_left == 12
    assert result.other_characters == 5 * 50 - 9 - 16 - 4 - 6 - 12 - 12 - 4 - 5
    assert result.other_masked == 8


def test_labels_that_are_not_looked_for_are_told_and_are_not_other_characters() -> None:
    gold = gold_of([Span(0, 2, "TITLE"), Span(3, 9, "PERSON"), Span(20, 24, "TITLE")])
    result = assess(gold, [[Span(0, 9, "PERSON")]], {"PERSON", "EMAIL"})
    assert list(result.kinds) == ["PERSON"]
    told = result.not_looked_for["TITLE"]
    assert (told.kind, told.spans, told.characters) == ("TITLE", 2, 6)
    assert (result.other_characters, result.other_masked) == (50 - 2 - 6 - 4, 1)


def test_kinds_that_the_file_labels_nowhere_stand_in_no_precision() -> None:
    result = assess(gold_of([Span(0, 9, "EMAIL")]), [[Span(20, 30, "CARD")]], {"EMAIL", "CARD"})
    assert result.not_labelled == {"CARD": 1}
    assert result.together["all"].found == 0
    assert result.together["all"].exact.precision is None  # not zero: nothing to divide by
    assert result.other_masked == 10


def test_intervals_are_over_groups_in_which_a_figure_is_defined() -> None:
    spans = [[Span(0, 5, "EMAIL")]] * 40 + [[]] * 400
    found = [[Span(0, 5, "EMAIL")] if number % 4 else [] for number in range(40)] + [[]] * 400
    alone = assess(gold_of(*spans), found, ["EMAIL"]).kinds["EMAIL"].exact.recall
    groups = [number // 10 for number in range(440)]
    grouped = assess(gold_of(*spans, groups=groups), found, ["EMAIL"]).kinds["EMAIL"].exact.recall
    one = assess(gold_of(*spans, groups=[0] * 440), found, ["EMAIL"]).kinds["EMAIL"].exact.recall
    assert alone is not None
    assert grouped is not None
    assert one is not None
    assert alone.value == grouped.value == one.value == 0.75
    assert alone.low is not None
    assert alone.high is not None
    # The normal interval of 30 of 40 is 0.61 to 0.88 (Student's t with 39 degrees of freedom).
    assert alone.low == pytest.approx(0.61, abs=0.03)
    assert alone.high == pytest.approx(0.88, abs=0.03)
    assert one.low is None


def test_all_right_is_not_all_sure() -> None:
    spans = [[Span(0, 5, "EMAIL")]] * 30
    recall = assess(gold_of(*spans), spans, ["EMAIL"]).kinds["EMAIL"].exact.recall
    assert recall is not None
    assert recall.value == recall.high == 1.0
    assert recall.low == pytest.approx(0.025 ** (1 / 30))  # Clopper and Pearson: 30 of 30


def test_very_many_groups_cost_no_more() -> None:
    spans = [[Span(0, 5, "EMAIL")] for _ in range(6000)]
    found: list[list[Span]] = [
        [Span(0, 5, "EMAIL")] if number % 2 else [] for number in range(6000)
    ]
    recall = assess(gold_of(*spans), found, ["EMAIL"]).kinds["EMAIL"].exact.recall
    assert recall is not None
    assert recall.low is not None
    assert recall.low == pytest.approx(0.5 - 1.96 * (0.25 / 6000) ** 0.5, abs=0.002)
    dealt = _at_most(np.ones((6001, 2)), seed=1)
    assert dealt.shape == (2000, 2)
    assert dealt.sum() == 12_002


SPAN = st.tuples(st.integers(0, 40), st.integers(1, 9), st.sampled_from(KINDS)).map(
    lambda at: Span(at[0], at[0] + at[1], at[2])
)
TEXTS_OF_SPANS = st.lists(
    st.tuples(st.lists(SPAN, max_size=6), st.lists(SPAN, max_size=6)), min_size=1, max_size=4
)


@given(TEXTS_OF_SPANS)
@settings(max_examples=40, deadline=None)
def test_what_always_holds(both: list[tuple[list[Span], list[Span]]]) -> None:
    gold = gold_of(*(list(dict.fromkeys(one)) for one, _ in both))
    found = [other for _, other in both]
    result = assess(gold, found, KINDS)
    for figures in (*result.kinds.values(), *result.together.values()):
        assert figures.exact.right <= figures.overlap.right <= min(figures.labelled, figures.found)
        assert 0 <= figures.characters_left <= figures.characters
        for matches in (figures.exact, figures.overlap):
            for share in (matches.precision, matches.recall, matches.f1, matches.f2, figures.left):
                if share is not None and share.low is not None and share.high is not None:
                    assert 0 <= share.low <= share.high <= 1
    assert 0 <= result.other_masked <= result.other_characters <= 50 * len(both)
    told = list(mistakes(gold, found, KINDS))
    missed = sum(figures.labelled - figures.overlap.right for figures in result.kinds.values())
    wrong = sum(figures.found - figures.overlap.right for figures in result.kinds.values())
    assert sum(row["mistake"] == "missed" for row in told) == missed
    assert sum(row["mistake"] == "wrong" for row in told) == wrong


@given(TEXTS_OF_SPANS)
@settings(max_examples=20, deadline=None)
def test_perfect_detection_is_perfect(both: list[tuple[list[Span], list[Span]]]) -> None:
    labelled = [list(dict.fromkeys(one)) for one, _ in both]
    result = assess(gold_of(*labelled), labelled, KINDS)
    for figures in result.kinds.values():
        assert figures.exact.right == figures.overlap.right == figures.labelled == figures.found
        assert figures.characters_left == 0
    assert result.other_masked == 0
    assert not list(mistakes(gold_of(*labelled), labelled, KINDS))


def test_every_kind_of_mistake_is_told() -> None:
    told = list(mistakes(gold_of(*LABELLED), FOUND, KINDS))
    assert sorted((row["row"], row["mistake"], row["kind"]) for row in told) == [
        (1, "boundary", "PERSON"), (2, "missed", "PERSON"), (2, "missed", "PHONE"),
        (2, "wrong", "LOCATION"), (3, "wrong", "PHONE"), (5, "missed", "PERSON"),
    ]  # fmt: skip
    by_place = {(row["row"], row["mistake"], row["kind"]): row for row in told}
    assert by_place[2, "missed", "PERSON"]["found_as"] == ["LOCATION"]
    assert by_place[2, "wrong", "LOCATION"]["labelled_as"] == ["PERSON"]
    assert by_place[1, "boundary", "PERSON"]["found"] == "xxxx"


def masking_gold() -> Gold:
    text = "Write to ann@example.com, or to help@acme.example."
    spans = (Span(9, 24, "EMAIL"), Span(32, 49, "EMAIL"))
    return Gold(Path("gold.jsonl"), (GoldText(1, text, spans, ("EMAIL", "MAIL")),))


def test_masking_is_measured_as_the_recipe_sets_it() -> None:
    gold = masking_gold()
    result, found = assess_masking(gold, MaskPersonalData(allow=("help@acme.example",)))
    assert [[(span.start, span.end) for span in spans] for spans in found] == [[(9, 24)]]
    assert result.kinds["EMAIL"].exact.right == 1
    assert result.documents_per_cpu_s is not None
    assert result.documents_per_cpu_s is not None


def test_only_what_is_masked_can_be_measured() -> None:
    with pytest.raises(TunesmithError, match="not masked, so not measured: EMAIL"):
        assess_masking(masking_gold(), MaskPersonalData(kinds=("CARD",)), kinds=["EMAIL"])
    with pytest.raises(SourceError, match=r"none of its labels \(EMAIL, MAIL\)"):
        assess_masking(masking_gold(), MaskPersonalData(), kinds=["CARD"])


def test_what_is_measured_is_what_is_masked(shared_data) -> None:
    """On the public file: a run's text is the text with the measured spans replaced."""
    gold = read_gold(shared_data / "pii-presidio" / "synth_dataset_v2.json")
    mask = MaskPersonalData()
    texts = [text.text for text in gold.texts]
    replaced = list(texts)
    for number, spans in enumerate(spans_of(mask, texts)):
        for span in reversed(spans):
            text = replaced[number]
            replaced[number] = f"{text[: span.start]}[{span.kind}]{text[span.end :]}"
    assert replaced != texts
    rows = [{"kind": "document", "text": text, "labels": []} for text in texts]
    masked = mask.transform(frame(rows)).get_column("text").to_list()
    assert masked == [mask.mask(text)[0] for text in replaced]
