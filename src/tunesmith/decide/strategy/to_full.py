"""The gates from phase 2, LoRA, to phase 3, selective full fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunesmith.decide.approach_table import span
from tunesmith.decide.compare import direction, gain_of
from tunesmith.decide.questions import earns
from tunesmith.decide.strategy.evidence import evidence
from tunesmith.decide.strategy.forecast import Forecast, training_forecast
from tunesmith.decide.strategy.gate import Gate, View
from tunesmith.decide.strategy.stability import changes
from tunesmith.decide.words import figure


def to_full(view: View) -> list[Gate]:
    """The gates that are passed before all weights of the model are worth training."""
    forecast = training_forecast(view, "full")
    return [
        _better(view),
        audited(view, "lora", "LoRA"),
        _open_quality(view),
        _stable(view),
        _memory(forecast),
        _time(view, forecast),
        _components(view),
    ]


def earned_gate(
    view: View, kind: str, over: Mapping[str, Any] | None, about: Mapping[str, Any]
) -> Gate:
    """Whether the best method of a kind clearly beats another, by what is worth the trouble."""
    config, ours = view.config, view.best(kind)
    about = {**about, "wanted": config.min_gain}
    found = None
    if ours is not None and over is not None:
        found = view.comparison(str(ours["method"]), str(over["method"]))
    if ours is None or over is None or found is None:
        words = f"{about['label']}: not known, for they were not compared in this run."
        return Gate(**about, met=None, measured=None, unit=None, sentence=words)
    name, rival, unit = str(ours["method"]), str(over["method"]), view.figure(ours)["unit"]
    gain, low, high = gain_of(found, name)
    answer = earns(name, found, config)
    sure = "" if low is None or high is None else f" ({low:.3f} to {high:.3f})"
    words = f"“{name}” gains {figure(gain, unit)}{sure} over “{rival}”; "
    least = figure(config.min_gain, unit)
    words += {
        "earned": f"that is clear, and at least the {least} asked for.",
        "open": "these rows do not tell whether that is more than chance.",
        "unneeded": f"that is not the {least} asked for.",
    }[answer]
    rows = view.rows_to_tell(found, name) if answer == "open" else None
    if rows is not None:
        words += f" About {rows:,} more test rows would."
    missed = max(0.0, config.min_gain - gain)
    return Gate(
        **about,
        met={"earned": True, "open": False, "unneeded": False}[answer],
        measured=gain,
        unit=unit,
        gap=None if answer == "earned" else missed or None,
        rows=rows,
        sentence=words,
        evidence=[view.proof(found)],
    )


def _better(view: View) -> Gate:
    untrained = view.best("base", "few_shot", "endpoint")
    about = {"name": "lora_better", "label": "LoRA is clearly better than prompting"}
    return earned_gate(view, "lora", untrained, about)


def audited(view: View, kind: str, label: str) -> Gate:
    """Whether the behaviour audit of the best method of a kind was passed."""
    about: dict[str, Any] = {
        "name": f"{kind}_audit", "label": f"{label[:1].upper()}{label[1:]} passes its audit",
        "wanted": "passed",
        "unit": None,
    }  # fmt: skip
    best = view.best(kind)
    name = None if best is None else str(best["method"])
    audit = None if name is None else view.run.read(f"methods/{name}/audit.json")
    if audit is None:
        words = f"The behaviour of {label} was not audited: tunesmith evaluate --audit."
        return Gate(**about, met=None, measured=None, sentence=words)
    passed = bool(audit["passed"])
    failed = [suite["name"] for suite in audit["suites"] if suite.get("passed") is False]
    words = f"“{name}” passes its behaviour audit."
    if not passed:
        which = f": {', '.join(failed)}" if failed else ""
        words = f"“{name}” does not pass its behaviour audit{which}."
    return Gate(
        **about,
        met=passed,
        measured="passed" if passed else "failed",
        sentence=words,
        gap=len(failed) or None,
        evidence=[evidence(f"methods/{name}/audit.json", "/passed", audit["passed"])],
    )


def _open_quality(view: View) -> Gate:
    """Whether LoRA leaves something to gain."""
    config, lora = view.config, view.best("lora")
    about: dict[str, Any] = {
        "name": "lora_not_enough", "label": "LoRA is not enough", "final": True,
    }  # fmt: skip
    if lora is None:
        words = "Whether LoRA is enough is not known: it was not measured in this run."
        return Gate(**about, met=None, measured=None, wanted=None, unit=None, sentence=words)
    name, found = str(lora["method"]), view.figure(lora)
    path = f"methods/{name}/metrics.json"
    about |= {
        "measured": found["value"], "unit": found["unit"],
        "evidence": [evidence(path, f"/metrics/{config.metric}/value", found["value"])],
    }  # fmt: skip
    reached, wanted = view.wanted_reached(lora), config.strategy.wanted_quality
    if reached is not None and wanted is not None:
        gap = view.sign * (wanted - found["value"])
        said = f"{found['label']} {figure(found['value'], found['unit'])}, "
        said += f"{figure(wanted, found['unit'])} is wanted"
        words = f"LoRA is {'enough' if reached else 'not shown to be enough'}: “{name}” has {said}."
        return Gate(
            **about, met=not reached, wanted=wanted, sentence=words,
            gap=gap if not reached and gap > 0 else None,
        )  # fmt: skip
    full = view.best("full")
    pair = None if full is None else view.comparison(str(full["method"]), name)
    if full is None or pair is None:
        words = (
            "Nothing says that LoRA is enough: full fine-tuning was not compared with it, and no "
            "quality is wanted (decide.strategy.wanted_quality)."
        )
        return Gate(**about, met=True, wanted=None, sentence=words)
    answer = earns(str(full["method"]), pair, config)
    gain, low, high = gain_of(pair, str(full["method"]))
    sure = "" if low is None or high is None else f" ({low:.3f} to {high:.3f})"
    said = f"“{full['method']}” gains {figure(gain, found['unit'])}{sure} over “{name}”"
    words = {
        "earned": f"LoRA is not enough: {said}.",
        "open": f"What full fine-tuning gains over LoRA is open: {said}.",
        "unneeded": f"LoRA is enough: {said}.",
    }[answer]
    about |= {"measured": gain}
    about["evidence"] = [view.proof(pair)]
    rows = None
    if answer == "open":
        rows, more = view.open_rows(pair, str(full["method"]))
        words += more
    met = {"earned": True, "open": None, "unneeded": False}[answer]
    return Gate(**about, met=met, wanted=config.min_gain, rows=rows, sentence=words)


def _stable(view: View) -> Gate:
    settings = view.config.strategy
    found = changes(view.run.path / "dataset", view.run.versions, settings.stable_versions)
    about: dict[str, Any] = {
        "name": "stable", "label": "Requirements are stable", "wanted": settings.max_change,
        "unit": "share",
    }  # fmt: skip
    if len(found) < settings.stable_versions:
        missing = settings.stable_versions - len(found)
        words = (
            f"Whether requirements are stable is not known: the dataset has changed {len(found)} "
            f"times, and {settings.stable_versions} changes are looked at."
        )
        return Gate(**about, met=None, measured=None, sentence=words, gap=missing)
    most = max(found, key=lambda change: change.share)
    met = most.share <= settings.max_change
    words = (
        f"From version {most.before} to {most.after} of the dataset, {most.share:.1%} of the rows "
        f"were removed or changed; at most {settings.max_change:.0%} are wanted."
    )
    return Gate(
        **about,
        met=met,
        measured=most.share,
        sentence=words,
        gap=None if met else most.share - settings.max_change,
        evidence=[evidence("dataset", "", most.share)],
    )


def _memory(forecast: Forecast) -> Gate:
    about: dict[str, Any] = {
        "name": "memory", "label": "Full fine-tuning fits in the memory", "unit": "MiB",
        "measured": forecast.memory_mib, "wanted": forecast.room_mib,
    }  # fmt: skip
    if forecast.memory_mib is None or forecast.room_mib is None:
        words = f"The memory of full fine-tuning is {forecast.sentence}."
        return Gate(**about, met=None, sentence=words)
    met = forecast.memory_mib <= forecast.room_mib
    part = "peak_memory_mib" if forecast.basis == "measured" else "predicted_memory/parts_mib"
    words = (
        f"Full fine-tuning takes {forecast.memory_mib / 1024:.1f} GiB ({forecast.sentence}), and "
        f"{forecast.room_mib / 1024:.1f} GiB were free."
    )
    return Gate(
        **about,
        met=met,
        sentence=words,
        gap=None if met else forecast.memory_mib - forecast.room_mib,
        evidence=[evidence(str(forecast.path), f"/training/{part}", forecast.memory_mib)],
    )


def _time(view: View, forecast: Forecast) -> Gate:
    most = view.config.strategy.max_training_hours
    about: dict[str, Any] = {
        "name": "time", "label": "Full fine-tuning ends in time", "wanted": most, "unit": "h",
    }  # fmt: skip
    if forecast.seconds is None:
        words = f"The time of full fine-tuning is {forecast.sentence}."
        return Gate(**about, met=None, measured=None, sentence=words)
    hours = forecast.seconds / 3600
    words = (
        f"Full fine-tuning takes {span(forecast.seconds)} ({forecast.sentence}), and at most "
        f"{most:g} h are wanted."
    )
    return Gate(
        **about,
        met=hours <= most,
        measured=hours,
        sentence=words,
        gap=None if hours <= most else hours - most,
        evidence=[evidence(str(forecast.path), "/training/seconds", forecast.seconds)],
    )


def _components(view: View) -> Gate:
    """Which categories are critical: full fine-tuning is selective or not worth it."""
    settings = view.config.strategy
    about: dict[str, Any] = {
        "name": "components", "label": "Critical components are named", "unit": "categories",
        "wanted": f"1 to {settings.components} categories",
    }  # fmt: skip
    if settings.critical:
        count, names = len(settings.critical), ", ".join(settings.critical)
        met = count <= settings.components
        words = f"The recipe names {count} critical categories: {names}."
        if not met:
            words += f" More than {settings.components} are not selective."
        proof = [evidence("recipe.yaml", "/decide/strategy/critical", list(settings.critical))]
        gap = None if met else count - settings.components
        return Gate(**about, met=met, measured=count, sentence=words, gap=gap, evidence=proof)
    lora = view.best("lora")
    slices = view.run.read("slices.json")
    if slices is None or lora is None:
        words = (
            "Critical categories are not known: name them (decide.strategy.critical), or measure "
            "slices (tunesmith evaluate)."
        )
        return Gate(**about, met=None, measured=None, sentence=words)
    worst = _worst(slices, str(lora["method"]))
    if worst is None:
        words = (
            "Critical categories are not known: the rows have none that are large enough to be "
            "held against the rest; name them (decide.strategy.critical), or evaluate again "
            "(tunesmith evaluate)."
        )
        return Gate(**about, met=None, measured=None, sentence=words)
    met = 0 < len(worst) <= settings.components
    names = ", ".join(worst) if worst else "none"
    words = f"Categories in which LoRA is clearly worse than in the others: {names}."
    if len(worst) > settings.components:
        words += f" More than {settings.components} are not selective."
    return Gate(
        **about, met=met, measured=len(worst), sentence=words,
        gap=None if met else max(1, len(worst) - settings.components),
        evidence=[evidence("slices.json", "/facets", worst)],
    )  # fmt: skip


def _worst(slices: Mapping[str, Any], method: str) -> list[str] | None:
    """The categories in which a method is clearly worse than in the rest, the worst first.

    Clear by Holm over the categories (`evaluate.slices.against_rest`); None where none was tested.
    """
    sign = direction(slices["metric"])
    values = [v for f in slices["facets"] if f["name"] == "category" for v in f["values"]]
    tested = [
        (sign * found["difference"], str(value["value"]), found["clear"])
        for value in values
        if (found := value.get("against_rest", {}).get(method)) is not None
    ]
    if not tested:
        return None
    return [name for difference, name, clear in sorted(tested) if clear and difference < 0]
