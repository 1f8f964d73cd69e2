"""Figures of votes, against scipy and sums by hand."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest, permutation_test

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.human.answers import Vote
from tunesmith.evaluate.human.results import human
from tunesmith.evaluate.human.tasks import Kind, Task

CONFIG = EvaluateConfig(resamples=10_000)
RATERS = ("rater-1", "rater-2")


def task(
    number: int, *, group: str | None = None, turned: bool = False, kind: Kind = "pairwise"
) -> Task:
    methods = ("base", "lora") if turned else ("lora", "base")
    methods = methods if kind == "pairwise" else methods[:1]
    return Task(
        f"t{number}", f"r{number}", kind, group, "SECRET", ("x",) * len(methods), methods, RATERS
    )


def judged(values: list[str], **more: Any) -> tuple[list[Task], list[Vote]]:
    """One vote of rater-1 for each task; every other task is turned round."""
    turn = {"left": "right", "right": "left", "tie": "tie"}
    tasks = [task(n, turned=n % 2 == 1, **more) for n in range(len(values))]
    votes = [
        Vote(one, "rater-1", turn[value] if one.methods[0] == "base" else value, "SECRET too")
        for one, value in zip(tasks, values, strict=True)
    ]
    return tasks, votes


def test_the_win_rate_is_counted_over_methods_not_sides() -> None:
    tasks, votes = judged(["left"] * 9 + ["right"] * 2 + ["tie"] * 2)
    found = human(tasks, votes, config=CONFIG, order=["lora", "base"])
    (pair,) = found["pairs"]
    assert (pair["a"], pair["b"]) == ("lora", "base")
    assert (pair["wins_a"], pair["wins_b"], pair["ties"], pair["n"]) == (9, 2, 2, 13)
    assert pair["win_rate"]["value"] == pytest.approx(10 / 13)
    assert 0.4 < pair["win_rate"]["low"] < 10 / 13 < pair["win_rate"]["high"] <= 1
    assert "SECRET" not in str(found)
    assert found["tasks"] == {"tasks": 13, "questions": 13, "given": 26, "answered": 13, "open": 13}
    assert found["raters"][1] == {"rater": "rater-2", "given": 13, "answered": 0, "open": 13}


@pytest.mark.parametrize("wins", [6, 9, 12])
def test_without_ties_the_test_is_the_sign_test(wins: int) -> None:
    tasks, votes = judged(["left"] * wins + ["right"] * (12 - wins))
    (pair,) = human(tasks, votes, config=CONFIG, order=["lora", "base"])["pairs"]
    assert pair["p_value"] == pytest.approx(binomtest(wins, 12).pvalue)
    assert pair["clear"] is (wins == 12)
    said = "People prefer lora to base" if wins == 12 else "cannot be said to prefer"
    assert said in pair["sentence"]


def test_a_thread_counts_once() -> None:
    alone, votes = judged(["left"] * 12)
    (free,) = human(alone, votes, config=CONFIG, order=["lora", "base"])["pairs"]
    threads, votes = judged(["left"] * 12, group="one thread")
    (tied,) = human(threads, votes, config=CONFIG, order=["lora", "base"])["pairs"]
    assert free["p_value"] == pytest.approx(2 / 2**12)
    assert tied["p_value"] == 1
    assert tied["win_rate"]["groups"] == 1
    assert "too few" in tied["win_rate"]["note"]


def test_a_question_that_two_judge_counts_once() -> None:
    tasks, votes = judged(["left"] * 3 + ["right"])
    votes.append(Vote(tasks[0], "rater-2", "right", ""))
    (pair,) = human(tasks, votes, config=CONFIG, order=["lora", "base"])["pairs"]
    assert (pair["n"], pair["votes"]) == (4, 5)
    assert pair["win_rate"]["value"] == pytest.approx((0.5 + 1 + 1 + 0) / 4)


def test_ratings_have_a_mean_and_their_agreement_is_ordinal() -> None:
    tasks = [task(n, kind="rating") for n in range(12)]
    votes = [Vote(one, "rater-1", 1 + n % 5, "") for n, one in enumerate(tasks)]
    votes += [Vote(one, "rater-2", 1 + n % 5, "") for n, one in enumerate(tasks)]
    found = human(tasks, votes, config=CONFIG, order=["lora"])
    (rated,) = found["ratings"]
    assert rated["mean"]["value"] == pytest.approx(sum(1 + n % 5 for n in range(12)) / 12)
    assert rated["counts"] == {"1": 6, "2": 6, "3": 4, "4": 4, "5": 4}  # of both raters
    assert found["agreement"]["level"] == "ordinal"
    assert found["agreement"]["value"] == 1
    assert found["agreement"]["n"] == 12
    assert found["agreement"]["kappa"] == [
        {"raters": list(RATERS), "name": "Cohen's kappa", "value": 1.0, "low": None, "high": None,
         "n": 12}
    ]  # fmt: skip
    assert "almost perfect" in found["agreement"]["sentence"]
    assert found["pairs"] == []


def test_nothing_answered_is_no_figure() -> None:
    tasks, _ = judged(["left"] * 3)
    found = human(tasks, [], config=CONFIG, order=["lora", "base"])
    assert found["pairs"][0]["win_rate"]["value"] is None
    assert found["pairs"][0]["sentence"] == "Nobody has judged lora against base yet."
    assert found["agreement"]["value"] is None
    assert "--overlap" in found["agreement"]["note"]
    assert found["tasks"]["open"] == 6


def test_always_the_same_side_shows() -> None:
    tasks = [task(n, turned=n % 2 == 1) for n in range(10)]
    found = human(
        tasks, [Vote(one, "rater-1", "left", "") for one in tasks], config=CONFIG, order=["lora"]
    )
    assert found["sides"] == {"left": 10, "right": 0, "tie": 0}
    assert found["pairs"][0]["win_rate"]["value"] == 0.5


def rated(pairs: list[tuple[int | None, int | None]]) -> tuple[list[Task], list[Vote]]:
    """Ratings of lora and base on each question; None is an open task."""
    tasks, votes = [], []
    for number, values in enumerate(pairs):
        for method, value in zip(("lora", "base"), values, strict=True):
            one = Task(
                f"{method}-{number}", f"r{number}", "rating", None, "q", ("x",), (method,), RATERS
            )
            tasks.append(one)
            if value is not None:
                votes.append(Vote(one, "rater-1", value, ""))
    return tasks, votes


def test_ratings_of_two_methods_are_compared_on_the_questions_of_both() -> None:
    given = [(5, 3), (4, 4), (5, 2), (3, 4), (4, 2), (5, 4), (4, 1), (5, 5), (3, 2), (5, 3)]
    tasks, votes = rated([*given, (1, None), (None, 5)])
    found = human(tasks, votes, config=CONFIG, order=["lora", "base"])
    (pair,) = found["rating_pairs"]
    lora, base = (np.array(side, dtype=float) for side in zip(*given, strict=True))
    expected = permutation_test(
        (lora, base), lambda a, b: float(np.mean(a - b)), permutation_type="samples",
        n_resamples=np.inf,
    )  # fmt: skip
    assert (pair["a"], pair["b"], pair["n"]) == ("lora", "base", 10)
    assert pair["difference"] == pytest.approx(float(np.mean(lora - base)))
    assert pair["p_value"] == pytest.approx(expected.pvalue)
    assert pair["low"] < pair["difference"] < pair["high"]
    assert pair["clear"]
    assert pair["sentence"].startswith("lora is rated higher than base, by 1.30 (95% interval ")
    assert pair["sentence"] in found["sentences"]


def test_ratings_that_do_not_differ_clearly_say_so() -> None:
    tasks, votes = rated([(3, 4), (4, 3)] * 6 + [(3, 4)])
    (pair,) = human(tasks, votes, config=CONFIG, order=["lora", "base"])["rating_pairs"]
    assert not pair["clear"]
    said = re.match(
        r"base cannot be said to be rated higher than lora, by 0\.08 "
        r"\(95% interval (-?[\d.]+) to (-?[\d.]+)\)",
        pair["sentence"],
    )
    assert said is not None
    assert float(said[1]) == pytest.approx(-pair["high"], abs=0.005)
    assert float(said[2]) == pytest.approx(-pair["low"], abs=0.005)
    tasks, votes = rated([(5, None), (None, 2)])
    (none,) = human(tasks, votes, config=CONFIG, order=["lora", "base"])["rating_pairs"]
    assert none["sentence"] == "Nobody has rated lora and base on the same question yet."
