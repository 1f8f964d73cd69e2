"""How a method was trained: its loss curve and the facts of the run."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tunesmith.report import plots
from tunesmith.report.glossary import plain
from tunesmith.report.methods import Method
from tunesmith.report.node import Node
from tunesmith.report.wording import (
    count,
    decimal,
    duration,
    mebibytes,
    money,
    percent,
    plural,
    significant,
)


@dataclass(frozen=True)
class TrainingView:
    """The training of one method."""

    method: str
    curve: plots.Lines | None
    answers: plots.Lines | None
    facts: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str], ...]


def view_training(method: Method) -> TrainingView:
    """The loss curve and the facts of a trained method."""
    training = method.training
    return TrainingView(
        method=method.short,
        curve=_curve(method.short, training),
        answers=_answers(method.short, training),
        facts=tuple(_facts(method)),
        settings=tuple((plain(key), value) for key, value in training.at("settings").flat()),
    )


def _points(training: Node, key: str, figure: str = "loss") -> tuple[tuple[float, float], ...]:
    found = []
    for node in training.items(key):
        step, value = node.number("step"), node.number(figure)
        if step is not None and value is not None:
            found.append((float(step), float(value)))
    return tuple(sorted(found))


def _curve(name: str, training: Node) -> plots.Lines | None:
    train, validation = _points(training, "curve"), _points(training, "validation")
    lines = []
    if train:
        shown = f"{decimal(train[-1][1], 2)} at the end"
        lines.append(plots.Line("Training loss", train, "grey", shown))
    if validation:
        shown = f"{decimal(validation[-1][1], 2)} at the end"
        lines.append(plots.Line("Validation loss", validation, "accent", shown, dots=True))
    if not lines:
        return None
    return plots.Lines(
        title=f"{name}: {_finding(train, validation)}",
        subtitle="How far the model is from the right next token; lower is better",
        x_label="Training step",
        y_label="Loss, nats a token",
        lines=tuple(lines),
        marks=_kept(training),
    )


def _kept(training: Node) -> tuple[plots.Mark, ...]:
    """The validation whose weights were saved, where later ones were not."""
    step, loss = training.number("kept_step"), training.number("kept_loss")
    if step is None or loss is None or step == training.number("steps"):
        return ()
    return (plots.Mark(float(step), float(loss), f"saved: step {count(step)}"),)


def _answers(name: str, training: Node) -> plots.Lines | None:
    """How some validation rows were answered at each validation."""
    scores = _points(training, "validation", "token_f1")
    stopped = _points(training, "validation", "stopped")
    if len(scores) < 2:
        return None
    lines = [
        plots.Line(
            "Token F1", scores, "accent", f"{decimal(scores[-1][1], 2)} at the end", dots=True
        )
    ]
    if stopped:
        shown = f"{percent(stopped[-1][1])} at the end"
        lines.append(plots.Line("Answers that end by themselves", stopped, "grey", shown))
    rows = training.at("settings").number("sample_rows")
    of = f"{plural(rows, 'validation row')}" if rows is not None else "some validation rows"
    change = "rose" if scores[-1][1] > scores[0][1] else "went"
    return plots.Lines(
        title=f"{name}: token F1 {change} from {decimal(scores[0][1], 2)} to "
        f"{decimal(scores[-1][1], 2)} while it trained",
        subtitle=f"Answers to {of}: too few to judge by, enough to see it learn to answer",
        x_label="Training step",
        y_label="Share",
        lines=tuple(lines),
        from_zero=True,
    )


def _finding(
    train: tuple[tuple[float, float], ...], validation: tuple[tuple[float, float], ...]
) -> str:
    points, what = (validation, "validation") if len(validation) > 1 else (train, "training")
    if len(points) < 2:
        return "one measured loss"
    first, last, low = points[0][1], points[-1][1], min(points, key=lambda point: point[1])
    if last > first:
        return f"the {what} loss rose from {decimal(first, 2)} to {decimal(last, 2)}"
    if what == "validation" and last > low[1] * 1.01:
        return (
            f"the validation loss was lowest, {decimal(low[1], 2)}, at step {count(low[0])} "
            "and rose after it"
        )
    return f"the {what} loss fell from {decimal(first, 2)} to {decimal(last, 2)}"


def _found(search: Node) -> str:
    """What a search chose, from how many trials."""
    chosen = ", ".join(f"{plain(key).lower()} {value}" for key, value in search.at("chosen").flat())
    trials = len(search.items("trials"))
    how = plural(trials, "trial") if trials else "a range test"
    return f"{chosen} ({how}, {duration(search.number('seconds'))})"


def _watched(training: Node) -> list[tuple[str, str]]:
    """What became of a training that watched itself."""
    facts = []
    steps, planned = training.number("steps"), training.number("planned_steps")
    if steps is not None and planned is not None and steps < planned:
        facts.append(("Stopped early", f"at step {count(steps)} of {count(planned)}"))
    if (search := training.at("search")).value is not None:
        facts.append(("Settings found", _found(search)))
    kept = training.number("kept_step")
    if kept is not None and kept != steps:
        facts.append(("Saved from step", count(kept)))
    return facts


def _memory(training: Node) -> list[tuple[str, str]]:
    """The peak beside the predicted one, and what that consists of."""
    told = training.at("predicted_memory")
    gpu = training.number("peak_gpu_memory_mib")
    actual = gpu if gpu is not None else training.number("peak_memory_mib")
    if actual is None:
        return []
    predicted = told.number("peak_mib")
    each = " for each process" if (told.number("processes") or 1) > 1 else ""
    note = f" (predicted {mebibytes(predicted)}{each})" if predicted is not None else ""
    label = "Peak memory of the GPU" if gpu is not None else "Peak memory"
    facts = [(label, mebibytes(actual) + note)]
    found = [(name, part.as_number()) for name, part in told.pairs("parts_mib")]
    parts = [(name, mib) for name, mib in found if mib is not None and mib >= 0.5]
    if parts:
        listed = sorted(parts, key=lambda part: -part[1])
        words = ", ".join(f"{plain(name).lower()} {mebibytes(mib)}" for name, mib in listed)
        facts.append(("Predicted memory by part", words))
    return facts


def _spent(method: Method) -> list[tuple[str, str]]:
    """Time and cost as everywhere, the search for settings included; what was said before."""
    training, search = method.training, method.search_s
    seconds, predicted = training.number("seconds"), training.number("predicted_s")
    facts = []
    if seconds is not None:
        told = [f"the training {duration(seconds)}"] if search else []
        told += [f"predicted {duration(predicted)}"] if predicted is not None else []
        note = f" ({', '.join(told)})" if told else ""
        with_it = " with the search" if search else ""
        facts.append(("Time", duration(method.training_s) + with_it + note))
    cost = training.at("cost")
    decided, own = method.training_cost, cost.number("actual")
    total = own if decided is None else decided
    if total is not None:
        currency = method.currency or cost.text("currency") or ""
        apart = (
            decided is not None and own is not None and not math.isclose(decided, own, rel_tol=0.01)
        )
        told = [f"the training {money(own, currency)}"] if apart else []
        before = cost.number("predicted")
        told += [f"predicted {money(before, currency)}"] if before is not None else []
        with_it = " with the search" if search and apart else ""
        facts.append(
            ("Cost", money(total, currency) + with_it + (f" ({', '.join(told)})" if told else ""))
        )
    return facts


def _facts(method: Method) -> list[tuple[str, str]]:
    training, facts = method.training, _spent(method)
    for key, label in (("examples", "Examples"), ("steps", "Steps")):
        if (number := training.number(key)) is not None:
            facts.append((label, count(number)))
    facts += _watched(training)
    if (epochs := training.number("epochs")) is not None:
        facts.append(("Passes over the examples", significant(epochs)))
    if (speed := training.number("tokens_per_s")) is not None:
        facts.append(("Speed", f"{count(round(speed))} tokens/s"))
    facts += _memory(training)
    trainable, total = training.number("trainable_parameters"), training.number("total_parameters")
    if trainable is not None:
        of = f" ({percent(trainable / total)} of the model)" if total else ""
        facts.append(("Trained parameters", count(trainable) + of))
    if (adapter := training.number("adapter_mib")) is not None:
        facts.append(("Size of what was learned", mebibytes(adapter)))
    if (step := training.number("resumed_from_step")) is not None:
        facts.append(("Resumed from step", count(step)))
    return facts
