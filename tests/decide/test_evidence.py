"""Every figure of a reason stands where its evidence points, in the files of the run folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from factory import recipe, tickets, write_csv
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.decision import decide
from tunesmith.decide.evidence import at, resolve
from tunesmith.decide.measured import read_measured
from tunesmith.decide.words import figure, money
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.io import read_json, write_json
from tunesmith.models import BaseModel
from tunesmith.pipeline import run
from tunesmith.progress import duration
from tunesmith.recipe import load

FEW = EvaluateConfig(resamples=400, metrics=("token_f1", "perplexity"))
LIMITS = {"max_p95_latency_s": 2.0, "max_memory_mib": 900, "min_quality": 0.25, "max_total_cost": 9}
PROJECTS = {
    "tuned": ({"base": 0.2, "few_shot": 0.3, "lora": 0.5}, 120, {}),
    "prompt": ({"base": 0.2, "few_shot": 0.5, "lora": 0.3}, 120, {"use_case": "prototype"}),
    "base": ({"base": 0.5, "few_shot": 0.3, "lora": 0.4}, 120, {}),
    "open": ({"base": 0.3, "few_shot": 0.5, "lora": 0.51, "full": 0.5}, 60, {}),
    "unneeded": ({"base": 0.3, "few_shot": 0.5, "lora": 0.5}, 120, {"min_gain": 0.1}),
    "tiny": ({"base": 0.2, "few_shot": 0.3, "lora": 0.5}, 12, {}),
    "limits": ({"base": 0.2, "few_shot": 0.3, "lora": 0.5}, 120, {"limits": LIMITS}),
    "none": ({"base": 0.2, "lora": 0.5}, 60, {"limits": {"min_quality": 0.9}}),
    "perplexity": ({"base": 0.2, "lora": 0.5}, 120, {"metric": "perplexity"}),
    "saving": (
        {"base": 0.2, "few_shot": 0.5, "lora": 0.5},
        300,
        {"min_gain": 0.05, "speeds": {"few_shot": 1.0}, "answers_per_month": 10_000_000},
    ),
}


def renderings(value):
    """How sentences print a raw value: rounded in a unit, without its sign, as money or time."""
    if isinstance(value, str):
        return {value}
    out = {f"{value:,.0f}", f"{value:.0%}", f"{value:g}", duration(abs(value))}
    for one in (value, -value):
        out |= {figure(one, unit) for unit in ("share", "points", "perplexity", "s", "mib")}
        out |= {money(one, "USD")}
    return out | {f"{figure(value, 's')} s", f"{figure(value, 'mib')} MiB"}


def check(decision, folder):
    """Resolve every pointer in the files, and find the figure in its sentence."""
    verdict, found = decision["verdict"], 0
    assert len(verdict["evidence"]) == len(verdict["reasons"])
    for reason, evidence in zip(verdict["reasons"], verdict["evidence"], strict=True):
        for item in evidence:
            value = resolve(read_json(folder / item["path"]), item["pointer"])
            assert value == item["value"], item
            assert item["shown"] in renderings(value), item
            assert item["shown"] in reason, (item, reason)
            found += 1
    return found


def put(folder, decision, cards):
    for card in cards:
        write_json(folder / "methods" / card["method"] / "metrics.json", card)
    write_json(folder / "decision.json", decision)


@pytest.mark.parametrize("project", PROJECTS)
def test_every_pointer_leads_to_the_figure_printed(world, tmp_path: Path, project):
    qualities, n, settings = PROJECTS[project]
    decision, cards, _ = world(qualities, n, evaluation=FEW, **settings)
    put(tmp_path, decision, cards)
    assert check(decision, tmp_path) > len(qualities)


@pytest.mark.parametrize("project", PROJECTS)
def test_every_number_of_a_reason_has_evidence(world, project):
    """Numbers of definitions, of how many rows would do, and of budgets' text are no figures."""
    qualities, n, settings = PROJECTS[project]
    decision, *_ = world(qualities, n, evaluation=FEW, **settings)
    settled = (
        r"Token F1|0 is none|1 is (not at )?all|in 80% of cases|1,000 answers|about [\d,]+ more|over all \d+|p95|"
        r"\([^()]*months[^()]*\)|\(within days[^()]*\)"
    )
    for reason, evidence in zip(
        decision["verdict"]["reasons"], decision["verdict"]["evidence"], strict=True
    ):
        rest = re.sub(settled, "", reason)
        for item in evidence:
            rest = rest.replace(item["shown"], "", 1)
        assert not re.findall(r"\d", rest), (rest, reason)


def test_figures_over_rows_that_differ_have_evidence(answered, tmp_path: Path):
    hosted = [None] * 150 + [n % 3 > 0 for n in range(150)]
    lora = [n % 4 > 1 for n in range(300)]
    decision, cards, _ = answered(
        {"hosted": ("endpoint", hosted), "lora": ("lora", lora)}, limits={"min_quality": 0.3}
    )
    put(tmp_path, decision, cards)
    assert check(decision, tmp_path) > 5


def test_a_wrong_pointer_is_an_error():
    with pytest.raises(KeyError):
        resolve({"a": {"b": 1}}, "/a/c")
    assert resolve({"a/b": [{"~": 7}]}, at("f", "a/b", 0, "~", shown="7").pointer) == 7


def test_files_beside_the_scorecard_are_evidence(world, tmp_path: Path):
    _, cards, rows = world({"base": 0.2, "lora": 0.5}, 60, evaluation=FEW)
    p95 = {"value": 1.9, "low": 1.2, "high": 3.1, "n": 40}
    performance = {"latency": {"answer_s": {"p95": p95}}, "peak_memory_mib": 950.0}
    write_json(tmp_path / "methods" / "lora" / "performance.json", performance)
    decision = decide(
        cards, rows, DecideConfig(limits=LIMITS), evaluation=FEW,
        measured=read_measured(tmp_path, ["base", "lora"]),
    )  # fmt: skip
    put(tmp_path, decision, cards)
    check(decision, tmp_path)
    paths = {item["path"] for items in decision["verdict"]["evidence"] for item in items}
    assert "methods/lora/performance.json" in paths


@pytest.mark.slow
def test_a_real_run(tiny_model: BaseModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    write_csv(tmp_path / "t.csv", tickets(60))
    short = {"max_steps": 2, "batch_size": 2, "max_length": 400, "validation_rows": 2}
    path = recipe(
        tmp_path,
        {"path": "t.csv"},
        model=str(tiny_model.path),
        prompt={"system": "Help."},
        track={"enabled": False},
        evaluate={
            "max_new_tokens": 4,
            "latency_rows": 2,
            "resamples": 1000,
            "min_rows": 3,
            "forgetting": None,
        },
        decide={"min_rows": 3, "limits": {"max_p95_latency_s": 60, "max_memory_mib": 100000}},
        methods={
            "base": {"kind": "base"},
            "first": {"kind": "lora", "r": 2, **short},
            "more": {"kind": "lora", "r": 2, **short, "max_steps": 3, "after": "first"},
        },
    )
    done = run(load(path), tmp_path / "out", until="decide")
    decision = read_json(tmp_path / "out" / "decision.json")
    assert done.decision is not None
    assert check(decision, tmp_path / "out") > 10
    said = " ".join(decision["verdict"]["reasons"])
    assert "did not get the same budget, steps × rows a step: 2 × 2 with" in said
    assert "got the budget of what came before on top of its own" in said
