"""How well personal data is found: recall, precision, F1, F2 and what is left, by kind.

A found span is right *exactly* when a labelled span has its start, end and kind, and right *by
overlap* when a labelled span of its kind shares a character with it; one found span stands for one
labelled span. This is MUC's strict scheme, and its entity-type scheme with at most one partner
(Chinchor and Sundheim 1993; `nervaluate` has both). F2 counts recall four times as much as
precision (van Rijsbergen 1979), for what is missed stays in the dataset.

The share of personal characters left is that of the characters of labelled spans which no found
span of *any* kind covers: a name that is masked as an organisation is masked.

Intervals hold the truth in 95 of 100 such files: whole groups (templates, threads, else texts) are
resampled, see `evaluate.significance`. Each figure uses the groups that it is defined in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tunesmith.assess.gold import Gold, GoldText
from tunesmith.assess.matching import pairs
from tunesmith.clean.pii.labels import NAMES_AND_PLACES
from tunesmith.clean.pii.spans import Span
from tunesmith.evaluate.significance import FloatArray, group_sums, interval

_LABELLED, _FOUND, _EXACT, _OVERLAP, _CHARACTERS, _LEFT = range(6)
_WIDTH = 6

_RESAMPLES = 4_000
_MOST_GROUPS = 2_000
"""More groups than this are dealt into as many, so that an interval costs the same for any file."""


@dataclass(frozen=True)
class Share:
    """A share with its 95% interval; the limits are null where one group is all there is."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Matches:
    """Figures by one way of matching; a figure without anything to divide by is null."""

    right: int
    precision: Share | None
    recall: Share | None
    f1: Share | None
    f2: Share | None


@dataclass(frozen=True)
class Figures:
    """The figures of one kind, or of several together.

    Attributes:
        labelled: Labelled spans.
        found: Found spans.
        exact: Same start, end and kind.
        overlap: Same kind, at least one character in common.
        characters: In labelled spans.
        characters_left: Of these, in no found span of any kind.
        left: The share of them.
    """

    labelled: int
    found: int
    exact: Matches
    overlap: Matches
    characters: int
    characters_left: int
    left: Share | None


@dataclass(frozen=True)
class Unmeasured:
    """A label of the file that is not looked for: it stands in no figure."""

    kind: str
    spans: int
    characters: int


@dataclass(frozen=True)
class PiiAssessment:
    """What was measured on a labelled file.

    Attributes:
        texts: How many.
        groups: Independent groups among them (templates, threads, else texts).
        kinds: By kind, the figures of those that are both looked for and labelled.
        together: The figures of `all`, of `patterns`, of `names and places`.
        other_characters: Characters outside every labelled span, whatever its label.
        other_masked: Of these, in a found span.
        masked: The share of them.
        not_looked_for: By the file's label, what no figure counts.
        not_labelled: By kind, found spans of kinds that the file labels nowhere: they may be
            right, so that no precision counts them; their characters are in `masked`.
        bad_rows: By row number, why a row of the file was not used.
        documents_per_cpu_s: How fast the texts were masked; null when it was not measured.
    """

    texts: int
    groups: int
    kinds: dict[str, Figures]
    together: dict[str, Figures]
    other_characters: int
    other_masked: int
    masked: Share | None
    not_looked_for: dict[str, Unmeasured]
    not_labelled: dict[str, int]
    bad_rows: dict[int, str]
    documents_per_cpu_s: float | None = None

    def as_json(self) -> dict[str, Any]:
        """For `--json`; row numbers become text, as JSON's keys are."""
        bad = {str(number): reason for number, reason in self.bad_rows.items()}
        return asdict(self) | {"bad_rows": bad}


