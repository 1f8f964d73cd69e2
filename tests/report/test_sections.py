"""The words of the further sections follow from the figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tunesmith.io import read_json, write_json, write_jsonl
from tunesmith.report import plots
from tunesmith.report.blocks import Block, Chart, Checklist, Fold, Section, Sentences, Table
from tunesmith.report.build import _read
from tunesmith.report.view import View, build_view

MakeRun = Callable[..., Path]


def view_of(folder: Path, changes: dict[str, Callable[[Any], None]] | None = None) -> View:
    for name, change in (changes or {}).items():
        document = json.loads((folder / name).read_text())
        change(document)
        (folder / name).write_text(json.dumps(document))
    return build_view(_read(folder))


def section(view: View, name: str) -> Section:
    return next(part.section for part in view.parts if part.section and part.section.id == name)


def blocks(found: tuple[Block, ...]) -> list[Block]:
    """All blocks, those in folds too."""
    return [
        inner for one in found for inner in (one, *(blocks(one.blocks) if isinstance(one, Fold) else ()))
    ]  # fmt: skip


def charts(view: View, name: str) -> list[plots.Plot]:
    return [one.plot for one in blocks(section(view, name).blocks) if isinstance(one, Chart)]


def sentences(view: View, name: str) -> list[str]:
    return [
        item.text for one in blocks(section(view, name).blocks) if isinstance(one, Sentences)
        for item in one.items
    ]  # fmt: skip


def tables(view: View, name: str) -> list[Table]:
    return [one for one in blocks(section(view, name).blocks) if isinstance(one, Table)]


def test_the_first_screen_has_three_reasons_and_all_are_kept(make_run: MakeRun) -> None:
    run = make_run("sections")
    said = json.loads((run / "decision.json").read_text())["verdict"]["reasons"]
    view = view_of(run)
    assert [reason.text for reason in view.reasons.all] == said
    assert [reason.text for reason in view.reasons.first] == said[:3]


def test_reasons_on_the_chosen_method_come_first_and_long_ones_wait(make_run: MakeRun) -> None:
    def say(decision: Any) -> None:
        decision["verdict"]["evidence"] = []
        decision["verdict"]["reasons"] = [
            "LoRA tuning " + "and all the others " * 20,
            "A range in brackets is an interval.",
            "The base model is out.",
            "LoRA tuning is clearly better.",
            "Few-shot prompting costs more.",
            "So use LoRA tuning.",
        ]

    view = view_of(make_run("sections"), {"decision.json": say})
    assert [reason.text for reason in view.reasons.first] == [
        "The base model is out.", "LoRA tuning is clearly better.", "So use LoRA tuning."
    ]  # fmt: skip


def test_a_figure_is_found_as_the_file_says_that_it_is_printed(make_run: MakeRun) -> None:
    def shown(decision: Any) -> None:
        decision["verdict"]["reasons"][2] = "It took 0:05:38 to train."
        decision["verdict"]["evidence"][2][0]["shown"] = "0:05:38"

    reason = view_of(make_run("sections"), {"decision.json": shown}).reasons.all[2]
    assert [piece.text for piece in reason.pieces if piece.source] == ["0:05:38"]
    assert not reason.more


def test_a_figure_is_not_found_inside_another_one(make_run: MakeRun) -> None:
    def inside(decision: Any) -> None:
        decision["verdict"]["reasons"][1] = "1,000 answers cost 10.18 USD and 0.185 USD."

    reason = view_of(make_run("sections"), {"decision.json": inside}).reasons.all[1]
    assert not [piece for piece in reason.pieces if piece.source]
    assert [piece.text for piece in reason.more] == ["decision.json"]


def test_points_stand_where_cost_and_quality_say(make_run: MakeRun) -> None:
    (plot,) = charts(view_of(make_run("sections")), "tradeoff")
    assert isinstance(plot, plots.Scatter)
    spots = {spot.label: spot for spot in plot.spots}
    assert (spots["LoRA tuning"].x, spots["LoRA tuning"].y) == (0.094 + 0.18 * 120, 0.447)
    assert spots["LoRA tuning"].tag == "chosen"
    assert (spots["Few-shot prompting"].tag, spots["Few-shot prompting"].hollow) == (
        "dominated", True
    )  # fmt: skip
    assert plot.title == "LoRA tuning has the best Token F1 and is cheapest"


def test_the_best_is_not_called_clear_where_it_is_not(make_run: MakeRun) -> None:
    def dear(decision: Any) -> None:
        decision["table"][2]["cost"].update(total=9000.0)
        for comparison in decision["comparisons"]:
            comparison["clear"] = False

    (plot,) = charts(view_of(make_run("sections"), {"decision.json": dear}), "tradeoff")
    assert isinstance(plot, plots.Scatter)
    assert plot.log
    assert plot.title.endswith("LoRA tuning has the best Token F1, though not clearly")


@pytest.mark.parametrize(
    ("limit", "title"),
    [
        (1.0, "The measured p95 of every method is beyond the limit"),
        (7.0, "LoRA tuning: the measured p95 is beyond the limit"),
        (30.0, "The measured p95 of every method is within the limit"),
        (9.0, "The measured p95 of every method is within the limit, though few rows leave it open"),
    ],
)  # fmt: skip
def test_latency_is_held_against_its_limit(make_run: MakeRun, limit: float, title: str) -> None:
    def change(decision: Any) -> None:
        decision["verdict"]["limits"][0]["limit"] = limit

    plot = charts(view_of(make_run("sections"), {"decision.json": change}), "speed")[0]
    assert isinstance(plot, plots.Dots)
    assert plot.title == title
    assert plot.limit is not None
    assert plot.limit[0] == limit


def test_without_performance_files_the_scorecards_tell_the_latency(make_run: MakeRun) -> None:
    (plot,) = charts(view_of(make_run("full")), "speed")
    assert isinstance(plot, plots.Dots)
    assert [point.value for point in plot.rows[2].points] == [2.34, 3.02]


def test_the_chosen_method_comes_first_in_slices_and_gaps_are_said(make_run: MakeRun) -> None:
    view = view_of(make_run("sections"))
    category, length = charts(view, "slices")
    assert isinstance(category, plots.Dots)
    assert isinstance(length, plots.Dots)
    assert category.series[0].label == "LoRA tuning"
    assert category.title == "Category: LoRA tuning scores least on “billing”"
    assert length.rows[0].points[0].shown == "not measured"


def test_findings_that_may_be_chance_are_folded(make_run: MakeRun) -> None:
    def add(slices: Any) -> None:
        slices["worse"].append({**slices["worse"][0], "clear": False, "sentence": "By chance."})

    view = view_of(make_run("sections"), {"slices.json": add})
    first = section(view, "slices").blocks[0]
    assert isinstance(first, Sentences)
    assert "By chance." not in [item.text for item in first.items]
    assert "By chance." in sentences(view, "slices")


def test_the_plan_says_where_it_stands_and_ticks_the_roadmap(make_run: MakeRun) -> None:
    def objects(plan: Any) -> None:
        plan["missing"] = [{"gate": "x", "sentence": "More rows are needed.", "rows": 220}]
        plan["next"]["items"] = [{"text": "train it", "seconds": 60.0, "basis": "measured",
                                  "cost": 0.5}]  # fmt: skip

    view = view_of(make_run("sections"), {"plan.json": objects})
    plan = section(view, "plan")
    assert plan.lead.endswith("Now in phase 2: LoRA.")
    lists = [one for one in plan.blocks if isinstance(one, Checklist)]
    assert lists[0].items == (
        (False, "More rows are needed.", "about 220 more test rows would tell"),
    )
    assert lists[1].items == ((False, "Train it", "1 min 00 s, 0.50 USD, measured"),)
    assert lists[2].items[0] == (True, "Collect 1,000 rows", "1,743 rows")


def test_failures_are_counted_and_shown_to_read(make_run: MakeRun) -> None:
    view = view_of(make_run("sections"))
    table = tables(view, "audits")[0]
    safety = next(row for row in table.rows if row[0].text == "Title of safety")
    assert [cell.text for cell in safety[1:5]] == ["40", "4", "10%", "at most 8%"]
    assert safety[5].badge is not None
    assert safety[5].badge.text == "✗ failed"
    folds = [one for one in section(view, "audits").blocks if isinstance(one, Fold)]
    assert folds[0].summary.endswith("1 failed, to read")


def test_what_is_measured_is_told_from_opinion(make_run: MakeRun) -> None:
    (table,) = tables(view_of(make_run("sections")), "approaches")
    badges = [cell.badge.text for cell in table.rows[0][1:] if cell.badge]
    assert badges == ["measured", "opinion", "measured", "opinion", "opinion"]
    assert table.rows[1][0].small == "not tried here"


def test_the_lines_of_cost_go_through_the_volumes(make_run: MakeRun) -> None:
    view = view_of(make_run("sections"))
    assert view.methods is not None
    plot = view.methods.cost.total
    assert plot is not None
    assert plot.log
    lora = next(line for line in plot.lines if line.label == "LoRA tuning")
    assert lora.points[-1] == (100_000, 0.094 + 0.00018 * 100_000)
    # A break-even lies on its line: costs are linear in the answers.
    for mark in plot.marks:
        assert mark.y == pytest.approx(0.094 + 0.00018 * mark.x)


def test_the_title_of_the_cost_plot_is_about_the_expected_volume(make_run: MakeRun) -> None:
    """Few-shot prompting is cheaper up to 2,000 answers, the plot ends at 100,000."""
    folder = make_run("sections")
    decision = read_json(folder / "decision.json")
    for expected, title in ((1000, "Few-shot"), (50_000, "LoRA tuning")):
        decision["cost"]["horizon_answers"] = expected
        for point in decision["cost"]["volumes"]:
            n = point["answers"]
            point["totals"] = {"base": 9e9, "few_shot": 0.2 * n, "lora": 200 + 0.1 * n}
        write_json(folder / "decision.json", decision)
        view = view_of(folder)
        assert view.methods is not None
        plot = view.methods.cost.total
        assert plot is not None
        assert plot.title.startswith(title)
        assert plot.title.endswith(f"costs least at {expected:,} answers")


def test_the_confusion_matrix_keeps_every_row(make_run: MakeRun) -> None:
    view = view_of(make_run("sections"))
    (table,) = tables(view, "classes")
    assert [[cell.text for cell in row[1:]] for row in table.rows] == [
        ["30", "5", "1", "36"], ["2", "38", "0", "40"], ["9", "1", "20", "30"]
    ]  # fmt: skip


def test_folds_are_drawn_beside_their_mean(make_run: MakeRun) -> None:
    (plot,) = charts(view_of(make_run("sections")), "folds")
    assert isinstance(plot, plots.Dots)
    values = [point.value for point in plot.rows[0].points if point.series == 0]
    assert values == [0.40, 0.42, 0.44, 0.47, 0.43]
    assert plot.rows[0].more == "± 0.026"


def test_one_training_has_one_time_and_one_cost_everywhere(make_run: MakeRun) -> None:
    """The tile, the section on training and the table of cost count the search for settings."""

    def searched(card: Any) -> None:
        card["training"] |= {"seconds": 330.0, "search": {"seconds": 108.0, "chosen": {}}}

    view = view_of(make_run("sections"), {"methods/lora/metrics.json": searched})
    assert view.methods is not None
    row = next(row for row in view.methods.cost.rows if row.method.startswith("LoRA"))
    facts = dict(next(t for t in view.methods.training if t.method == row.method).facts)
    assert row.training_time == "7 min 18 s"
    assert facts["Time"].startswith("7 min 18 s with the search (the training 5 min 30 s")
    assert facts["Cost"].startswith(row.training)


def test_a_total_that_does_not_decide_says_so(make_run: MakeRun) -> None:
    def uncounted(decision: Any) -> None:
        for total in decision["cost"]["totals"]:
            total["counted"] = total["total"] / 2

    view = view_of(make_run("sections"), {"decision.json": uncounted})
    assert view.methods is not None
    table = next(p for p in view.methods.cost.parts if isinstance(p, Table))
    assert table.head[1].text == "In all, with assumed work (does not decide)"
    assert "(decides)" in view.methods.cost.horizon


def test_gates_have_units_a_relation_and_names(make_run: MakeRun) -> None:
    gate = {"name": "memory", "label": "fits", "met": True, "measured": 7822, "wanted": 23323,
            "unit": "MiB", "sentence": "“lora” fits."}  # fmt: skip

    def gates(plan: Any) -> None:
        plan["phases"][0]["gates"] = [gate, {**gate, "met": None, "measured": None}]

    table = tables(view_of(make_run("sections"), {"plan.json": gates}), "plan")[0]
    first, second = table.rows
    assert [cell.text for cell in first[:3]] == ["Fits", "7.6 GiB", "at most 22.8 GiB"]
    assert "“lora”" not in first[0].small
    assert second[3].badge is not None
    assert second[3].badge.text == "not known yet"


def test_hours_that_are_not_counted_are_one_line(make_run: MakeRun) -> None:
    def hours(decision: Any) -> None:
        decision["cost"]["sensitivity"] = [
            {"assumption": f"hours.{name}", "flips_at": None, "sentence": name}
            for name in ("base", "lora")
        ]
        for row in decision["table"]:
            row["cost"]["work"] = 0

    said = sentences(view_of(make_run("sections"), {"decision.json": hours}), "behind")
    assert "Hours of work with 2 methods are not counted: they change nothing." in said


def test_past_audits_are_there_to_compare(make_run: MakeRun) -> None:
    run = make_run("sections")
    lines = [
        {"at": at, "method": "lora", "suite": suite, "n": 40, "failed": failed, "passed": failed < 4}
        for at, suite, failed in (
            ("2026-02-01T10:00:00+00:00", "safety", 5), ("2026-03-01T10:00:00+00:00", "safety", 1),
            ("2026-03-01T10:00:00+00:00", "typos", 2),
        )
    ]  # fmt: skip
    write_jsonl(run / "audits" / "history.jsonl", lines)
    view = view_of(run)
    folds = [one for one in section(view, "audits").blocks if isinstance(one, Fold)]
    (past,) = [one for one in folds if "audits so far" in one.summary]
    assert past.summary == "LoRA tuning: 2 audits so far"
    (table,) = [one for one in past.blocks if isinstance(one, Table)]
    assert [cell.text for cell in table.rows[0]] == [
        "1 March 2026, 10:00 UTC",
        "1 of 40",
        "2 of 40",
    ]
    assert [cell.text for cell in table.rows[1]] == ["1 February 2026, 10:00 UTC", "5 of 40", "–"]
    assert table.rows[1][1].badge is not None
    assert table.rows[1][1].badge.tone == "no"


def test_ratings_say_which_differ(make_run: MakeRun) -> None:
    def rated(human: Any) -> None:
        human["rating_pairs"] = [
            {"a": "lora", "b": "base", "clear": clear, "sentence": f"Sentence {clear}."}
            for clear in (True, False)
        ]

    view = view_of(make_run("sections"), {"human.json": rated})
    said = [
        (item.text, item.badge.text if item.badge else None)
        for one in section(view, "human").blocks if isinstance(one, Sentences)
        for item in one.items
    ]  # fmt: skip
    assert ("Sentence True.", "clear") in said
    assert ("Sentence False.", "not clear") in said


def test_why_a_gate_failed_is_said_once(make_run: MakeRun) -> None:
    def both(forgetting: Any) -> None:
        forgetting["sentences"] = ["The gate failed: texts surprise it twice as much, over 1.5."]
        forgetting["gate"]["reasons"] = ["texts surprise it twice as much, over 1.5", "It is slow."]

    view = view_of(make_run("sections"), {"methods/lora/forgetting.json": both})
    said = sentences(view, "forgetting")
    assert sum("surprise it twice" in text for text in said) == 1
    assert "It is slow." in said
