"""The plan's phases, from run folders that are written here; one real one where it is there."""

from __future__ import annotations

import json

import polars as pl
import pytest

from factory import pairs
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.strategy.forecast import FULL_OVER_LORA, full_memory_mib
from tunesmith.decide.strategy.plan import make_plan
from tunesmith.decide.strategy.stability import changes
from tunesmith.errors import TunesmithError
from tunesmith.store.versions import VersionPart, dataset_fingerprint, versions, write_version

SETTINGS = {"resamples": 1000}

TRAINING = {
    "settings": {"kind": "lora", "format": {"kind": "qa"}}, "seconds": 600.0,
    "precision": "bfloat16", "peak_memory_mib": 5400.0, "total_parameters": 139_399_488,
    "trainable_parameters": 4_884_480,
    "predicted_memory": {
        "peak_mib": 3172.4, "room_mib": 20_000.0,
        "parts_mib": {
            "activations": 1035.0, "allocator": 1035.0, "logits": 63.8, "masters": 18.6,
            "optimizer": 37.3, "process": 716.9, "weights": 265.9,
        },
    },
}  # fmt: skip


@pytest.fixture
def folder(tmp_path, world):
    """`folder(qualities, …)` writes a run folder of measured methods and returns it."""

    def write(qualities=None, n=120, *, rows=1500, name="now", recipe="shop", **settings):
        out = tmp_path / "runs" / name
        out.mkdir(parents=True)
        done, cards, _ = world(qualities, n, **settings) if qualities else ({}, [], {})
        put(out / "run.json", {
            "recipe_name": recipe, "model": "m", "finished_at": name, "methods": list(qualities or ()),
            "counts": {"collected": rows}, "splits": {"train": rows - n, "test": n},
            "steps": [{"step": "qa_pairs"}],
        })  # fmt: skip
        for card in cards:
            where = out / "methods" / card["method"]
            put(where / "metrics.json", card)
            if card["training"] is not None:
                kind = {**TRAINING["settings"], "kind": card["kind"]}
                put(where / "training.json", {"training": {**TRAINING, "settings": kind}})
        if done:
            put(out / "decision.json", done)
        return out

    return write


def put(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, default=str))


def gate(plan, name):
    return next(gate for phase in plan["phases"] for gate in phase["gates"] if gate["name"] == name)


def strategy(**settings):
    return DecideConfig(strategy=settings) if settings else DecideConfig()


def test_a_project_without_a_run_is_in_phase_1_with_nothing_measured(tmp_path) -> None:
    plan = make_plan(tmp_path / "runs" / "none", "shop", DecideConfig())
    assert plan["phase"] == 1
    assert {g["met"] for phase in plan["phases"] for g in phase["gates"]} == {None}
    assert plan["next"]["seconds"] is None
    assert plan["next"]["basis"] == "unknown"
    assert not any(item["done"] for week in plan["roadmap"] for item in week["items"])
    assert not (tmp_path / "runs").exists()


def test_too_few_examples_keep_it_in_phase_1_and_say_how_many_are_missing(folder) -> None:
    out = folder({"base": 0.3, "few_shot": 0.5}, rows=640)
    plan = make_plan(out, "shop", DecideConfig())
    found = gate(plan, "examples")
    assert (found["met"], found["measured"], found["gap"]) == (False, 640, 360)
    assert "360 are missing" in found["sentence"]
    assert plan["missing"][0]["gate"] == "examples"
    assert plan["phase"] == 1
    enough = make_plan(out, "shop", strategy(min_examples=640))
    assert gate(enough, "examples")["met"] is True


