from __future__ import annotations

import json

import pytest

from factory import recipe
from tunesmith import track
from tunesmith.recipe import load

pytest.importorskip("mlflow")
pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own warnings are not ours to mend


def test_a_run_is_recorded_with_its_methods_and_its_dataset(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    out = tmp_path / "runs" / "test"
    out.mkdir(parents=True)
    loaded = load(recipe(tmp_path, {"path": "secret-folder/t.csv"}))
    figure = {"value": 0.5, "low": 0.4, "high": 0.6}
    card = {
        "method": "lora", "kind": "lora", "metrics": {"token_f1": figure, "latency_p95_s": figure | {"high": None}},
        "training": {"curve": [{"step": n, "loss": 2.0 / n, "learning_rate": 0.1} for n in range(1, 600)],
                     "validation": [{"step": 0, "loss": 1.5, "token_f1": 0.25, "stopped": 0.5},
                                    {"step": 7, "loss": 1.0}], "kept_step": 7,
                     "seconds": 3.0, "tokens_per_s": 10.0, "peak_memory_mib": 100.0, "trainable_parameters": 7},
    }  # fmt: skip
    summary = {
        "name": "test", "tunesmith": "0", "counts": {"kept": 3}, "splits": {"train": 3},
        "dataset": {"version": 4, "fingerprint": "abcd"},
    }  # fmt: skip
    decision = {"verdict": {"kind": "fine-tune", "choice": "lora"}}
    identifier = track.track(loaded.recipe, out, run=summary, scorecards=[card], decision=decision)

    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=track.tracking_uri(out))
    assert (tmp_path / "runs" / "mlflow.db").exists()
    run = client.get_run(identifier)
    assert run.data.params["dataset.fingerprint"] == "abcd"
    assert run.data.tags["tunesmith.choice"] == "lora"
    assert run.inputs.dataset_inputs[0].dataset.digest == "abcd"
    [method] = client.search_runs(
        [run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{identifier}'"
    )
    assert method.data.metrics["token_f1.low"] == 0.4
    assert "latency_p95_s.high" not in method.data.metrics

    def history(name: str) -> list[tuple[int, float]]:
        points = client.get_metric_history(method.info.run_id, name)
        return sorted((point.step, point.value) for point in points)

    assert history("train.loss") == [(n, 2.0 / n) for n in range(1, 600)]
    assert history("train.learning_rate") == [(n, 0.1) for n in range(1, 600)]
    assert history("validation.loss") == [(0, 1.5), (7, 1.0)]
    assert history("validation.token_f1") == [(0, 0.25)]
    assert history("validation.stopped") == [(0, 0.5)]
    assert history("train.kept_step") == [(0, 7.0)]
    assert "secret-folder" not in json.dumps(
        [run.to_dictionary(), method.to_dictionary()], default=str
    )
    assert run.info.status == method.info.status == "FINISHED"
