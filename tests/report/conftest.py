"""A maker of whole run folders for the report's tests: invented figures in the real shapes.

`write_run(folder, kind)` writes one; the kinds are in `KINDS`.
"""

from __future__ import annotations

import importlib.util
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def _beside(name: str) -> Any:
    """A module beside this one: with importlib as import mode, tests have no import path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


write_sections = _beside("report_sections").write_sections
ATTACK = '<script>window.hacked=1</script>" onmouseover="window.hacked=1" x=\'&lt;b&gt; </details>'
CATEGORIES = (
    "billing", "delivery", "returns", "account access", "password reset", "refunds", "invoices",
    "cancellation", "complaints", "technical fault", "warranty", "feedback",
)  # fmt: skip
METHOD_FIGURES: dict[str, dict[str, tuple[float, float, float]]] = {
    "base": {
        "token_f1": (0.171, 0.158, 0.184), "exact_match": (0.0, 0.0, 0.0),
        "rouge_l": (0.118, 0.11, 0.127), "bleu": (1.4, 1.1, 1.8), "chrf": (22.3, 21.2, 23.4),
        "perplexity": (11.42, 10.7, 12.2), "latency_p50_s": (2.61, 2.4, 2.83),
        "latency_p95_s": (4.4, 4.2, 4.61), "tokens_in_mean": (41.2, 40.1, 42.5),
        "tokens_out_mean": (118.4, 112.0, 125.0),
    },
    "few_shot": {
        "token_f1": (0.334, 0.312, 0.357), "exact_match": (0.008, 0.0, 0.025),
        "rouge_l": (0.241, 0.225, 0.26), "bleu": (9.8, 8.5, 11.2), "chrf": (36.0, 34.4, 37.7),
        "perplexity": (5.03, 4.71, 5.4), "latency_p50_s": (3.9, 3.6, 4.2),
        "latency_p95_s": (6.1, 5.8, 6.6), "tokens_in_mean": (612.7, 590.0, 633.0),
        "tokens_out_mean": (104.9, 99.0, 111.0),
    },
    "lora": {
        "token_f1": (0.447, 0.426, 0.469), "exact_match": (0.017, 0.0, 0.042),
        "rouge_l": (0.325, 0.307, 0.345), "bleu": (18.2, 16.4, 20.1), "chrf": (46.6, 44.9, 48.3),
        "perplexity": (2.87, 2.71, 3.05), "latency_p50_s": (2.34, 2.2, 2.49),
        "latency_p95_s": (3.02, 2.9, 3.2), "tokens_in_mean": (41.2, 40.1, 42.5),
        "tokens_out_mean": (89.3, 86.0, 92.7),
    },
}  # fmt: skip
UNITS = {
    "token_f1": "share", "exact_match": "share", "rouge_l": "share", "bleu": "points",
    "chrf": "points", "perplexity": "perplexity", "latency_p50_s": "s", "latency_p95_s": "s",
    "tokens_in_mean": "tokens", "tokens_out_mean": "tokens",
}  # fmt: skip
LOWER = {"perplexity", "latency_p50_s", "latency_p95_s", "tokens_in_mean", "tokens_out_mean"}
LABELS = {
    "base": "Base model",
    "few_shot": "3 similar examples",
    "lora": "r 16 on all linear layers",
}
COST = {"base": (0.0, 0.21), "few_shot": (0.0, 0.33), "lora": (0.094, 0.18)}
RECIPE = """\
# Everything that `tunesmith run` needs to know about this project.
name: support
sources:
  - kind: tickets
    path: raw/tickets.csv
    columns: {question: message, answer: reply, category: topic}
clean:
  terminology: {log-in: login}