def test_prompting_that_reaches_the_wanted_quality_ends_the_plan(folder) -> None:
    out = folder({"base": 0.3, "few_shot": 0.8})
    plan = make_plan(out, "shop", strategy(wanted_quality=0.6))
    assert plan["phase"] == 1
    assert plan["stopped"]["phase"] == 1
    assert "prompting_not_enough" in plan["stopped"]["gates"]
    assert "Use the prompt" in plan["sentences"][0]
    assert plan["next"]["items"] == []
    # A value above the wanted one is not enough: the whole interval has to be
    value = gate(plan, "prompting_not_enough")["measured"]
    near = make_plan(out, "shop", strategy(wanted_quality=value - 0.001))
    assert gate(near, "prompting_not_enough")["met"] is True


def test_training_that_gains_nothing_ends_the_plan_at_prompting(folder) -> None:
    out = folder({"base": 0.2, "few_shot": 0.7, "lora": 0.4})
    plan = make_plan(out, "shop", DecideConfig())
    assert plan["stopped"]["phase"] == 1
    assert "Prompting is enough" in gate(plan, "prompting_not_enough")["sentence"]


def test_a_clear_gain_passes_the_gates_to_phase_2(folder) -> None:
    out = folder({"base": 0.2, "few_shot": 0.4, "lora": 0.7})
    plan = make_plan(out, "shop", DecideConfig())
    assert plan["phase"] == 2
    assert [phase["state"] for phase in plan["phases"]] == ["done", "current", "open"]
    assert gate(plan, "lora_better")["met"] is True
    assert {row["gate"] for row in plan["missing"]} == {"lora_audit", "stable", "components"}
    proof = gate(plan, "lora_better")["evidence"][0]
    found = json.loads((out / "decision.json").read_text())
    for step in proof["pointer"].strip("/").split("/"):
        found = found[int(step) if step.isdigit() else step]
    assert found == proof["value"] == gate(plan, "lora_better")["measured"]


def test_too_little_volume_stops_at_prompting_unless_the_gain_is_clear(folder) -> None:
    # LoRA answers at half the speed: it never repays itself
    slow = {"lora": 20.0, "few_shot": 40.0}
    equal = folder({"few_shot": 0.5, "lora": 0.5}, speeds=slow, name="equal")
    plan = make_plan(equal, "shop", DecideConfig())
    assert gate(plan, "volume")["met"] is False
    assert "never repays" in gate(plan, "volume")["sentence"]
    assert plan["stopped"]["phase"] == 1
    better = folder({"few_shot": 0.3, "lora": 0.8}, speeds=slow, name="better")
    plan = make_plan(better, "shop", DecideConfig())
    assert gate(plan, "volume")["met"] is True
    assert "worth that price" in gate(plan, "volume")["sentence"]


def test_a_wanted_quality_outweighs_the_price_before_lora_is_trained(folder) -> None:
    out = folder({"base": 0.3, "few_shot": 0.5})  # equal speeds: nothing to save by training
    free = gate(make_plan(out, "shop", DecideConfig()), "volume")
    assert (free["met"], free["final"]) == (False, False)
    wanted = gate(make_plan(out, "shop", strategy(wanted_quality=0.9)), "volume")
    assert wanted["met"] is True
    assert "worth a try" in wanted["sentence"]


def test_the_break_even_is_the_one_worked_out_by_hand(folder) -> None:
    # 20 tokens: 1 s at 20 a second with few-shot, 0.5 s at 40 with LoRA, trained for 600 s
    out = folder({"few_shot": 0.5, "lora": 0.5}, speeds={"few_shot": 20.0, "lora": 40.0})
    few = DecideConfig(machine_hour=3.6, answers_per_month=100, horizon_months=10)
    found = gate(make_plan(out, "shop", few), "volume")
    assert found["measured"] == 1200  # 0.60 extra, 0.0005 saved an answer
    assert (found["met"], found["wanted"], found["gap"]) == (False, 1000, 200)
    assert gate(make_plan(out, "shop", few.model_copy(update={"horizon_months": 12.0})),
                "volume")["met"] is True  # fmt: skip


