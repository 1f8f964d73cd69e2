"""`forgetting`: what one training has cost, in perplexity and in tasks, and the gate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.estimate import estimated
from tunesmith.evaluate.forgetting.config import ForgettingConfig
from tunesmith.evaluate.forgetting.content import Outside, outside
from tunesmith.evaluate.likelihood import Scored, Subject, likelihoods
from tunesmith.evaluate.metrics import FloatArray, mean_figure, mean_rows, perplexity_figure
from tunesmith.evaluate.significance import paired
from tunesmith.io import write_json
from tunesmith.progress import Progress
from tunesmith.prompting.template import PromptConfig

#: A difference with a larger p-value may be chance.
_CHANCE = 0.05
ALL = "all"


@dataclass(frozen=True)
class Read:
    """What a method makes of what lies outside the domain.

    Attributes:
        texts: Negative log-likelihood (nats) and tokens of each text, shape (n, 2).
        right: By task, 1 for each item whose right choice is the likeliest, else 0.
    """

    texts: FloatArray
    right: dict[str, FloatArray]


def forgetting(
    trained: Subject,
    untrained: Subject,
    *,
    config: ForgettingConfig,
    evaluation: EvaluateConfig,
    base: Path,
    store: Path,
    out: Path,
    progress: Progress,
) -> dict[str, Any]:
    """Measure a method and the base model outside the domain, and write `forgetting.json`.

    Perplexity is exp(summed negative log-likelihood / tokens) of the texts. Of a task's choices the
    model takes the one with the largest log-likelihood for each letter, after `Question: …
    Answer:`, as lm-evaluation-harness's `acc_norm` does (Gao et al. 2021, by bytes there).

    Args:
        trained: The method.
        untrained: The recipe's base model.
        config: What is read, and the gate.
        evaluation: How sure intervals are.
        base: The recipe's folder.
        store: Where likelihoods are kept.
        out: The method's folder.
        progress: Where to say how far it is.

    Returns:
        The content of forgetting.json: `method`, `perplexity` (`before`, `after`, `ratio`),
        `tasks`, `gate`, `sentences`.

    Raises:
        TunesmithError: A file of texts or tasks cannot be read.
        JobError: The process was killed or crashed; calling again resumes it.
    """
    content = outside(config.texts, config.tasks, base)
    before, after = (
        read(content, subject, config=config, store=store, progress=progress)
        for subject in (untrained, trained)
    )
    perplexity = _perplexity(before, after, evaluation)
    labels = {task.name: task.label for task in content.tasks}
    tasks = [
        _task(name, label, before.right[name], after.right[name], evaluation)
        for name, label in labels.items()
    ]
    if len(tasks) > 1:
        first, last = (
            np.concatenate([one.right[name] for name in labels]) for one in (before, after)
        )
        tasks.append(_task(ALL, "All tasks", first, last, evaluation))
    gate = _gate(perplexity, tasks, config)
    found = {
        "method": trained.name,
        "subject": trained.fingerprint,
        "perplexity": perplexity,
        "tasks": tasks,
        "gate": gate,
        "sentences": _sentences(perplexity, tasks, gate),
    }
    write_json(out / "forgetting.json", found)
    return found


def read(
    content: Outside, subject: Subject, *, config: ForgettingConfig, store: Path, progress: Progress
) -> Read:
    """What a method makes of texts and tasks; worked out once for each method and content."""
    items = [Scored(id=f"text {place}", text=text) for place, text in enumerate(content.texts)]
    for task in content.tasks:
        for number, (question, *choices) in enumerate(task.items):
            items += [
                Scored(
                    id=f"{task.name} {number} {place}",
                    text=f" {choice}",
                    context=f"Question: {question}\nAnswer:",
                )
                for place, choice in enumerate(choices)
            ]
    found = likelihoods(
        items,
        subject,
        store=store,
        prompt=PromptConfig(),
        max_tokens=config.max_tokens,
        batch_size=config.batch_size,
        progress=progress,
    )
    texts = [found.get(f"text {n}", (np.nan, np.nan)) for n in range(len(content.texts))]
    return Read(
        np.array(texts, dtype=np.float64),
        {
            task.name: np.array(
                [
                    float(_first_is_best(found, f"{task.name} {number}", item[1:]))
                    for number, item in enumerate(task.items)
                ]
            )
            for task in content.tasks
        },
    )


def _first_is_best(
    found: dict[str, tuple[float, int]], name: str, choices: tuple[str, ...]
) -> bool:
    """Whether the first choice has the least surprise for each of its letters; ties do not win."""
    scores = [found[f"{name} {place}"][0] / len(text) for place, text in enumerate(choices)]
    return scores[0] < min(scores[1:])


def _perplexity(before: Read, after: Read, config: EvaluateConfig) -> dict[str, Any]:
    meaning = "how surprised the model is by general texts; 1 is not at all, lower is better"
    groups: list[str | None] = [None] * len(before.texts)
    rows = np.column_stack([after.texts[:, 0] - before.texts[:, 0], before.texts[:, 1]])
    return {
        **{
            when: estimated(
                one.texts,
                perplexity_figure,
                unit="perplexity",
                groups=groups,
                config=config,
                label=f"Perplexity of general texts, {when} training",
                meaning=meaning,
            )
            for when, one in (("before", before), ("after", after))
        },
        "ratio": estimated(
            rows,
            perplexity_figure,  # exp(sum of the difference / tokens) is the ratio of the two
            unit="ratio",
            groups=groups,
            config=config,
            label="Perplexity after over before",
            meaning="how much more surprised the model is by general texts after the training; "
            "1 is as before, lower is better",
        ),
    }


def _task(
    name: str, label: str, before: FloatArray, after: FloatArray, config: EvaluateConfig
) -> dict[str, Any]:
    meaning = "the share of questions whose right answer the model finds likeliest"
    found = paired(
        mean_rows(after.tolist()),
        mean_rows(before.tolist()),
        mean_figure,
        confidence=config.confidence,
        resamples=config.resamples,
        seed=config.seed,
        bounds=(-1.0, 1.0),
    )
    known = len(before) >= config.min_rows
    low, high = (found.low, found.high) if known else (None, None)
    out = {
        when: estimated(
            mean_rows(rows.tolist()),
            mean_figure,
            unit="share",
            groups=[None] * len(rows),
            config=config,
            label=f"{label}, {when} training",
            meaning=meaning,
            higher_is_better=True,
        )
        for when, rows in (("before", before), ("after", after))
    }
    apart = low is not None and high is not None and (low > 0 or high < 0)
    difference = {
        "value": found.difference,
        "low": low,
        "high": high,
        "p_value": found.p_value,
        "clear": apart and found.p_value <= _CHANCE,
        "n": len(before),
    }
    return {"name": name, "label": label, **out, "difference": difference}


def _gate(
    perplexity: dict[str, Any], tasks: list[dict[str, Any]], config: ForgettingConfig
) -> dict[str, Any]:
    reasons = []
    ratio = perplexity["ratio"]["value"]
    if ratio is not None and ratio > config.max_perplexity_ratio:
        reasons.append(
            f"general texts surprise it {ratio:.2f} times as much as the base model, "
            f"over {config.max_perplexity_ratio:g}"
        )
    if tasks:
        lost = tasks[-1]["difference"]
        if lost["clear"] and -lost["value"] > config.max_accuracy_drop:
            reasons.append(
                f"it lost {-lost['value']:.0%} of all tasks' questions, "
                f"over {config.max_accuracy_drop:.0%}"
            )
    return {
        "passed": not reasons if ratio is not None or tasks else None,
        "limit": {
            "max_perplexity_ratio": config.max_perplexity_ratio,
            "max_accuracy_drop": config.max_accuracy_drop,
        },
        "reasons": reasons,
    }


def _sentences(
    perplexity: dict[str, Any], tasks: list[dict[str, Any]], gate: dict[str, Any]
) -> list[str]:
    said = []
    before, after = perplexity["before"]["value"], perplexity["after"]["value"]
    ratio = perplexity["ratio"]
    if ratio["value"] is not None:
        spread = "" if ratio["low"] is None else f" ({ratio['low']:.2f} to {ratio['high']:.2f})"
        said.append(
            f"Perplexity of {ratio['n']} general texts went from {before:.1f} to {after:.1f}: "
            f"{ratio['value']:.2f} times{spread}."
        )
    if tasks:
        whole = tasks[-1]
        change = whole["difference"]
        sure = "a clear change" if change["clear"] else "which may be chance"
        same = "no change" if change["value"] == 0 else sure
        said.append(
            f"Of {whole['before']['n']} questions outside the domain it answers "
            f"{whole['after']['value']:.0%} right, after {whole['before']['value']:.0%}: {same}."
        )
    if gate["passed"] is None:
        said.append("Nothing could be measured, so whether it passes the gate is not shown.")
    said += [f"The gate failed: {reason}." for reason in gate["reasons"]]
    return said
