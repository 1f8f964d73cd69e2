"""Measuring the masking of a recipe on a labelled file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import polars as pl

from tunesmith.assess.gold import Gold
from tunesmith.assess.pii import PiiAssessment, assess
from tunesmith.assess.speed import documents_per_cpu_s
from tunesmith.clean.pii.mask import MaskPersonalData
from tunesmith.clean.pii.spans import Span
from tunesmith.errors import SourceError, TunesmithError
from tunesmith.record import frame


def spans_of(mask: MaskPersonalData, texts: Sequence[str]) -> list[list[Span]]:
    """What a recipe's masking finds in texts, before anything is replaced."""
    found = mask.spans(pl.Series(texts, dtype=pl.String))
    return [found.get(place, []) for place in range(len(texts))]


def masking(mask: MaskPersonalData, texts: Sequence[str]) -> Callable[[], object]:
    """The work of masking texts, as a run does it: for `documents_per_cpu_s`."""
    batch = frame([{"kind": "document", "text": text, "labels": []} for text in texts])

    def work() -> object:
        # A step may change a series in place, so each time gets a copy.
        return mask.transform(batch.with_columns(text=batch.get_column("text") + ""))

    return work


def assess_masking(
    gold: Gold, mask: MaskPersonalData, *, kinds: Collection[str] = ()
) -> tuple[PiiAssessment, list[list[Span]]]:
    """Measure a recipe's masking: the figures, and what was found in each text.

    Args:
        gold: The labelled texts.
        mask: The recipe's settings.
        kinds: Measure only these of the kinds that are masked; all of them when empty.

    Raises:
        TunesmithError: A kind is not masked.
        SourceError: The file labels spans, and none of a kind that is measured.
    """
    looked_for = _looked_for(mask, kinds)
    labels = {
        label: span.kind
        for text in gold.texts
        for span, label in zip(text.spans, text.labels, strict=True)
    }
    if labels and not looked_for & set(labels.values()):
        raise SourceError(
            f"none of its labels ({', '.join(sorted(labels))}) is of a kind that is looked for "
            f"({', '.join(sorted(looked_for))})",
            where=str(gold.path),
            todo="say what a label means with --label LABEL=KIND",
        )
    texts = [text.text for text in gold.texts]
    found = spans_of(mask, texts)
    speed = documents_per_cpu_s(masking(mask, texts), len(texts))
    return assess(gold, found, looked_for, documents_per_cpu_s=speed), found


def _looked_for(mask: MaskPersonalData, kinds: Collection[str]) -> set[str]:
    masked = {str(kind) for kind in mask.kinds}
    unknown = sorted(set(kinds) - masked)
    if unknown:
        raise TunesmithError(
            f"not masked, so not measured: {', '.join(unknown)}",
            where="--kinds",
            todo=f"the kinds that are masked are {', '.join(sorted(masked))}",
        )
    return set(kinds) or masked
