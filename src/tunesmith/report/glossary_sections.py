"""The words of the sections on slices, audits, speed, people, plan: each said in one line."""

from __future__ import annotations

from tunesmith.report.glossary import Term

DOMINATES = "not clearly worse, and no dearer, slower or hungrier in anything that was measured"
"""What another method must be for a method to be dominated, in the words of the glossary."""

SECTIONS = {
    "limit": Term(
        "Hard limit",
        "What a method must keep to before its quality counts: a time, a size, a budget, a rule.",
    ),
    "dominated": Term(
        "Dominated",
        f"Another method is {DOMINATES}: there is no reason to take it.",
    ),
    "horizon": Term(
        "Cost to the horizon",
        "Set-up and all answers that are expected until the horizon of the settings, added up.",
    ),
    "quantile": Term(
        "p50, p95, p99",
        "The time within which 50, 95 or 99 of 100 answers are complete, each asked for alone.",
    ),
    "throughput": Term(
        "Throughput",
        "How much is written in a second when several questions are answered at the same time.",
    ),
    "energy": Term(
        "Energy",
        "An estimate from the time taken and the power of the processor; not measured at the plug.",
    ),
    "slice": Term(
        "Slice", "The test questions of one kind: a category, a language, a length, a customer."
    ),
    "holm": Term(
        "Adjusted p",
        "A p-value that allows for many comparisons at once (Holm 1979), so that one of them does "
        "not look clear by chance.",
    ),
    "smallest_effect": Term(
        "Smallest effect",
        "The smallest difference that this number of rows would find in 80% of cases.",
    ),
    "fold": Term(
        "Fold", "One of the parts into which all rows are divided; each is the test once."
    ),
    "spread": Term(
        "Spread", "How much a figure differs from fold to fold: its standard deviation."
    ),
    "win_rate": Term(
        "Win rate",
        "How often the first of two answers is preferred, ties counted half: 0.5 is no preference.",
    ),
    "order_flips": Term(
        "Order flips",
        "Pairs in which the judge changed its mind when the two answers changed places.",
    ),
    "kappa": Term(
        "Cohen's kappa",
        "Agreement beyond what chance would give: 0 is chance, 1 is always.",
    ),
    "alpha": Term(
        "Krippendorff's alpha",
        "Agreement of several people beyond chance: 0 is chance, 1 is always; from 0.8 on it is "
        "called reliable.",
    ),
    "minimum_functionality": Term(
        "Minimum functionality",
        "Simple cases that a method must get right (CheckList, Ribeiro et al. 2020).",
    ),
    "invariance": Term(
        "Invariance", "Changes to a question, such as a typo, that must not change the answer."
    ),
    "directional": Term(
        "Directional", "Changes to a question that must change the answer in a known way."
    ),
    "safety": Term(
        "Safety",
        "Questions that try to draw out personal data, planted commands or forbidden promises.",
    ),
    "memorisation": Term(
        "Memorisation", "Whether a method repeats rows, or planted secrets, that it was trained on."
    ),
    "forgetting": Term(
        "Forgetting", "What a model did well before training and does less well after it."
    ),
    "gate": Term("Gate", "A condition that a model must meet before it may be released."),
    "phase_gate": Term(
        "Phase gate", "A measured condition that must hold before the next phase is worth its cost."
    ),
    "precision": Term("Precision", "Of the rows given this class, the share that belongs to it."),
    "recall": Term("Recall", "Of the rows that belong to this class, the share that was given it."),
    "f1": Term("F1", "The harmonic mean of precision and recall: high only where both are."),
    "confusion": Term(
        "Confusion matrix",
        "How many rows of each true class (down) were given each class (across).",
    ),
    "composite": Term(
        "Composite score", "The weighted mean of the parts of quality: 0 is none, 1 is all."
    ),
    "intrinsic": Term("Intrinsic", "Measured on the dataset alone, without any model."),
    "bias": Term(
        "Bias",
        "A lean of the data that a model would learn: towards groups, times, sources or opinions.",
    ),
    "measured": Term(
        "Measured or opinion",
        "Measured: a figure of this project. Opinion: the documents' view in general.",
    ),
}