split: {test: 0.1, validation: 0.1}
tune: {method: lora, r: 16, alpha: 32}
"""


def run_json(rng: random.Random) -> dict[str, Any]:
    """A finished run of 2,310 rows."""
    reasons = [
        ("collect", "read", "quarantined", "not valid UTF-8 or Windows-1252", 3),
        ("collect", "read", "quarantined", "torn last line", 1),
        ("clean", "required", "dropped", "answer is empty", 96),
        ("dedup", "exact", "merged", "exact duplicate", 142),
        ("dedup", "near_duplicates", "merged", "near duplicate", 214),
        ("check", "length", "dropped", "question shorter than 10 characters", 31),
        ("check", "length", "dropped", "answer longer than 2,000 characters", 4),
        ("check", "language", "dropped", "language is not English", 67),
        ("check", "repetition", "dropped", "more than 30% repeated words", 9),
    ]
    lost = sum(reason[-1] for reason in reasons)
    kept = 2310 - lost
    fates = {
        fate: sum(reason[-1] for reason in reasons if reason[2] == fate)
        for fate in ("merged", "dropped", "quarantined")
    }
    test = validation = kept // 10
    weights = sorted((rng.random() + 0.3 for _ in CATEGORIES), reverse=True)
    sizes = [round(kept * weight / sum(weights)) for weight in weights]
    return {
        "name": "support",
        "status": "done",
        "started_at": "2026-03-04T09:21:07+00:00",
        "finished_at": "2026-03-04T09:29:48+00:00",
        "tunesmith": "0.1.0",
        "seed": 13,
        "counts": {"collected": 2310, "kept": kept, **fates},
        "stages": [
            {"stage": "clean", "rows_in": 2306, "rows_out": 2210, "seconds": 0.8, "changed": 911},
            {"stage": "dedup", "rows_in": 2210, "rows_out": 1854, "seconds": 1.4, "changed": 0},
            {"stage": "check", "rows_in": 1854, "rows_out": kept, "seconds": 0.9, "changed": 0},
        ],
        "reasons": [
            dict(zip(("stage", "step", "fate", "reason", "rows"), reason, strict=True))
            for reason in reasons
        ],
        "personal_data": {
            "EMAIL": 412, "PHONE": 288, "CARD": 17, "IBAN": 24, "SSN": 3, "IP": 41, "URL": 0,
        },
        "duplicates": {
            "exact": 142,
            "near": 214,
            "similarity_histogram": [
                {"from": 0.8 + i / 50, "to": 0.82 + i / 50, "pairs": pairs}
                for i, pairs in enumerate((22, 18, 25, 31, 40, 44, 37, 29, 12, 6))
            ],
            "largest_clusters": [27, 14, 9, 8, 8, 5, 4, 4, 3, 3],
        },
        "lengths": {
            "question": [
                {"from": i * 25, "to": i * 25 + 25, "rows": rows}
                for i, rows in enumerate(
                    (9, 88, 214, 305, 331, 262, 190, 130, 84, 51, 32, 20, 11, 7, 5, 2, 1, 1, 0, 0)
                )
            ],
            "answer": [
                {"from": i * 100, "to": None if i == 14 else i * 100 + 100, "rows": rows}
                for i, rows in enumerate(
                    (4, 61, 152, 248, 300, 311, 240, 160, 98, 66, 44, 27, 16, 9, 7)
                )
            ],
        },
        "categories": [
            {"category": name, "train": size - 2 * (size // 10), "validation": size // 10,
             "test": size // 10}
            for name, size in zip(CATEGORIES, sizes, strict=True)
        ],
        "languages": [{"language": "en", "rows": kept - 6}, {"language": "de", "rows": 6}],
        "splits": {"train": kept - test - validation, "validation": validation, "test": test},
        "sources": [
            {"source": "raw/tickets.csv", "kind": "tickets", "files": 1, "rows": 2120,
             "quarantined": 4, "license": "internal"},
            {"source": "raw/knowledge-base", "kind": "knowledge_base", "files": 25, "rows": 190,
             "quarantined": 0, "license": None},
        ],
        "timings_s": {"collect": 0.6, "clean": 0.8, "dedup": 1.4, "check": 0.9, "split": 0.2,
                      "tune": 338.2, "evaluate": 171.5, "decide": 0.7},
        "peak_memory_mib": 2212.4,
        "dataset": {"version": 0, "fingerprint": "9f2c04d1be7a8831", "path": "dataset"},
        "fingerprints": {"collect": "0d6c6a1f77b1c2aa", "clean": "77b1c2aa0d6c6a1f"},
        "environment": {"python": "3.11.9", "platform": "Linux x86_64", "cpu": "a processor",
                        "cores": 2, "memory_gib": 15.6},
        "terminology": {"log-in": 14},
        "recipe": RECIPE,
    }  # fmt: skip


def quality_json() -> dict[str, Any]:
    """Six figures, one of them not met."""
    rows = [
        ("leaks", "Personal data left after masking", 0, 0, "at most", True, "findings"),
        ("duplication", "Duplicates left in the dataset", 0.0042, 0.01, "at most", True, "share"),
        ("coverage", "Categories with at least ten rows", 1.0, 0.95, "at least", True, "share"),
        ("language", "Language quality", 0.991, 0.98, "at least", True, "share"),
        ("diversity", "Source diversity", 0.41, 0.8, "at least", False, "score"),
        ("split_leaks", "Near duplicates across splits", 0, 0, "at most", True, "pairs"),
    ]
    keys = ("name", "label", "value", "target", "direction", "met", "unit")
    return {"figures": [dict(zip(keys, row, strict=True)) for row in rows]}


def metrics_json(name: str, rng: random.Random) -> dict[str, Any]:
    """One method's figures; LoRA has a training."""
    metrics = {
        key: {"value": value, "low": low, "high": high, "n": 120, "unscored": 0,
              "unit": UNITS[key], "higher_is_better": key not in LOWER, "label": key}
        for key, (value, low, high) in METHOD_FIGURES[name].items()
    }  # fmt: skip
    training = None
    if name == "lora":
        losses = [1.25 + 1.6 * 0.985**step + rng.gauss(0, 0.06) for step in range(0, 300, 5)]
        training = {
            "seconds": 338.2, "steps": 300, "epochs": 3.1, "tokens": 512_334,
            "tokens_per_s": 1514.9,
            "peak_memory_mib": 2212.4, "trainable_parameters": 4_884_480,
            "total_parameters": 139_400_000, "predicted_s": 351.0, "adapter_mib": 18.7,
            "examples": 1395, "resumed_from_step": None,
            "settings": {"r": 16, "alpha": 32, "dropout": 0.05, "learning_rate": 0.0002,
                         "batch": 4, "targets": ["q_proj", "v_proj", "up_proj"]},
            "curve": [{"step": 5 * i + 5, "loss": loss, "learning_rate": 2e-4, "seconds": 5.6 * i}
                      for i, loss in enumerate(losses)],
            "planned_steps": 300, "kept_step": 250, "kept_loss": 1.41,
            "validation": [{"step": step, "loss": loss, "token_f1": 0.7 - loss / 5,
                            "stopped": step / 300} for step, loss in
                           ((0, 2.91), (50, 2.04), (100, 1.66), (150, 1.5), (200, 1.43),
                            (250, 1.41), (300, 1.405))],
        }  # fmt: skip
    return {
        "method": name,
        "kind": name,
        "label": LABELS[name],
        "n": 120,
        "metrics": metrics,
        "signatures": {
            "bleu": "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.5.1",
            "chrf": "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.5.1",
        },
        "generation": {"seconds": 57.1, "tokens_per_s": 188.3, "batch_size": 8,
                       "peak_memory_mib": 1480.0},
        "training": training,
    }  # fmt: skip