def test_the_payback_counts_maintenance_as_the_decision_does(folder) -> None:
    hours = {
        name: {
            "development_hours": 0,
            "data_preparation_hours": 0,
            "maintenance_hours_per_month": month,
        }
        for name, month in (("few_shot", 0), ("lora", 1))
    }
    given = {"machine_hour": 3.6, "engineer_hour": 0.06, "horizon_months": 10, "work": hours}
    out = folder({"few_shot": 0.5, "lora": 0.5}, speeds={"few_shot": 20.0, "lora": 40.0}, **given)
    found = gate(make_plan(out, "shop", DecideConfig(**given)), "volume")
    (pair,) = json.loads((out / "decision.json").read_text())["cost"]["break_even"]
    # 0.60 for training and 0.60 for 10 months of an hour, 0.0005 saved an answer
    assert found["measured"] == pair["answers"] == 2400
    assert "1.20" in found["sentence"]


def test_before_lora_is_trained_its_answers_cost_what_the_base_models_do(folder) -> None:
    folder({"few_shot": 0.5, "lora": 0.5}, name="earlier")
    out = folder({"base": 0.3, "few_shot": 0.5}, speeds={"base": 40.0, "few_shot": 20.0})
    plan = make_plan(out, "shop", DecideConfig(machine_hour=3.6))
    found = gate(plan, "volume")
    assert found["measured"] == 1200
    assert "(predicted)" in found["sentence"]
    assert plan["earlier_runs"] == ["earlier"]
    train = plan["next"]["items"] if plan["phase"] == 1 else []
    assert plan["phase"] == 2 or train


def test_runs_of_other_recipes_are_no_evidence(folder) -> None:
    folder({"few_shot": 0.5, "lora": 0.5}, name="other", recipe="another shop")
    out = folder({"base": 0.3})
    put(out.parent / "foreign" / "run.json", ["another program's"])
    plan = make_plan(out, "shop", DecideConfig())
    assert plan["earlier_runs"] == []
    assert gate(plan, "prototype")["met"] is None
    assert plan["next"]["basis"] == "unknown"


def test_the_next_phase_takes_what_an_earlier_training_took(folder) -> None:
    folder({"few_shot": 0.5, "lora": 0.5}, name="earlier")
    out = folder({"base": 0.3}, rows=100, n=50)
    plan = make_plan(out, "shop", DecideConfig(machine_hour=3.6))
    item = next(item for item in plan["next"]["items"] if item["text"] == "train LoRA")
    assert (item["seconds"], item["basis"]) == (600.0, "measured")
    assert item["cost"] == pytest.approx(0.6)
    assert item["evidence"] == "../earlier/methods/lora/training.json"
    assert gate(plan, "prototype")["met"] is True  # the prompt of the earlier run


def test_full_tuning_is_predicted_from_lora_and_marked(folder) -> None:
    out = folder({"base": 0.2, "few_shot": 0.4, "lora": 0.7})
    plan = make_plan(out, "shop", DecideConfig())
    assert gate(plan, "time")["measured"] == pytest.approx(600 * FULL_OVER_LORA / 3600)
    assert "predicted" in gate(plan, "time")["sentence"]
    memory = gate(plan, "memory")
    assert memory["met"] is True
    tight = make_plan(out, "shop", strategy(max_training_hours=0.1))
    assert gate(tight, "time")["met"] is False
    assert gate(tight, "time")["gap"] == pytest.approx(0.15)


def test_the_predicted_memory_of_full_tuning_is_near_what_a_full_training_told() -> None:
    # `training.json` of both methods on the same rows of the Bitext tickets: full was told 4,947.4
    # MiB by `tune.memory` before it started.
    assert full_memory_mib(TRAINING) == pytest.approx(4947.4, rel=0.02)


