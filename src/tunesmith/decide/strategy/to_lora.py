"""The gates from phase 1, a prompt prototype, to phase 2, LoRA."""

from __future__ import annotations

import math
from typing import Any

from tunesmith.decide.break_even import break_even
from tunesmith.decide.compare import gain_of
from tunesmith.decide.cost import Cost, costs_by, horizon_answers
from tunesmith.decide.questions import earns
from tunesmith.decide.strategy.evidence import PROMPTED, evidence, figure_of
from tunesmith.decide.strategy.forecast import training_forecast
from tunesmith.decide.strategy.gate import Gate, View
from tunesmith.decide.words import figure, money

TRAINED = ("lora", "full", "prompt_tuning", "prefix_tuning")


def to_lora(view: View) -> list[Gate]:
    """The gates that are passed before LoRA is worth its training."""
    return [_examples(view), _prototype(view), _open_quality(view), _volume(view)]


def _examples(view: View) -> Gate:
    wanted = view.config.strategy.min_examples
    splits = view.run.run.get("splits")
    about: dict[str, Any] = {
        "name": "examples", "label": "Enough examples", "wanted": wanted, "unit": "examples",
    }  # fmt: skip
    if splits is None:
        words = f"No dataset has been made: {wanted:,} question/answer pairs are wanted."
        return Gate(**about, met=None, measured=None, sentence=words, gap=wanted)
    count = sum(splits.get(name, 0) for name in ("train", "validation", "test"))
    missing = max(0, wanted - count)
    words = f"The dataset has {count:,} question/answer pairs, and {wanted:,} are wanted"
    words += f": {missing:,} are missing." if missing else "."
    return Gate(
        **about,
        met=not missing,
        measured=count,
        gap=missing or None,
        sentence=words,
        evidence=[evidence("run.json", "/splits", splits)],
    )


def _prototype(view: View) -> Gate:
    config, needed = view.config, view.config.min_rows
    best: tuple[int, str, str] | None = None
    for folder in view.project:
        for card in folder.of_kind(*PROMPTED):
            found = figure_of(card, config.metric)
            if found is not None and (best is None or found["groups"] > best[0]):
                name = str(card["method"])
                path = view.project.path(folder, f"methods/{name}/metrics.json")
                best = found["groups"], path, name
        if best is not None and best[0] >= needed:
            break
    about: dict[str, Any] = {
        "name": "prototype", "label": "Prompting measured", "wanted": needed, "unit": "test rows",
    }  # fmt: skip
    if best is None:
        words = f"No few-shot prompt was measured: {needed:,} independent test rows are wanted."
        return Gate(**about, met=None, measured=None, sentence=words, gap=needed)
    rows, path, name = best
    missing = max(0, needed - rows)
    words = f"“{name}” was measured on {rows:,} independent test rows of {needed:,}"
    words += f" wanted: {missing:,} are missing." if missing else " wanted."
    return Gate(
        **about,
        met=not missing,
        measured=rows,
        gap=missing or None,
        sentence=words,
        evidence=[evidence(path, f"/metrics/{config.metric}/groups", rows)],
    )


def _open_quality(view: View) -> Gate:
    """Whether prompting leaves something to gain."""
    config = view.config
    about: dict[str, Any] = {
        "name": "prompting_not_enough", "label": "Prompting is not enough", "final": True,
    }  # fmt: skip
    prompt = view.best(*PROMPTED)
    if prompt is None:
        words = "Whether prompting is enough is not known: no prompt was measured in this run."
        return Gate(**about, met=None, measured=None, wanted=None, unit=None, sentence=words)
    name, found = str(prompt["method"]), view.figure(prompt)
    proof = [
        evidence(f"methods/{name}/metrics.json", f"/metrics/{config.metric}/value", found["value"])
    ]
    about |= {"measured": found["value"], "unit": found["unit"], "evidence": proof}
    wanted = config.strategy.wanted_quality
    reached = view.wanted_reached(prompt)
    if reached is not None and wanted is not None:
        said = f"{found['label']} {_range(found)} and {figure(wanted, found['unit'])} is wanted"
        if reached:
            words = f"Prompting is enough: “{name}” has {said}."
        else:
            words = f"Prompting has not been shown to be enough: “{name}” has {said}."
        gap = None if reached else view.sign * (wanted - found["value"])
        return Gate(
            **about, met=not reached, wanted=wanted, sentence=words,
            gap=gap if gap is not None and gap > 0 else None,
        )  # fmt: skip
    return _gain_gate(view, about, name)


def _gain_gate(view: View, about: dict[str, Any], prompt: str) -> Gate:
    """Without a wanted quality: the gain of training over the best prompt decides."""
    config = view.config
    about |= {"wanted": config.min_gain, "measured": None}
    answers = []
    for card in view.run.of_kind(*TRAINED):
        found = view.comparison(str(card["method"]), prompt)
        if found is not None:
            gain = gain_of(found, str(card["method"]))[0]
            answer = earns(str(card["method"]), found, config)
            answers.append((answer, gain, str(card["method"]), found))
    if not answers:
        words = (
            "Nothing says that prompting is enough: no trained method was compared with "
            f"“{prompt}”, and no quality is wanted (decide.strategy.wanted_quality)."
        )
        return Gate(**about, met=True, sentence=words)
    order = ("earned", "open", "unneeded")
    answer, gain, method, found = min(answers, key=lambda row: (order.index(row[0]), -row[1]))
    about |= {"measured": gain, "evidence": [view.proof(found)]}
    by = f"{figure(gain, about['unit'])} ({_sure(found, method)})"
    least = figure(config.min_gain, about["unit"])
    words = {
        "earned": f"Training pays in quality: “{method}” gains {by} over “{prompt}”.",
        "open": f"What training gains over “{prompt}” is open: “{method}” gains {by}.",
        "unneeded": f"Prompting is enough: no training gains {least} over “{prompt}”; the closest, "
        f"“{method}”, gains {by}.",
    }[answer]
    rows = None
    if answer == "open":
        rows, more = view.open_rows(found, method)
        words += more
    met = {"earned": True, "open": None, "unneeded": False}[answer]
    return Gate(**about, met=met, rows=rows, sentence=words)


