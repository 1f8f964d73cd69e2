"""The words of the report follow from the figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tunesmith.report.build import _read
from tunesmith.report.view import View, build_view

MakeRun = Callable[..., Path]


def view_of(folder: Path, /, **changes: Callable[[Any], None]) -> View:
    for name, change in changes.items():
        path = folder / f"{name}.json"
        document = json.loads(path.read_text())
        change(document)
        path.write_text(json.dumps(document))
    return build_view(_read(folder))


def test_the_funnel_accounts_for_every_row(make_run: MakeRun) -> None:
    for kind in ("full", "awkward"):
        funnel = view_of(make_run(kind)).data.funnel
        assert funnel is not None
        totals = [row for row in funnel.rows if row.total]
        losses = [row for row in funnel.rows if not row.total]
        assert totals[0].end - sum(row.end - row.start for row in losses) == totals[-1].end
        left = totals[0].end
        for row in funnel.rows[1:]:
            assert row.end == left
            left = row.start if not row.total else row.end


def test_a_loss_without_a_reason_is_shown_as_one(make_run: MakeRun) -> None:
    view = view_of(make_run(), run=lambda run: run["reasons"].clear())
    assert view.data.funnel is not None
    assert [row.label for row in view.data.funnel.rows] == [
        "Collected",
        "Reason not recorded",
        "Kept",
    ]


def test_close_methods_are_not_called_better(make_run: MakeRun) -> None:
    def blur(decision: Any) -> None:
        for comparison in decision["comparisons"]:
            comparison["clear"] = False

    view = view_of(make_run(), decision=blur)
    assert view.methods is not None
    assert view.methods.main is not None
    assert view.methods.main.title == (
        "Token F1: no clear winner; LoRA tuning and Few-shot prompting are close"
    )


def test_lower_is_better_where_it_is(make_run: MakeRun) -> None:
    view = view_of(make_run())
    assert view.methods is not None
    titles = [chart.title for chart in view.methods.others]
    assert "Perplexity: LoRA tuning is best" in titles
    perplexity = next(row for row in view.methods.rows if row.name == "perplexity")
    assert [cell.best for cell in perplexity.cells] == [False, False, True]


def test_lines_of_cost_cross_where_the_decision_says(make_run: MakeRun) -> None:
    view = view_of(make_run())
    assert view.methods is not None
    plot = view.methods.cost.total
    assert plot is not None
    lora, few_shot = (
        next(x for x in plot.lines if x.label == n) for n in ("LoRA tuning", "Few-shot prompting")
    )
    mark = plot.marks[0]
    for line in (lora, few_shot):
        (x0, y0), (x1, y1) = line.points
        assert abs(y0 + (y1 - y0) * (mark.x - x0) / (x1 - x0) - mark.y) < 0.001


def test_no_crossing_no_promise(make_run: MakeRun) -> None:
    def never(decision: Any) -> None:
        for pair in decision["cost"]["break_even"]:
            pair.update(answers=None, sentence="Never.")

    view = view_of(make_run(), decision=never)
    assert view.methods is not None
    assert view.methods.cost.total is not None
    assert view.methods.cost.total.title == "Total cost by number of answers"
    assert view.methods.cost.total.marks == ()


def test_an_overtrained_model_is_told(make_run: MakeRun) -> None:
    run = make_run()
    path = run / "methods/lora/metrics.json"
    metrics = json.loads(path.read_text())
    metrics["training"]["validation"] = [
        {"step": 0, "loss": 2.0}, {"step": 50, "loss": 1.2}, {"step": 100, "loss": 1.6},
    ]  # fmt: skip
    path.write_text(json.dumps(metrics))
    view = view_of(run)
    assert view.methods is not None
    curve = view.methods.training[0].curve
    assert curve is not None
    assert (
        curve.title
        == "LoRA tuning: the validation loss was lowest, 1.20, at step 50 and rose after it"
    )


def test_a_training_that_watched_itself_is_told(make_run: MakeRun) -> None:
    run = make_run()
    path = run / "methods/lora/metrics.json"
    metrics = json.loads(path.read_text())
    metrics["training"] |= {
        "steps": 75, "planned_steps": 100, "kept_step": 50, "kept_loss": 1.2,
        "settings": {"sample_rows": 4},
        "search": {"finder": None, "chosen": {"learning_rate": 0.003, "r": 32}, "seconds": 540.2,
                   "trials": [{"loss": 1.5}, {"loss": None}]},
        "validation": [
            {"step": 0, "loss": 2.0, "token_f1": 0.11, "stopped": 0.0},
            {"step": 50, "loss": 1.2, "token_f1": 0.52, "stopped": 0.75},
            {"step": 75, "loss": 1.6, "token_f1": 0.44, "stopped": 1.0},
        ],
    }  # fmt: skip
    path.write_text(json.dumps(metrics))
    view = view_of(run)
    assert view.methods is not None
    training = view.methods.training[0]
    assert training.curve is not None
    assert [(mark.x, mark.y, mark.label) for mark in training.curve.marks] == [
        (50, 1.2, "saved: step 50")
    ]
    assert training.answers is not None
    assert training.answers.title == "LoRA tuning: token F1 rose from 0.11 to 0.44 while it trained"
    assert "Answers to 4 validation rows" in training.answers.subtitle
    f1, stopped = training.answers.lines
    assert f1.points == ((0, 0.11), (50, 0.52), (75, 0.44))
    assert stopped.points[-1] == (75, 1.0)
    facts = dict(training.facts)
    assert facts["Stopped early"] == "at step 75 of 100"
    assert facts["Saved from step"] == "50"
    assert facts["Settings found"] == "learning rate 0.003, r 32 (2 trials, 9 min 00 s)"
    metrics["training"] |= {"kept_step": 75, "planned_steps": 75}
    metrics["training"]["validation"] = [{"step": 0, "loss": 2.0}]
    path.write_text(json.dumps(metrics))
    whole = view_of(run)
    assert whole.methods is not None
    assert whole.methods.training[0].answers is None
    assert whole.methods.training[0].curve is not None
    assert whole.methods.training[0].curve.marks == ()
    assert "Saved from step" not in dict(whole.methods.training[0].facts)


def test_what_was_predicted_stands_beside_what_it_took(make_run: MakeRun) -> None:
    run = make_run()
    path = run / "methods/lora/metrics.json"
    metrics = json.loads(path.read_text())
    metrics["training"] |= {
        "seconds": 90.0, "predicted_s": 80.0, "peak_memory_mib": 1500.0,
        "predicted_memory": {
            "peak_mib": 1400.0, "parts_mib": {"weights": 256.0, "process": 570.0, "logits": 0.1},
        },
        "cost": {"actual": 0.5, "predicted": 0.4, "machine_hour": 20.0, "currency": "EUR"},
    }  # fmt: skip
    path.write_text(json.dumps(metrics))
    view = view_of(run)
    assert view.methods is not None
    facts = dict(view.methods.training[0].facts)
    assert facts["Time"] == "1 min 30 s (predicted 1 min 20 s)"
    assert facts["Peak memory"].endswith("(predicted 1.4 GiB)")
    assert facts["Predicted memory by part"].startswith("process 570")
    assert "logits" not in facts["Predicted memory by part"]
    assert "0.50" in facts["Cost"]
    assert "0.40" in facts["Cost"]


def test_methods_without_a_decision_are_shown_without_a_verdict(make_run: MakeRun) -> None:
    run = make_run()
    (run / "decision.json").unlink()
    view = view_of(run)
    assert view.headline == "3 methods measured; no decision has been made yet."
    assert view.methods is not None
    assert len(view.methods.rows) == 10
    assert not any(method.chosen for method in view.methods.methods)


def test_an_unmet_target_and_an_unfinished_run_are_said_at_the_top(make_run: MakeRun) -> None:
    view = view_of(make_run(), run=lambda run: run.update(status="interrupted"))
    assert "not finished" in view.notices[0]
    met = next(figure for figure in view.figures if figure.label == "Quality targets met")
    assert (met.shown, met.note) == ("5 of 6", "not met: Source diversity")


def test_many_categories_fold(make_run: MakeRun) -> None:
    data = view_of(make_run("awkward")).data
    assert data.categories is not None
    assert data.more_categories is not None
    assert len(data.categories.rows) + len(data.more_categories.rows) == 31
    assert data.categories.top == data.more_categories.top
    assert data.categories.title == "5 of 31 categories have no test rows"


def test_the_headline_is_cut_at_its_colon_and_nothing_is_lost(make_run: MakeRun) -> None:
    view = view_of(make_run())
    assert view.lead == "Fine-tune"
    assert f"{view.lead}: {view.rest}" == view.headline


def test_two_methods_of_one_kind_are_told_apart(make_run: MakeRun) -> None:
    run = make_run()
    metrics = json.loads((run / "methods/lora/metrics.json").read_text())
    metrics["method"] = "lora_qv"
    (run / "methods/lora_qv").mkdir()
    (run / "methods/lora_qv/metrics.json").write_text(json.dumps(metrics))
    view = view_of(run)
    assert view.methods is not None
    assert [method.short for method in view.methods.methods] == [
        "Base model", "Few-shot prompting", "LoRA tuning “lora”", "LoRA tuning “lora_qv”",
    ]  # fmt: skip


def test_a_limit_that_the_rows_do_not_tell_is_left_open(make_run: MakeRun) -> None:
    view = view_of(make_run("awkward"))
    assert view.confidence == "90%"
    assert view.methods is not None
    waiting = next(row for row in view.methods.rows if row.name == "latency_p95_s")
    assert [cell.interval for cell in waiting.cells][-1] == "2.90 s or more"
    assert "Longest usual waiting time (p95): 20 rows are too few." in view.methods.notes


def test_one_sample_of_each_kind_is_open(make_run: MakeRun) -> None:
    view = view_of(make_run())
    assert view.methods is not None
    opened = [sample.why for sample in view.methods.samples if sample.opened]
    assert opened == ["best", "typical", "worst"]
