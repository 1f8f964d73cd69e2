"""`k: auto` on made answers of known quality, against hand-computed choices, and on a real job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tunesmith.errors import TunesmithError
from tunesmith.evaluate import choose_k as module
from tunesmith.evaluate.choose_k import choose_k, drawn, settled
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.generate import Generation
from tunesmith.io import write_json
from tunesmith.models import BaseModel
from tunesmith.progress import SilentProgress
from tunesmith.prompting import BaseConfig, Example, FewShotConfig, PromptConfig

CONFIG = EvaluateConfig(resamples=1000, latency_rows=0, max_new_tokens=6, batch_size=8)
WORDS = 20


def made(
    share: float, *, n: int = 80, seed: int = 0, unscored: int = 0, dropped: int = 0
) -> Generation:
    """Answers that share `share` of their words with the reference."""
    chance = np.random.default_rng(seed)
    rows = []
    for number in range(n):
        right = chance.random(WORDS) < share
        reference = [f"w{number}x{place}" for place in range(WORDS)]
        said = [word if ok else "other" for word, ok in zip(reference, right, strict=True)]
        rows.append(
            {
                "id": f"{number}", "group": None, "reference": " ".join(reference), "error": None,
                "prediction": None if number < unscored else " ".join(said),
                "tokens_in": 100, "tokens_out": 10,
            }
        )  # fmt: skip
    return Generation(rows, {"seconds": 2.0, "rows_with_dropped_shots": dropped})


def judged(**shares: Any) -> tuple[list[dict[str, Any]], int]:
    generations = {
        int(name[1:]): value if isinstance(value, Generation) else made(value, seed=int(name[1:]))
        for name, value in shares.items()
    }
    return module._judged(generations, "token_f1", CONFIG, where="method 'few'")


def test_the_best_is_taken_where_it_is_clear() -> None:
    tried, k = judged(k1=0.3, k3=0.6, k8=0.4)
    assert k == 3
    assert [row["k"] for row in tried] == [1, 3, 8]
    assert tried[1]["value"] == pytest.approx(0.6, abs=0.03)
    assert tried[1]["low"] < tried[1]["value"] < tried[1]["high"]
    assert tried[0]["worse_by"] == pytest.approx(0.3, abs=0.04)
    assert tried[0]["p_holm"] < 0.01
    assert "worse_by" not in tried[1]


def test_of_two_that_cannot_be_told_apart_the_smaller_is_taken() -> None:
    tried, k = judged(k1=0.3, k2=0.6, k5=0.605)
    assert max(tried, key=lambda row: row["value"])["k"] == 5  # by chance, in this draw
    assert k == 2


def test_no_difference_takes_the_smallest_in_nearly_every_draw() -> None:
    taken = [
        judged(**{f"k{k}": made(0.5, seed=100 * draw + k) for k in (1, 3, 8)})[1]
        for draw in range(40)
    ]
    assert sum(k != 1 for k in taken) <= 5  # 5% expected: more than 5 of 40 in 1% of cases


def test_a_number_with_which_rows_fail_is_out() -> None:
    tried, k = judged(k1=0.3, k3=made(0.9, unscored=1))
    assert k == 1
    assert tried[1]["unscored"] == 1


def test_too_few_rows_tell_nothing() -> None:
    tried, k = judged(k1=made(0.2, n=8), k3=made(0.9, n=8))
    assert k == 1
    assert tried[0]["low"] is None


def test_rows_that_cannot_be_scored_are_an_error() -> None:
    with pytest.raises(TunesmithError, match="no validation row could be scored"):
        judged(k1=made(0.2, n=8, unscored=8))


def run(
    method: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, more: Any = None,
    **generations: Generation,
) -> Any:  # fmt: skip
    asked: list[Any] = []

    def generate(method: FewShotConfig, rows: list[Example], **settings: Any) -> Generation:
        asked.append((method.k, [row.id for row in rows], settings["out"].name))
        return generations[f"k{method.k}"]

    monkeypatch.setattr(module, "generate", generate)
    validation = [Example(f"v{n}", f"what about {n}?", "yes") for n in range(90)]
    got = choose_k(
        method, validation=validation, train=[Example("t", "q", "a")], out=tmp_path / "few",
        model=BaseModel("m", tmp_path, "f", "folder"), evaluation=CONFIG,
        prompt=PromptConfig(), progress=SilentProgress(), **{"metric": "token_f1", **(more or {})},
    )  # fmt: skip
    return got, asked


def test_what_is_answered_and_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    method = FewShotConfig(k="auto", choices=(1, 3), search_rows=60)
    got, asked = run(method, monkeypatch, tmp_path, k1=made(0.2), k3=made(0.5))
    assert got.method == method.model_copy(update={"k": 3})
    assert [k for k, _, _ in asked] == [1, 3]
    assert asked[0][1] == asked[1][1]
    assert len(asked[0][1]) == 60
    record = got.stats["chosen_k"]
    assert {name: record[name] for name in ("k", "metric", "rows", "seconds")} == {
        "k": 3, "metric": "token_f1", "rows": 60, "seconds": 4.0,
    }  # fmt: skip
    assert (record["tokens_in"], record["tokens_out"]) == (2 * 80 * 100, 2 * 80 * 10)
    assert got.label == "Few-shot prompt, 3 examples (nearest), k 3 chosen on 60 validation rows"


def test_likeness_in_meaning_is_worked_out_where_it_decides(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folders = []

    def liken(rows: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
        folders.append(folder.name)
        alike = 0.9 if folder.name == "k-3" else 0.1
        noise = np.random.default_rng(len(folders)).normal(0, 0.01, len(rows))
        return [
            {**row, "embedding_similarity": alike + by} for row, by in zip(rows, noise, strict=True)
        ]

    method = FewShotConfig(k="auto", choices=(1, 3))
    settings = {"metric": "embedding_similarity", "liken": liken}
    got, _ = run(method, monkeypatch, tmp_path, settings, k1=made(0.2), k3=made(0.5))
    assert got.method.k == 3
    assert folders == ["k-1", "k-3"]


def test_numbers_that_score_no_common_row_are_not_compared() -> None:
    one, other = made(0.9), made(0.2, unscored=40)
    for row in one.predictions[40:]:
        row["prediction"] = None
    tried, k = judged(k1=other, k3=one)
    assert k == 3
    assert "worse_by" not in tried[0]


def test_no_larger_number_is_tried_without_room(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    method = FewShotConfig(k="auto")
    got, asked = run(method, monkeypatch, tmp_path, k1=made(0.2), k2=made(0.9, dropped=41))
    assert [k for k, _, _ in asked] == [1, 2]
    assert got.method.k == 2


def test_other_methods_stay_as_they_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for method in (BaseConfig(), FewShotConfig(k=2)):
        got, asked = run(method, monkeypatch, tmp_path)
        assert got.method is method
        assert (asked, got.label, got.stats) == ([], None, {})


def test_a_method_as_it_was_measured(tmp_path: Path) -> None:
    auto = FewShotConfig(k="auto")
    with pytest.raises(TunesmithError, match="has not been chosen yet"):
        settled(auto, tmp_path)
    write_json(tmp_path / "metrics.json", {"generation": {"chosen_k": {"k": 5}}})
    assert settled(auto, tmp_path) == auto.model_copy(update={"k": 5})
    assert settled(BaseConfig(), tmp_path / "no") == BaseConfig()


def test_without_validation_rows_there_is_no_choice(tmp_path: Path) -> None:
    with pytest.raises(TunesmithError, match="needs validation rows"):
        choose_k(
            FewShotConfig(k="auto"), validation=[], train=[Example("t", "q", "a")], out=tmp_path,
            model=BaseModel("m", tmp_path, "f", "folder"), metric="token_f1", evaluation=CONFIG,
            prompt=PromptConfig(), progress=SilentProgress(),
        )  # fmt: skip


def test_rows_are_drawn_by_the_seed_and_stay_in_order(examples: list[Example]) -> None:
    some = drawn(examples, 7, seed=3)
    assert [row.id for row in some] == sorted(row.id for row in some)
    assert some == drawn(examples, 7, seed=3) != drawn(examples, 7, seed=4)
    assert drawn(examples, None, seed=3) == drawn(examples, 99, seed=3) == examples


@pytest.mark.slow
def test_the_whole_choice_on_a_model(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path
) -> None:
    settings: dict[str, Any] = {
        "validation": examples[12:], "train": examples[:12], "out": tmp_path / "few",
        "model": tiny_model, "metric": "perplexity", "evaluation": CONFIG,
        "prompt": PromptConfig(system="Help."), "progress": SilentProgress(),
    }  # fmt: skip
    method = FewShotConfig(k="auto", choices=(1, 2, 8))
    got = choose_k(method, **settings)
    tried = got.stats["chosen_k"]["tried"]
    # 512 positions, a token a letter: eight examples never fit
    assert [row["k"] for row in tried] == [1, 2, 8]
    assert tried[2]["rows_with_dropped_shots"] == 12
    files = sorted(tmp_path.rglob("predictions.jsonl"))
    assert [file.parent.name for file in files] == ["k-1", "k-2", "k-8"]
    written = [file.stat().st_mtime_ns for file in files]
    assert choose_k(method, **settings) == got
    assert [file.stat().st_mtime_ns for file in files] == written
