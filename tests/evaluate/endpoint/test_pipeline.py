"""A run with a method behind an endpoint, `k: auto` and a judge, from raw rows to the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chat_server import Server
from factory import recipe, tickets, write_csv
from tunesmith.errors import ModelError, RecipeError
from tunesmith.io import read_json
from tunesmith.models import BaseModel
from tunesmith.pipeline import run
from tunesmith.recipe import check, load

pytest.importorskip("torch")


def project(server: Server, tiny_model: BaseModel, folder: Path, **settings: Any) -> Path:
    write_csv(folder / "t.csv", tickets(120))
    where = {"url": server.url(), "input_per_million": 1.0, "output_per_million": 2.0}
    return recipe(
        folder,
        {"path": "t.csv"},
        **{
            "model": str(tiny_model.path),
            "prompt": {"system": "Help."},
            "track": {"enabled": False},
            "split": {"validation": 0.2, "test": 0.2},
            "evaluate": {
                "test_rows": 12, "max_new_tokens": 30, "latency_rows": 2, "resamples": 400,
                "metrics": ["token_f1", "perplexity"],
                "judge": {"by": {"kind": "endpoint", "model": "longer", **where}, "votes": 1},
            },
            "methods": {
                "base": {"kind": "base"},
                "hosted": {
                    "kind": "endpoint", "model": "echo", "k": "auto", "choices": [1, 2],
                    "search_rows": 6, **where,
                },
            },
            **settings,
        },
    )  # fmt: skip


@pytest.mark.slow
def test_a_run_with_a_hosted_model_and_a_judge(
    server: Server, tiny_model: BaseModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    out = tmp_path / "out"
    loaded = load(project(server, tiny_model, tmp_path))
    done = run(loaded, out)
    card = read_json(out / "methods" / "hosted" / "metrics.json")
    assert card["label"] == (
        f"echo at 127.0.0.1:{server.port}, 1 example (nearest), k 1 chosen on 6 validation rows"
    )
    chosen = card["generation"]["chosen_k"]
    assert [row["k"] for row in chosen["tried"]] == [1, 2]
    assert card["metrics"]["perplexity"]["unscored"] == 12
    lineage = read_json(out / "methods" / "hosted" / "lineage.json")
    assert lineage["model"] == {"name": "echo", "fingerprint": None}
    assert lineage["shown_examples_from"] == "train"
    # the rows that chose k were no test rows
    validation = {row.id for row in done.data.examples("validation")}  # type: ignore[union-attr]
    from tunesmith.io import read_jsonl

    seen = read_jsonl(out / "methods" / "hosted" / "choose-k" / "k-1" / "predictions.jsonl")
    assert {row["id"] for row in seen} <= validation
    decision = read_json(out / "decision.json")
    cost = next(row["cost"] for row in decision["table"] if row["method"] == "hosted")
    spent = chosen["tokens_in"] * 1.0 + chosen["tokens_out"] * 2.0
    assert cost["training"] == pytest.approx(spent / 1e6)
    assert cost["per_1000"] == pytest.approx(
        (
            card["metrics"]["tokens_in_mean"]["value"]
            + 2 * card["metrics"]["tokens_out_mean"]["value"]
        )
        / 1000
    )
    judged = read_json(out / "judge.json")
    assert {judged["pairs"][0]["a"], judged["pairs"][0]["b"]} == {"base", "hosted"}
    assert judged["pairs"][0]["n"] == 12
    assert (out / "report.html").stat().st_size > 10_000
    asked = len(server.seen("well"))
    run(loaded, out)
    assert len(server.seen("well")) == asked
    assert read_json(out / "judge.json") == judged
    for file in out.rglob("*.json"):
        assert "/well" not in file.read_text()
    for name in ("recipe.yaml", "report.html"):
        assert "/well" not in (out / name).read_text()


def test_a_key_that_is_not_set_stops_the_run_before_its_work(
    server: Server, tiny_model: BaseModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    path = project(server, tiny_model, tmp_path)
    loaded = load(path, ["evaluate.judge.by.api_key_env=NO_SUCH_KEY"])
    with pytest.raises(ModelError, match="NO_SUCH_KEY is not set"):
        run(loaded, tmp_path / "out")
    assert not (tmp_path / "out" / "methods").exists()


def test_verdicts_of_people_that_are_not_there_are_a_mistake_of_the_recipe(
    server: Server, tiny_model: BaseModel, tmp_path: Path
) -> None:
    path = project(server, tiny_model, tmp_path)
    with pytest.raises(RecipeError, match=r"there is no file people\.jsonl"):
        check(load(path, ["evaluate.judge.calibration=people.jsonl"]))
