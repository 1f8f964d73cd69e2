# ruff: noqa: E402
"""Personal data: tunesmith's detectors beside Microsoft Presidio's, on one labelled file.

    pip install 'tunesmith[bench]'
    python benchmarks/pii.py                       (--half even while rules are developed)
    python benchmarks/pii.py --model en_core_web_sm --gold LABELLED.json --json FIGURES.json

Quality is that of `tunesmith assess --pii` (exact, by overlap, characters left). All detectors of
one table are held to the same kinds, those that any of them looks for: what a detector does not
look for (marked -) it misses. Detectors by patterns are compared with each other, and so are those
that look for names and places. Documents per CPU-second are the median of three warm figures (user
and system time of the whole process, model loaded before):

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
from tunesmith.clean.pii.labels import NAMES_AND_PLACES
from tunesmith.clean.pii.mask import MaskPersonalData
from tunesmith.errors import MissingExtraError, TunesmithError

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data" / "pii-presidio" / "synth_dataset_v2.json"


@dataclass(frozen=True)
class Detector:
    """What is measured: finding spans, the work that is timed, and the kinds looked for."""

    name: str
    find: Callable[[list[str]], list[list[Span]]]
    work: Callable[[list[str]], Callable[[], object]]
    kinds: Collection[str]


def tunesmith(kinds: Collection[str], *, names: str = "announced") -> Detector:
    """Masking by default, or of some kinds, or with names found in another way."""
    mask = MaskPersonalData.model_validate({"kinds": list(kinds), "names": names})
    return Detector(
        "tunesmith",
        lambda texts: spans_of(mask, texts),
        lambda texts: masking(mask, texts),
        set(kinds),
    )


def presidio(model: str | None) -> Detector:
    """Presidio with a spaCy pipeline, or with patterns alone."""
    settings = PresidioModel(model=model)
    engine = loaded(settings)
    kinds = set(settings.labels.values()) - (NAMES_AND_PLACES if model is None else set())
    name = "Presidio, patterns alone" if model is None else f"Presidio, {model}"
    return Detector(name, engine.find, lambda texts: lambda: engine.find(texts), kinds)


def compare(
    title: str, detectors: list[Detector], gold: Gold, repeats: int
) -> dict[str, PiiAssessment]:
    """Measure detectors on the same kinds, and print their figures and ratios."""
    kinds = {kind for detector in detectors for kind in detector.kinds}
    texts = [text.text for text in gold.texts]
    print(f"\n== {title} ==")
    results = {}
    for detector in detectors:
        speed = documents_per_cpu_s(detector.work(texts), len(texts), repeats=repeats)
        result = assess(gold, detector.find(texts), kinds, documents_per_cpu_s=speed)
        print_result(detector, result)
        results[detector.name] = result
    (own, *_), rest = results.values(), list(results.items())[1:]
    for name, rival in rest:
        times = (own.documents_per_cpu_s or 0) / (rival.documents_per_cpu_s or 1)
        print(f"\ntunesmith masks {times:,.0f} times as fast as {name} finds")
    return results


def print_result(detector: Detector, result: PiiAssessment) -> None:
    """One detector's figures."""
    other = _percent(result.other_masked, result.other_characters)
    speed = f"{result.documents_per_cpu_s:,.0f} documents per CPU-second"
    print(f"\n{detector.name}: {speed}, {other} of other characters masked")
    print(f"  {'':<19}{'labelled':>9}{'found':>7}   exact: P     R    F1    F2"
          "   overlap: P     R    F1    F2    left")  # fmt: skip
    for kind, figures in [*result.kinds.items(), *result.together.items()]:
        mark = " -" if kind in result.kinds and kind not in detector.kinds else ""
        print(f"  {kind + mark:<19}{figures.labelled:>9,}{figures.found:>7,}   {_cells(figures)}")
    labels = ", ".join(f"{label} {them.spans}" for label, them in result.not_looked_for.items())
    print(f"  in no figure, for none looks for it: {labels or 'nothing'}")
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
    every = {str(kind) for kind in MaskPersonalData().kinds}
    results = {
        "patterns": compare(
            "patterns", [tunesmith(every - NAMES_AND_PLACES), rivals[0]], gold, options.repeats
        )
    }
    if len(rivals) > 1:
        results["names too"] = compare(
            "patterns, names and places", [tunesmith(every), *rivals[1:]], gold, options.repeats
        )
    if options.json:
        figures = {
            title: {name: result.as_json() for name, result in of.items()}
            for title, of in results.items()
        }
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