def slices(difference=-0.3, *, clear=True):
    def tested(by, sure):
        return {"lora": {"difference": by, "p_value": 0.01, "p_holm": 0.02, "clear": sure}}

    return {
        "metric": "token_f1",
        "facets": [{
            "name": "category",
            "values": [
                {"value": "refunds", "n": 30, "against_rest": tested(difference, clear)},
                {"value": "orders", "n": 30, "against_rest": tested(-difference, clear)},
                {"value": "few", "n": 3, "against_rest": {"lora": None}},
            ],
        }],
    }  # fmt: skip


def test_critical_components_are_where_lora_is_clearly_worst(folder) -> None:
    out = folder({"base": 0.2, "few_shot": 0.4, "lora": 0.7})
    put(out / "slices.json", slices())
    found = gate(make_plan(out, "shop", DecideConfig()), "components")
    assert (found["met"], found["measured"]) == (True, 1)
    assert "refunds" in found["sentence"]
    assert "orders" not in found["sentence"]
    put(out / "slices.json", slices(clear=False))  # worse, but not clearly
    assert gate(make_plan(out, "shop", DecideConfig()), "components")["met"] is False
    older = slices()
    for value in older["facets"][0]["values"]:
        del value["against_rest"]
    put(out / "slices.json", older)
    assert gate(make_plan(out, "shop", DecideConfig()), "components")["met"] is None
    named = gate(make_plan(out, "shop", strategy(critical=("a", "b"), components=1)), "components")
    assert (named["met"], named["gap"]) == (False, 1)


def test_all_gates_of_lora_passed_is_phase_3_and_then_done(folder, tmp_path) -> None:
    out = folder({"few_shot": 0.3, "lora": 0.6, "full": 0.85})
    put(out / "slices.json", slices())
    three_versions(out / "dataset")
    audit = {"passed": True, "suites": []}
    put(out / "methods/lora/audit.json", audit)
    stable = strategy(max_change=0.2)
    plan = make_plan(out, "shop", stable)
    assert plan["phase"] == 3, plan["missing"]
    assert gate(plan, "full_better")["met"] is True
    assert gate(plan, "forgetting")["met"] is None
    put(out / "methods/full/audit.json", audit)
    put(out / "methods/full/forgetting.json", {"gate": {"passed": False, "reasons": ["x"]}})
    assert make_plan(out, "shop", stable)["phases"][2]["state"] == "current"
    put(out / "methods/full/forgetting.json", {"gate": {"passed": None, "reasons": []}})
    assert gate(make_plan(out, "shop", stable), "forgetting")["met"] is None
    put(out / "methods/full/forgetting.json", {"gate": {"passed": True, "reasons": []}})
    done = make_plan(out, "shop", stable)
    assert [phase["state"] for phase in done["phases"]] == ["done"] * 3
    assert done["sentences"] == ["The plan is done: full fine-tuning has passed every gate."]


def test_full_tuning_that_gains_nothing_ends_the_plan_at_lora(folder) -> None:
    out = folder({"few_shot": 0.3, "lora": 0.7, "full": 0.5})
    plan = make_plan(out, "shop", DecideConfig())
    assert plan["stopped"]["phase"] == 2
    assert "Use LoRA" in plan["sentences"][0]


def test_an_open_gain_says_how_many_rows_would_tell(folder) -> None:
    out = folder({"few_shot": 0.50, "lora": 0.51}, n=60)
    plan = make_plan(out, "shop", DecideConfig())
    rows = gate(plan, "lora_better")["rows"]
    assert rows is not None
    assert f"About {rows:,} more test rows" in gate(plan, "lora_better")["sentence"]


def test_an_open_question_meets_no_gate_and_asks_for_rows(folder) -> None:
    out = folder({"few_shot": 0.50, "lora": 0.51, "full": 0.52}, n=60)
    plan = make_plan(out, "shop", DecideConfig())
    for name in ("prompting_not_enough", "lora_not_enough"):
        found = gate(plan, name)
        assert found["met"] is None
        assert found["rows"] > 0
        assert "more test rows would tell" in found["sentence"]
    assert plan["stopped"] is None or "not_enough" not in str(plan["stopped"]["gates"])