def assess(
    gold: Gold,
    found: Sequence[Sequence[Span]],
    looked_for: Collection[str],
    *,
    documents_per_cpu_s: float | None = None,
    seed: int = 13,
) -> PiiAssessment:
    """Compare what was found with what is labelled.

    Args:
        gold: The labelled texts.
        found: For each text, what a detector found.
        looked_for: The kinds to measure, of those that the detector looks for.
        documents_per_cpu_s: Passed on.
        seed: Of the intervals.

    Raises:
        ValueError: There are not as many lists of spans as texts.
    """
    labelled = _labelled(gold)
    kinds = sorted(labelled & set(looked_for))
    rows = [_counted(*both, kinds) for both in zip(gold.texts, found, strict=True)]
    stats = group_sums(np.array(rows, dtype=np.float64), gold.groups)
    by_kind = stats[:, :-2].reshape(len(stats), len(kinds), _WIDTH)
    other, masked = (int(total) for total in stats[:, -2:].sum(axis=0))
    return PiiAssessment(
        texts=len(gold.texts),
        groups=len(stats),
        kinds={kind: _figures(by_kind[:, i], seed) for i, kind in enumerate(kinds)},
        together={
            name: _figures(by_kind[:, places].sum(axis=1), seed)
            for name, places in _together(kinds).items()
        },
        other_characters=other,
        other_masked=masked,
        masked=_share(stats[:, -1], stats[:, -2], seed),
        not_looked_for=_unmeasured(gold, kinds),
        not_labelled=_not_labelled(found, labelled),
        bad_rows=dict(gold.bad),
        documents_per_cpu_s=documents_per_cpu_s,
    )


def _labelled(gold: Gold) -> set[str]:
    return {str(span.kind) for text in gold.texts for span in text.spans}


def _together(kinds: list[str]) -> dict[str, list[int]]:
    named = [i for i, kind in enumerate(kinds) if kind in NAMES_AND_PLACES]
    patterns = [i for i in range(len(kinds)) if i not in named]
    groups = {"all": [*range(len(kinds))], "patterns": patterns, "names and places": named}
    return {name: places for name, places in groups.items() if places}


def _counted(text: GoldText, found: Sequence[Span], kinds: list[str]) -> list[float]:
    """The counts of one text: six for each kind, then other characters and those masked."""
    covered, personal = bytearray(len(text.text)), bytearray(len(text.text))
    for marks, spans in ((covered, found), (personal, text.spans)):
        for span in spans:
            marks[span.start : span.end] = b"\1" * (span.end - span.start)
    row: list[float] = []
    for kind in kinds:
        right, given = _of_kind(text.spans, kind), _of_kind(found, kind)
        characters = sum(span.end - span.start for span in right)
        hidden = sum(covered.count(1, span.start, span.end) for span in right)
        exact = len(set(right) & set(given))
        overlap = len(pairs(right, given))
        row += [len(right), len(given), exact, overlap, characters, characters - hidden]
    for span in text.spans:
        covered[span.start : span.end] = bytes(span.end - span.start)
    return [*row, len(text.text) - personal.count(1), covered.count(1)]


def _of_kind(spans: Sequence[Span], kind: str) -> list[Span]:
    return list(dict.fromkeys(span for span in spans if span.kind == kind))


def _figures(stats: FloatArray, seed: int) -> Figures:
    labelled, found, _, _, characters, left = (int(total) for total in stats.sum(axis=0))
    return Figures(
        labelled=labelled,
        found=found,
        exact=_matches(stats, _EXACT, seed),
        overlap=_matches(stats, _OVERLAP, seed),
        characters=characters,
        characters_left=left,
        left=_share(stats[:, _LEFT], stats[:, _CHARACTERS], seed),
    )


def _matches(stats: FloatArray, column: int, seed: int) -> Matches:
    right, labelled, found = stats[:, column], stats[:, _LABELLED], stats[:, _FOUND]
    return Matches(
        right=int(right.sum()),
        precision=_share(right, found, seed),
        recall=_share(right, labelled, seed),
        f1=_share(2 * right, labelled + found, seed),
        f2=_share(5 * right, 4 * labelled + found, seed),
    )