def decision_json(names: list[str]) -> dict[str, Any]:
    """LoRA wins; ten samples, the third with an attack in every text."""
    reference = (
        "I'm sorry your parcel has not arrived. I have asked the carrier to trace it and you will "
        "hear from us within two working days. If it is lost, we send a new one free of charge."
    )
    answers = {
        "base": "I am not able to help you with your order. Please check the website of the shop "
        "for more information about the status of your order and the shipping times.",
        "few_shot": "I'm sorry to hear that your parcel has not arrived yet. Please check the "
        "tracking number, and if it is lost we will send a new parcel.",
        "lora": "I'm sorry your parcel has not arrived. I have asked the carrier to trace it, and "
        "you will hear from us within two working days.",
    }
    samples = [
        {
            "id": f"t-{i}",
            "category": CATEGORIES[i],
            "why": "best" if i < 3 else "typical" if i < 7 else "worst",
            "question": f"Hello, where is my order number 10{i}42? It should have been here on "
            "Monday and nobody answers the phone.",
            "reference": reference,
            "answers": {name: answers.get(name, answers["base"]) for name in names},
            "token_f1": {name: METHOD_FIGURES[name]["token_f1"][0] + i / 100 for name in names},
        }
        for i in range(10)
    ]
    samples[2].update(question=ATTACK, reference=ATTACK, category=ATTACK,
                      answers=dict.fromkeys(names, ATTACK))  # fmt: skip
    pairs = [("lora", "few_shot"), ("lora", "base"), ("few_shot", "base")]
    comparisons = []
    for metric in ("token_f1", "rouge_l", "chrf"):
        for a, b in pairs:
            if a not in names or b not in names:
                continue
            one, two = METHOD_FIGURES[a][metric], METHOD_FIGURES[b][metric]
            difference = one[0] - two[0]
            comparisons.append(
                {"metric": metric, "a": a, "b": b, "difference": difference,
                 "low": difference * 0.85, "high": difference * 1.15, "p_value": 0.0002,
                 "p_holm": 0.0006, "n": 120,
                 "clear": True,
                 "sentence": f"{a} is better than {b} by {difference:.3f} "
                 f"({difference * 0.85:.3f} to {difference * 1.15:.3f})."}
            )  # fmt: skip
    return {
        "headline": "Fine-tune: LoRA tuning is clearly better than few-shot prompting, with 0.447 "
        "against 0.334 in Token F1 (shared words, from 0 to 1) on 120 test questions.",
        "confidence": 0.95,
        "verdict": {
            "choice": "lora",
            "kind": "fine-tune",
            "reasons": [
                (
                    "Token F1 is 0.447 with LoRA and 0.334 with few-shot prompting; the difference "
                    "of 0.113 (0.096 to 0.130) is clear of zero."
                ),
                "1,000 answers cost 0.18 USD with LoRA and 0.33 USD with few-shot prompting.",
                "Training took 5 min 38 s.",
                "Nothing else was measured.",
                "The test rows were not seen before.",
                "The training cost 0.094 USD and is paid back after 627 answers.",
            ],
            "next": [
                "Have a person read fifty answers before a customer does.",
                "Serve the adapter with `tunesmith serve`.",
                "Run again when a month of new tickets is there.",
            ],
        },
        "metric": "token_f1",
        "table": [
            {"method": name, "kind": name, "label": LABELS[name], "n": 120, "metrics": {},
             "cost": {"training": COST[name][0], "work": 0.0, "setup": COST[name][0],
                      "answer_s": 0.47, "per_1000": COST[name][1],
                      "total": COST[name][0] + COST[name][1] * 120, "currency": "USD"},
             "chosen": name == "lora"}
            for name in names
        ],
        "comparisons": comparisons,
        "cost": {
            "currency": "USD",
            "machine_hour": 1.0,
            "answers_per_month": 10_000,
            "horizon_months": 12,
            "note": "Measured seconds at 1.00 USD a machine hour. Hours of work are not counted.",
            "break_even": [
                {"a": "lora", "b": "few_shot", "answers": 627,
                 "sentence": "Against few-shot prompting, LoRA is cheaper from 627 answers on."},
                {"a": "lora", "b": "base", "answers": 3134,
                 "sentence": "Against the base model, LoRA is cheaper from 3,134 answers on."},
            ],
        },
        "samples": samples,
    }  # fmt: skip