def test_more_answers_of_an_endpoint_are_priced_by_its_tokens(folder) -> None:
    out = folder({"few_shot": 0.50, "lora": 0.51}, n=60, speeds={"few_shot": 20.0, "lora": 40.0})
    path = out / "methods/few_shot/metrics.json"
    card = json.loads(path.read_text())
    card["generation"]["endpoint"] = {
        "model": "hosted", "host": "api.example", "local": False, "currency": "USD",
        "input_per_million": 1.0, "output_per_million": 50.0,
    }  # fmt: skip
    card["metrics"]["tokens_in_mean"] = {"value": 100.0}
    put(path, card)
    plan = make_plan(out, "shop", DecideConfig(machine_hour=3.6))
    item = next(one for one in plan["next"]["items"] if "more test rows" in one["text"])
    rows = max(one["rows"] or 0 for one in plan["missing"])
    tokens = card["metrics"]["tokens_out_mean"]["value"]
    assert item["cost"] == pytest.approx(rows * (0.0001 + tokens * 50e-6 + 0.5 * 0.001))
    assert plan["next"]["cost"] == pytest.approx(sum(one["cost"] for one in plan["next"]["items"]))


def three_versions(table):
    """Version 1 adds a row to version 0; version 2 changes one answer of ten and removes one."""
    first = pairs(*({} for _ in range(9)))
    second = pairs(*({} for _ in range(10)))
    third = pairs(*({"answer": "Another."} if place == 3 else {} for place in range(9)))
    for frame in (first, second, third):
        whole = frame.with_columns(pl.lit("train").alias("split"))
        key = dataset_fingerprint(whole)
        write_version(
            table, [VersionPart(key, lambda whole=whole: whole)], rows=whole.height,
            fingerprint=key, recipe="", lineage={},
        )  # fmt: skip


def test_new_rows_are_no_change_removed_and_changed_ones_are(tmp_path) -> None:
    three_versions(tmp_path / "dataset")
    known = versions(tmp_path / "dataset")
    found = changes(tmp_path / "dataset", known, 2)
    assert [(c.before, c.after, c.share) for c in found] == [
        (0, 1, 0.0),
        (1, 2, pytest.approx(0.2)),
    ]
    assert changes(tmp_path / "dataset", known, 1) == found[1:]
    assert changes(tmp_path / "dataset", known[:1], 2) == []


def test_changing_requirements_are_not_stable(folder) -> None:
    out = folder({"few_shot": 0.3, "lora": 0.7})
    assert gate(make_plan(out, "shop", DecideConfig()), "stable")["met"] is None
    three_versions(out / "dataset")
    found = gate(make_plan(out, "shop", DecideConfig()), "stable")
    assert (found["met"], found["gap"]) == (False, pytest.approx(0.1))
    assert gate(make_plan(out, "shop", strategy(max_change=0.2)), "stable")["met"] is True


def test_a_torn_file_is_named(folder) -> None:
    out = folder({"few_shot": 0.3})
    (out / "run.json").write_text("{")
    with pytest.raises(TunesmithError, match=r"run\.json: this is not JSON"):
        make_plan(out, "shop", DecideConfig())


def test_the_roadmap_shows_plain_lora_before_lora_in_another_format(folder) -> None:
    out = folder({"base": 0.2, "lora": 0.7})
    other = {**TRAINING["settings"], "kind": "lora", "format": {"kind": "instruction"}}
    put(out / "methods/a_lora/training.json", {"training": {**TRAINING, "settings": other}})

    def proof():
        weeks = make_plan(out, "shop", DecideConfig())["roadmap"]
        items = {item["text"]: item for week in weeks for item in week["items"]}
        return items["Implement LoRA training pipeline"]["evidence"]

    assert proof() == "methods/lora/training.json"
    (out / "methods/lora/training.json").unlink()
    assert proof() == "methods/a_lora/training.json"
