"""A preview of cleaning: what it would change, on a sample of the rows, without a run.

The rows are the company's own, and they are shown to its own terminal; even so no personal data
is: every text goes through the masking step, and what masking would find only after the texts are
mended (an address written with entities, say) is replaced, too.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl
from rapidfuzz.distance import Indel

from tunesmith import record
from tunesmith.clean.boilerplate import line_table, recurring
from tunesmith.collect.base import Piece, Place, Source
from tunesmith.collect.licensing import LicenseFilter
from tunesmith.errors import SourceError, TunesmithError
from tunesmith.prepare.collect import collection_time
from tunesmith.prepare.steps import row_steps
from tunesmith.progress import Progress
from tunesmith.recipe import LoadedRecipe, check
from tunesmith.record import TEXT_COLUMNS
from tunesmith.report.wording import plural
from tunesmith.step import Step, apply
from tunesmith.store.seen import Seen

#: Rows that are looked at; of more, a sample of this many is drawn with the recipe's seed.
SAMPLE_ROWS = 10_000

#: Letters of a text that are shown, from a little before the first change on.
SHOWN_LETTERS = 4_000
CONTEXT_LETTERS = 160

#: Stands where personal data would show that masking alone does not find in the raw text.
HIDDEN = "[PERSONAL DATA]"

_MASKING = "mask_personal_data"
_UNITS = (r"\S+", r"[^\n]+", r"(?s).+")


#: Settings of `clean` whose step has another name.
_BY_SETTING = {"quotes": "punctuation", "dashes": "punctuation", "personal_data": _MASKING}


@dataclass(frozen=True)
class Pair:
    """One text before and after, with personal data masked in both."""

    id: str
    source: str
    file: str
    line: int | None
    column: str
    changed_letters: int
    """Letters removed and added, of those shown."""
    notes: list[str]
    """What the steps noted about the row."""
    before: str
    after: str
    cut: bool
    """Whether the texts are longer than what is shown."""


@dataclass(frozen=True)
class Preview:
    """What a stage would change."""

    what: str
    rows: int
    """Rows that the sources gave."""
    looked_at: int
    """Rows of the sample."""
    changed_rows: int
    """Rows of the sample in which a question, an answer or a page changes."""
    pairs: list[Pair]
    """The most-changed texts first."""


def preview(loaded: LoadedRecipe, what: str, limit: int, progress: Progress) -> Preview:
    """Compare texts before and after cleaning, or one step of it.

    Args:
        loaded: The recipe.
        what: `clean`, or a cleaning step that the recipe turns on, by its setting or its kind.
        limit: The most pairs to give.
        progress: Where to say how far it is.

    Raises:
        TunesmithError: There is no such step, or a source cannot be read.
    """
    check(loaded)
    steps = _clean_steps(loaded, {})
    kinds = [step.kind for step in steps if set(step.writes) & set(TEXT_COLUMNS)]
    wanted = ["clean", *kinds] + (["boilerplate"] if loaded.recipe.clean.boilerplate else [])
    step = _BY_SETTING.get(what, what)
    if step not in wanted:
        raise TunesmithError(
            f"there is nothing to preview under '{what}'",
            where="--preview",
            todo=f"this recipe turns on: {', '.join(wanted)}",
        )
    sample, rows = _sample(loaded, progress)
    with progress.stage("preview", total=1) as bar:
        steps = _clean_steps(loaded, _boilerplate(loaded, sample))
        frames = _Frames(sample, steps, step)
        pairs, changed = frames.pairs(limit)
        bar.advance()
    return Preview(what, rows, sample.height, changed, pairs)


def _clean_steps(loaded: LoadedRecipe, boilerplate: dict[str, tuple[str, ...]]) -> list[Step]:
    recipe = loaded.recipe
    steps = row_steps(recipe, boilerplate)[: -len(recipe.check.steps())]
    return [step for step in steps if step.kind != LicenseFilter.kind]


def _boilerplate(loaded: LoadedRecipe, sample: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    clean = loaded.recipe.clean
    if clean.boilerplate is None:
        return {}
    table = line_table(apply(clean.mending(), sample).frame, clean.boilerplate)
    return recurring(lambda: [table], clean.boilerplate)


def _sample(loaded: LoadedRecipe, progress: Progress) -> tuple[pl.DataFrame, int]:
    """All rows up to a bound; of more, those whose identifiers hash lowest with the seed."""
    kept, rows, now = record.empty(), 0, collection_time()
    draw = pl.col("id").hash(loaded.recipe.seed)
    with tempfile.TemporaryDirectory() as name, progress.stage("collect") as bar:
        for source, piece in _pieces(loaded, Path(name)):
            for chunk in source.read(Place(piece.stretches, now)):
                rows += chunk.frame.height
                kept = pl.concat([kept, chunk.frame])
                if kept.height > SAMPLE_ROWS:
                    drawn = kept.select(draw).to_series().arg_sort().head(SAMPLE_ROWS).sort()
                    kept = kept[drawn]
            bar.advance(note=plural(rows, "row"))
    if not rows:
        raise SourceError(
            "no row could be read", todo="see the reasons with: tunesmith prepare RECIPE"
        )
    return kept, rows


def _pieces(loaded: LoadedRecipe, folder: Path) -> Iterator[tuple[Source, Piece]]:
    seen = Seen(folder / "seen.json")
    for number, source in enumerate(loaded.recipe.sources):
        place = folder / str(number)
        place.mkdir()
        source.gather(loaded.base, place)
        for piece in source.pieces(loaded.base, place, seen):
            yield source, piece


class _Frames:
    """The sample at each point of the way that a preview needs.

    Args:
        sample: The rows as collected.
        steps: The cleaning steps.
        what: `clean` or the kind of one of them.
    """

    def __init__(self, sample: pl.DataFrame, steps: list[Step], what: str) -> None:
        kinds = [step.kind for step in steps]
        self.masking = kinds.index(_MASKING)
        first = 0 if what == "clean" else kinds.index(what) if what in kinds else len(steps)
        last = len(steps) if what == "clean" else min(first + 1, len(steps))
        self.steps, self.sample = steps, sample
        self.hides = what == _MASKING
        before = apply(steps[:first], sample).frame
        after = apply(steps[first:last], before).frame
        self.masks_before = first <= self.masking and not self.hides
        self.masks_after = last <= self.masking
        self.before = self._masked(before) if self.masks_before else before
        self.after = self._masked(after) if self.masks_after else after
        self.notes = [
            new[len(old) :] for old, new in zip(before["changes"], after["changes"], strict=True)
        ]

    def _masked(self, frame: pl.DataFrame) -> pl.DataFrame:
        return apply([self.steps[self.masking]], frame).frame

    def pairs(self, limit: int) -> tuple[list[Pair], int]:
        """The most-changed pairs, and the number of rows in which a text changes."""
        changed = [
            (name, row)
            for name in TEXT_COLUMNS
            for row in self.before[name].ne_missing(self.after[name]).arg_true().to_list()
        ]
        scored = []
        for name, row in changed:
            before, after, _ = excerpt(self.before[name][row] or "", self.after[name][row] or "")
            scored.append((-Indel.distance(before, after), row, name))
        top = sorted(scored)[:limit]
        return self._shown(top), len({row for _, row in changed})

    def _shown(self, top: list[tuple[int, int, str]]) -> list[Pair]:
        rows = [row for _, row, _ in top]
        names = [name for _, _, name in top]
        before = self._texts(self.before, rows, names, masked=self.masks_before)
        after = self._texts(self.after, rows, names, masked=self.masks_after)
        pairs = []
        for (score, row, name), *texts in zip(top, before, after, strict=True):
            old, new, cut = excerpt(*texts)
            shown = lengths_of_what_changes(old, new) if self.hides else old
            origin = self.after.row(row, named=True)
            pairs.append(
                Pair(
                    origin["id"], origin["source"], origin["file"], origin["line"], name, -score,
                    list(self.notes[row]), shown, new, cut,
                )
            )  # fmt: skip
        return pairs

    def _texts(
        self, frame: pl.DataFrame, rows: list[int], names: list[str], *, masked: bool
    ) -> list[str]:
        texts = [frame[name][row] or "" for row, name in zip(rows, names, strict=True)]
        if not masked:
            return texts
        # What is left of the way before masking may uncover more.
        return [
            _safe(text, partial(self._personal, row=row, name=name))
            for text, row, name in zip(texts, rows, names, strict=True)
        ]

    def _personal(self, units: list[str], *, row: int, name: str) -> list[bool]:
        """For each text, whether masking finds something in it once it is mended."""
        rows = self.sample[[row] * len(units)]
        rows = rows.with_columns(pl.Series(name, units, dtype=pl.String))
        mended = apply(self.steps[: self.masking], rows).frame
        return mended[name].ne_missing(self._masked(mended)[name]).to_list()


def _safe(text: str, personal: Callable[[list[str]], list[bool]]) -> str:
    """A text in which words, then lines, then all gives way to `HIDDEN` while it is personal."""
    for unit in _UNITS:
        if not text or not personal([text])[0]:
            return text
        parts = re.split(f"({unit})", text)
        found = personal(parts)
        text = "".join(HIDDEN if hide else part for part, hide in zip(parts, found, strict=True))
    return text


def excerpt(before: str, after: str) -> tuple[str, str, bool]:
    """Both texts from a little before their first difference on, and whether that is not all."""
    low, high = 0, min(len(before), len(after))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if before[:middle] == after[:middle] else (low, middle - 1)
    start = low - CONTEXT_LETTERS if low > 2 * CONTEXT_LETTERS else 0
    end = start + SHOWN_LETTERS
    cut = start > 0 or max(len(before), len(after)) > end
    return before[start:end], after[start:end], cut


def lengths_of_what_changes(before: str, after: str) -> str:
    """A text in which each run of words that the other does not have is only its length."""
    old, new = (re.findall(r"\s+|\S+", text) for text in (before, after))
    shown = []
    for part in Indel.opcodes(old, new):
        words = "".join(old[part.src_start : part.src_end])
        if part.tag == "equal":
            shown.append(words)
        elif words:
            shown.append(f"<{len(words)} letters>")
    return "".join(shown)