def _full(run: dict[str, Any], decision: dict[str, Any]) -> None:
    del run, decision


def _awkward(run: dict[str, Any], decision: dict[str, Any]) -> None:
    """30 categories with long names, huge counts, nulls, a stopped run, many reasons."""
    huge = 1_234_567_890_123
    run["name"] = "a project with an exceedingly long name " + "without_any_blank_" * 6
    run["status"] = "interrupted"
    run["finished_at"] = None
    run["counts"] = {"collected": huge, "kept": huge - 3_000_000, "merged": 2_000_000,
                     "dropped": 1_000_000, "quarantined": 0}  # fmt: skip
    run["reasons"] = [
        {"stage": ("clean", "dedup", "check")[i % 3], "step": "s",
         "fate": "merged" if i % 3 == 1 else "dropped",
         "reason": f"reason {i} " + "that goes on and on " * (i % 4), "rows": 10_000 * (i + 1)}
        for i in range(22)
    ]  # fmt: skip
    run["categories"] = [
        {"category": f"Kategorie{i} " + "Donaudampfschifffahrtsgesellschaftskapitän" * (1 + i % 2),
         "train": 1000 // (i + 1), "validation": 50, "test": 0 if i > 25 else 40}
        for i in range(30)
    ]  # fmt: skip
    run["categories"].append({"category": None, "train": 1, "validation": None, "test": 0})
    run["personal_data"] = {}
    run["duplicates"] = {"exact": 0, "near": None, "similarity_histogram": [],
                         "largest_clusters": None}  # fmt: skip
    run["languages"] = [
        {"language": code, "rows": 1000 - i}
        for i, code in enumerate(["en", "de", "fr", "xx", "es", "it", "pl"])
    ]
    run["peak_memory_mib"] = None
    decision["verdict"] = {"choice": None, "kind": "undecided", "reasons": [], "next": []}
    decision["headline"] = "Not decided: " + "no method is clearly better than another, " * 4
    for row in decision["table"]:
        row["chosen"] = False
        row["cost"] = {"training": None, "per_1000": None, "currency": None, "total": None}
    decision["cost"] = None
    decision["confidence"] = 0.9
    for comparison in decision["comparisons"]:
        comparison.update(low=-0.02, difference=0.01, high=0.04, clear=False, p_value=0.4)
    decision["samples"][0]["answers"]["lora"] = None
    decision["samples"][1]["question"] = "x" * 700
    decision["samples"][4]["question"] = "مرحبا، أين طلبي رقم 10442؟"


def _empty(run: dict[str, Any], decision: dict[str, Any]) -> None:
    """Nothing was kept, nothing was found."""
    del decision
    run.update(
        counts=dict.fromkeys(("collected", "kept", "merged", "dropped", "quarantined"), 0),
        reasons=[], stages=[], personal_data={}, lengths={"question": [], "answer": []},
        categories=[], languages=[], sources=[], splits={"train": 0, "validation": 0, "test": 0},
        timings_s={}, duplicates=None, dataset=None, environment=None, fingerprints=None,
        recipe=None,
    )  # fmt: skip


KINDS: dict[str, tuple[list[str], Callable[[dict[str, Any], dict[str, Any]], None]]] = {
    "full": (["base", "few_shot", "lora"], _full),
    "sections": (["base", "few_shot", "lora"], _full),
    "one_method": (["lora"], _full),
    "awkward": (["base", "few_shot", "lora"], _awkward),
    "data_only": ([], _full),
    "empty": ([], _empty),
}


def write_run(folder: Path, kind: str = "full") -> Path:
    """Write a run folder of one of the `KINDS`."""
    names, change = KINDS[kind]
    rng = random.Random(7)
    run, decision = run_json(rng), decision_json(names)
    change(run, decision)
    documents: dict[str, Any] = {"run.json": run, "quality.json": quality_json()}
    if kind == "empty":
        del documents["quality.json"]
    if names:
        documents["decision.json"] = decision
    for name in names:
        documents[f"methods/{name}/metrics.json"] = metrics_json(name, rng)
    if kind == "awkward":
        lora = documents["methods/lora/metrics.json"]
        lora["metrics"]["token_f1"].update(value=None, low=None, high=None, unscored=120)
        lora["metrics"]["perplexity"].update(low=None, high=None)
        lora["metrics"]["latency_p95_s"].update(high=None, note="20 rows are too few.")
        lora["metrics"]["chrf"].update(value=36.4, low=34.8, high=38.0)
        lora["metrics"]["house_score"] = {"value": 12345678.9, "low": 1.0, "high": 2e7, "n": 120,
                                          "unscored": 0, "unit": "", "higher_is_better": True,
                                          "label": "House score"}  # fmt: skip
        lora["training"]["validation"] = []
        lora["training"]["seconds"] = None
        del documents["methods/base/metrics.json"]
    for path, document in documents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return write_sections(folder) if kind == "sections" else folder


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """`make_run(kind)` writes a run folder of this kind."""

    def make(kind: str = "full") -> Path:
        return write_run(tmp_path / kind, kind)

    return make