def _volume(view: View) -> Gate:
    """Whether LoRA repays its training at the expected volume, or is worth its price."""
    config = view.config
    expected = horizon_answers(config)
    months = config.strategy.max_payback_months
    if months is not None:
        expected = config.answers_per_month * months
    about: dict[str, Any] = {
        "name": "volume", "label": "Enough answers to repay training",
        "wanted": expected, "unit": "answers",
    }  # fmt: skip
    prompt = view.best(*PROMPTED)
    found = None if prompt is None else _lora_cost(view)
    if prompt is None or found is None:
        words = "Whether LoRA would repay itself is not known: nothing of it was measured."
        return Gate(**about, met=None, measured=None, sentence=words)
    lora, lora_name, basis = found
    theirs = view.costs[str(prompt["method"])]
    name = lora_name or "lora"
    called = {name: "LoRA", str(prompt["method"]): "prompting"}
    costs = {name: lora, str(prompt["method"]): theirs}
    pair = break_even(name, str(prompt["method"]), costs, called, config)
    extra, each, other = pair["extra"], lora.per_answer, theirs.per_answer
    if extra is None or each is None or other is None:
        words = "Whether LoRA would repay itself is not known: a cost was not measured."
        return Gate(**about, met=None, measured=None, sentence=words)
    proof = [
        evidence(f"methods/{prompt['method']}/metrics.json", "/generation",
                 prompt.get("generation")),
    ]  # fmt: skip
    if lora_name is not None:
        path = f"methods/{lora_name}/training.json"
        seconds = view.run.trainings.get(lora_name, {}).get("seconds")
        proof.append(evidence(path, "/training/seconds", seconds))
    marked = "" if basis == "measured" else f" ({basis})"
    answers, until = pair["answers"], pair["until"]
    if until is not None:
        met, gap = expected <= until, None
        words = (
            f"LoRA is cheaper than prompting for the first {until:,} answers{marked}, and "
            f"{expected:,.0f} are expected."
        )
    elif answers is not None:
        met = answers <= expected
        words = (
            f"LoRA repays {money(extra, config.currency)}{marked} after {answers:,} answers, and "
            f"{expected:,.0f} are expected."
        )
        gap = None if met else math.ceil(answers - expected)
    else:
        met, gap = False, None
        words = (
            f"LoRA never repays what it costs more than prompting{marked}: 1,000 answers cost "
            f"{money(1000 * each, config.currency)}, and {money(1000 * other, config.currency)} "
            "with prompting."
        )
    if not met and (worth := _worth_more(view, lora_name, prompt)):
        met, gap, words = True, None, f"{words} {worth}"
    return Gate(
        **about,
        met=met,
        measured=answers,
        sentence=words,
        gap=gap,
        final=lora_name is not None,
        evidence=proof,
    )


def _worth_more(view: View, lora: str | None, prompt: dict[str, Any]) -> str | None:
    """Why training is worth a price that it does not repay; None if nothing says so."""
    if lora is not None and _earned(view, lora, str(prompt["method"])):
        return "Its gain in quality is clear, so it is worth that price."
    if view.wanted_reached(prompt) is False:
        return "Prompting does not reach the wanted quality, so it is worth a try."
    return None


def _lora_cost(view: View) -> tuple[Cost, str | None, str] | None:
    """The cost of LoRA, its name where it was measured, and what the cost rests on.

    Before it is measured, an answer is taken to cost what the base model's costs: its weights can
    be merged, so it reads and writes as the base model does.
    """
    config = view.config
    lora = view.best("lora")
    if lora is not None:
        return view.costs[str(lora["method"])], str(lora["method"]), "measured"
    base, forecast = view.best("base"), training_forecast(view, "lora")
    if base is None:
        return None
    seconds, basis = forecast.seconds, "predicted"
    if seconds is None:
        seconds = config.strategy.max_training_hours * 3600
        basis = "if training took as long as max_training_hours allows"
    tuned = {**base, "method": "lora", "kind": "lora", "training": {"seconds": seconds}}
    return costs_by([*view.run.cards.values(), tuned], config)["lora"], None, basis


def _earned(view: View, method: str, over: str) -> bool:
    found = view.comparison(method, over)
    return found is not None and earns(method, found, view.config) == "earned"


def _sure(found: dict[str, Any], method: str) -> str:
    _, low, high = gain_of(found, method)
    if low is None or high is None:
        return "too few rows to say how sure"
    return f"{low:.3f} to {high:.3f}"


def _range(found: Any) -> str:
    text = figure(found["value"], found["unit"])
    if found["low"] is None or found["high"] is None:
        return f"{text} (too few rows to say how sure)"
    return (
        f"{text} ({figure(found['low'], found['unit'])} to {figure(found['high'], found['unit'])})"
    )