def _share(part: npt.NDArray[Any], whole: npt.NDArray[Any], seed: int) -> Share | None:
    """The share of `part` in `whole`, both of shape (groups,), over the groups that have any."""
    defined = whole > 0
    if not defined.any():
        return None
    stats = _at_most(np.stack([part[defined], whole[defined]], axis=1), seed)
    value = float(part.sum() / whole.sum())
    found = interval(stats, _ratio, resamples=_RESAMPLES, seed=seed, bounds=(0.0, 1.0))
    return Share(value, None, None) if found is None else Share(value, found.low, found.high)


def _ratio(sums: FloatArray) -> FloatArray:
    ratio: FloatArray = sums[..., 0] / sums[..., 1]
    return ratio


def _at_most(stats: FloatArray, seed: int) -> FloatArray:
    if len(stats) <= _MOST_GROUPS:
        return stats
    dealt = np.random.default_rng(seed).permutation(len(stats)) % _MOST_GROUPS
    return group_sums(stats, dealt.tolist())


def _unmeasured(gold: Gold, kinds: list[str]) -> dict[str, Unmeasured]:
    found: dict[str, Unmeasured] = {}
    for text in gold.texts:
        for span, label in zip(text.spans, text.labels, strict=True):
            if span.kind not in kinds:
                before = found.get(label, Unmeasured(span.kind, 0, 0))
                characters = before.characters + span.end - span.start
                found[label] = Unmeasured(span.kind, before.spans + 1, characters)
    return dict(sorted(found.items()))


def _not_labelled(found: Sequence[Sequence[Span]], labelled: set[str]) -> dict[str, int]:
    counted = Counter[str](span.kind for spans in found for span in spans)
    return {kind: count for kind, count in sorted(counted.items()) if kind not in labelled}


def mistakes(
    gold: Gold, found: Sequence[Sequence[Span]], looked_for: Collection[str]
) -> Iterator[dict[str, Any]]:
    """Every missed, wrong or ill-bounded span *with its text*, for whoever improves the rules.

    Yields:
        `row`, `mistake` (`missed`: labelled, and no span of its kind found there; `boundary`:
        found, with other ends; `wrong`: found, and nothing of its kind is labelled there), `kind`,
        `value`, `start`, `end`, `text`; for `boundary` also `found`, and for `missed` the other
        kinds that were found there (`found_as`), for `wrong` those labelled there (`labelled_as`).
    """
    labelled = _labelled(gold)
    kinds = sorted(labelled & set(looked_for))
    for text, spans in zip(gold.texts, found, strict=True):
        for kind in kinds:
            yield from _mistakes(text, spans, kind)


def _mistakes(text: GoldText, found: Sequence[Span], kind: str) -> Iterator[dict[str, Any]]:
    right, given = _of_kind(text.spans, kind), _of_kind(found, kind)
    partner = pairs(right, given)
    for number, span in enumerate(right):
        if number not in partner:
            yield _mistake(text, "missed", span) | {"found_as": _there(found, span)}
        elif given[partner[number]] != span:
            other = given[partner[number]]
            yield _mistake(text, "boundary", span) | {"found": text.text[other.start : other.end]}
    for number, span in enumerate(given):
        if number not in partner.values():
            yield _mistake(text, "wrong", span) | {"labelled_as": _there(text.spans, span)}


def _mistake(text: GoldText, mistake: str, span: Span) -> dict[str, Any]:
    return {
        "row": text.number,
        "mistake": mistake,
        "kind": span.kind,
        "value": text.text[span.start : span.end],
        "start": span.start,
        "end": span.end,
        "text": text.text,
    }


def _there(spans: Sequence[Span], place: Span) -> list[str]:
    return sorted(
        {span.kind for span in spans if span.start < place.end and span.end > place.start}
    )
