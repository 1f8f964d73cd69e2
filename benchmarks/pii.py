# ruff: noqa: E402
"""Personal data: tunesmith's detectors beside Microsoft Presidio's, on one labelled file.

    pip install 'tunesmith[bench]'
    python benchmarks/pii.py                       (--half even while rules are developed)
    python benchmarks/pii.py --model en_core_web_sm --gold LABELLED.json --json FIGURES.json

Quality is that of `tunesmith assess --pii` (exact, by overlap, characters left), over the kinds
that a detector looks for; what it does not look for is listed. Documents per CPU-second are the
median of three warm figures (user and system time of the whole process, model loaded before):

* tunesmith: `MaskPersonalData.transform` over the texts as one batch, replacing included
* Presidio: `BatchAnalyzerEngine.analyze_iterator`, finding alone, its entities those with a kind
  of ours, score threshold 0.35. `patterns` has a blank spaCy pipeline; with `--model` it is
  measured with that pipeline too. The list of mail domains is the one that tldextract ships.

All run in this process, one after the other.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

# Before anything loads an arithmetic library: spare threads would only spin.
for name in ("OMP_NUM_THREADS", "POLARS_MAX_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

from tunesmith.assess.gold import Gold, read_gold
from tunesmith.assess.masking import masking, spans_of
from tunesmith.assess.pii import Figures, PiiAssessment, assess
from tunesmith.assess.speed import documents_per_cpu_s
from tunesmith.clean.pii.backends import PresidioModel, loaded
from tunesmith.clean.pii.detect import Span
from tunesmith.clean.pii.mask import MaskPersonalData
from tunesmith.errors import MissingExtraError, TunesmithError

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data" / "pii-presidio" / "synth_dataset_v2.json"

NAMES = {"PERSON", "ORGANIZATION", "LOCATION"}


@dataclass(frozen=True)
class Detector:
    """What is measured: finding spans, the work that is timed, and the kinds looked for."""

    name: str
    find: Callable[[list[str]], list[list[Span]]]
    work: Callable[[list[str]], Callable[[], object]]
    kinds: Collection[str]


def tunesmith() -> Detector:
    """What is masked by default."""
    mask = MaskPersonalData()
    return Detector(
        "tunesmith",
        lambda texts: spans_of(mask, texts),
        lambda texts: masking(mask, texts),
        {str(kind) for kind in mask.kinds},
    )


def presidio(model: str | None) -> Detector:
    """Presidio with a spaCy pipeline, or with patterns alone."""
    settings = PresidioModel(model=model)
    engine = loaded(settings)
    kinds = set(settings.labels.values()) - (NAMES if model is None else set())
    name = "Presidio, patterns" if model is None else f"Presidio, {model}"
    return Detector(name, engine.find, lambda texts: lambda: engine.find(texts), kinds)


def measure(detector: Detector, gold: Gold, repeats: int) -> PiiAssessment:
    """Quality and speed of one detector."""
    texts = [text.text for text in gold.texts]
    speed = documents_per_cpu_s(detector.work(texts), len(texts), repeats=repeats)
    return assess(gold, detector.find(texts), detector.kinds, documents_per_cpu_s=speed)


def print_result(name: str, result: PiiAssessment) -> None:
    """One detector's figures."""
    other = _percent(result.other_masked, result.other_characters)
    speed = f"{result.documents_per_cpu_s:,.0f} documents per CPU-second"
    print(f"\n{name}: {speed}, {other} of other characters masked")
    print(f"  {'':<17}{'labelled':>9}{'found':>7}   exact: P     R    F1    F2"
          "   overlap: P     R    F1    F2    left")  # fmt: skip
    for kind, figures in [*result.kinds.items(), *result.together.items()]:
        print(f"  {kind:<17}{figures.labelled:>9,}{figures.found:>7,}   {_cells(figures)}")
    unmeasured = ", ".join(f"{label} {them.spans}" for label, them in result.not_looked_for.items())
    print(f"  not looked for: {unmeasured or 'nothing'}")
    if result.not_labelled:
        counts = ", ".join(f"{kind} {count}" for kind, count in result.not_labelled.items())
        print(f"  found, labelled nowhere: {counts}")


def _cells(figures: Figures) -> str:
    parts = []
    for matches in (figures.exact, figures.overlap):
        shares = (matches.precision, matches.recall, matches.f1, matches.f2)
        parts.append(
            " ".join("    –" if share is None else f"{share.value:.3f}" for share in shares)
        )
    left = _percent(figures.characters_left, figures.characters)
    return f"{parts[0]}      {parts[1]}  {left:>6}"


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def main() -> None:
    """Measure every detector and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawTextHelpFormatter
    parser.add_argument("--gold", type=Path, default=DATA)
    parser.add_argument("--half", choices=["odd", "even", "all"], default="odd")
    parser.add_argument("--model", action="append", default=[], help="a spaCy pipeline; repeatable")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    if not options.gold.exists():
        sys.exit(f"{options.gold} is not there: name a labelled file with --gold")
    try:
        rivals = [presidio(model) for model in (None, *options.model)]
        gold = read_gold(options.gold, half=None if options.half == "all" else options.half)
    except MissingExtraError as error:
        sys.exit(f"{error.what}: the rivals come with pip install 'tunesmith[bench]'")
    except TunesmithError as error:
        sys.exit(error.message)
    print(f"{options.gold.name}, {options.half} template ids: {len(gold.texts):,} texts; "
          f"{os.cpu_count()} cores, Python {platform.python_version()}, "
          f"median of {options.repeats}")  # fmt: skip
    results = {}
    for detector in (tunesmith(), *rivals):
        results[detector.name] = measure(detector, gold, options.repeats)
        print_result(detector.name, results[detector.name])
    own = results["tunesmith"].documents_per_cpu_s or 0.0
    print()
    for name, result in results.items():
        if name != "tunesmith":
            times = own / (result.documents_per_cpu_s or 1)
            print(f"tunesmith masks {times:,.0f} times as fast as {name} finds")
    if options.json:
        figures = {name: result.as_json() for name, result in results.items()}
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
