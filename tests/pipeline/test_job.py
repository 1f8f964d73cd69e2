"""The main job with methods of every format, and one after another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from factory import recipe, tickets, write_csv
from tunesmith.errors import TunesmithError
from tunesmith.io import read_json, write_jsonl
from tunesmith.models import BaseModel
from tunesmith.pipeline import run
from tunesmith.recipe import load

pytest.importorskip("torch")


@pytest.mark.slow
def test_methods_of_every_format_are_trained_in_their_order_and_measured(
    tiny_model: BaseModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    write_csv(tmp_path / "t.csv", tickets(40))
    (tmp_path / "kb").mkdir()
    for thing in ("lamp", "kettle"):
        words = " ".join(f"The {thing} number {n} stands in room {n * 7}." for n in range(12))
        (tmp_path / "kb" / f"{thing}.md").write_text(f"# About a {thing}\n\n{words}\n")
    write_jsonl(
        tmp_path / "pairs.jsonl",
        [
            {"question": f"Is cup {n} for tea?", "chosen": "It is.", "rejected": "Who knows?"}
            for n in range(12)
        ],
    )
    short: dict[str, Any] = {
        "kind": "lora", "r": 2, "max_steps": 2, "batch_size": 2, "max_length": 400,
        "validation_rows": 2,
    }  # fmt: skip
    preference = {"kind": "preference", "preferences": "pairs.jsonl"}
    path = recipe(
        tmp_path,
        {"path": "t.csv"},
        model=str(tiny_model.path),
        prompt={"system": "Help."},
        track={"enabled": False},
        evaluate={"test_rows": 2, "max_new_tokens": 2, "latency_rows": 1, "forgetting": None},
        methods={
            "corrected": {**short, "after": "answers", "format": preference},
            "answers": {**short, "after": "domain", "format": "instruction"},
            "domain": {**short, "format": "completion"},
            "talks": {**short, "format": "chat"},
        },
    )
    text = path.read_text()
    path.write_text(text.replace("sources:", "sources:\n- {name: kb, kind: pages, path: kb}", 1))
    done = run(load(path), tmp_path / "out", until="evaluate")
    assert [card["method"] for card in done.scorecards] == [
        "domain",
        "answers",
        "corrected",
        "talks",
    ]
    methods = tmp_path / "out" / "methods"
    learned = {folder.name: read_json(folder / "lineage.json") for folder in methods.iterdir()}
    assert {name: line["learned_from"] for name, line in learned.items()} == {
        "domain": ["knowledge"],
        "answers": ["knowledge", "train"],
        "corrected": ["knowledge", "preferences", "train"],
        "talks": ["train"],
    }
    assert learned["corrected"]["model"]["name"] == "tiny+domain+answers"
    assert read_json(methods / "corrected" / "adapter" / "trained.json")["after"] == "answers"
    for card in done.scorecards:
        timed = read_json(methods / card["method"] / "performance.json")
        assert timed["latency"]["first_token_s"]["p50"]["n"] == 1
        assert timed["energy"]["watt_hours_per_1000"] > 0
    labels = {card["method"]: card["label"] for card in done.scorecards}
    assert labels["answers"] == "LoRA, r 2 on all linear layers with instructions, after domain"
    again = run(load(path), tmp_path / "out", until="evaluate")
    assert [card["training"] for card in again.scorecards] == [
        card["training"] for card in done.scorecards
    ]


@pytest.mark.slow
def test_a_run_in_which_no_method_keeps_to_the_limits_is_finished(
    tiny_model: BaseModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    write_csv(tmp_path / "t.csv", tickets(60))
    path = recipe(
        tmp_path,
        {"path": "t.csv"},
        model=str(tiny_model.path),
        prompt={"system": "Help."},
        track={"enabled": False},
        evaluate={
            "max_new_tokens": 2, "latency_rows": 1, "resamples": 200, "min_rows": 3,
            "judge": {"by": {"kind": "local", "model": str(tiny_model.path)}, "votes": 1},
        },
        decide={"min_rows": 3, "limits": {"min_quality": 0.99}},
        methods={"base": {"kind": "base"}, "few_shot": {"kind": "few_shot", "k": 1}},
    )  # fmt: skip
    out = tmp_path / "out"
    done = run(load(path), out)
    assert done.decision is not None
    assert done.decision["verdict"]["choice"] is None
    assert read_json(out / "slices.json")["facets"] is not None
    assert read_json(out / "judge.json")["pairs"] == []
    assert "No method keeps to your limits" in (out / "report.html").read_text()
    assert read_json(out / "run.json")["methods"]
    assert (out / "plan.json").exists()


def test_critical_categories_that_the_dataset_has_not_are_refused_early(
    tiny_model: BaseModel, tmp_path: Path
) -> None:
    write_csv(tmp_path / "t.csv", tickets(40))
    path = recipe(
        tmp_path,
        {"path": "t.csv"},
        model=str(tiny_model.path),
        decide={"strategy": {"critical": ["refunds of the moon"]}},
    )
    with pytest.raises(TunesmithError) as refused:
        run(load(path), tmp_path / "out", until="tune")
    assert "no row of the dataset has the category 'refunds of the moon'" in refused.value.message
    assert "decide.strategy.critical" in refused.value.message
