"""Methods behind an endpoint from question to scorecard, against a real server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from chat_server import KEY, Server, serving
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import cost_of
from tunesmith.errors import JobError, TunesmithError
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.endpoint.job import plan
from tunesmith.evaluate.generate import Generation, generate
from tunesmith.evaluate.scorecard import Method, scorecard
from tunesmith.models import BaseModel
from tunesmith.prompting import BaseConfig, EndpointConfig, Example, FewShotConfig, PromptConfig
from tunesmith.prompting.select import select_shots
from tunesmith.prompting.template import few_shot_messages

NO_MODEL = BaseModel(name="none", path=Path("nowhere"), fingerprint="", source="folder")
PROMPT = PromptConfig(system="Help.")


def hosted(server: Server, fault: str = "well", **settings: Any) -> EndpointConfig:
    return EndpointConfig(
        url=server.url(fault), **{"model": "echo", "k": 0, "retries": 0, **settings}
    )


def answers(method: EndpointConfig, rows: list[Example], out: Path, **settings: Any) -> Generation:
    given: dict[str, Any] = {"latency_rows": 2, "max_new_tokens": 30, "prompt": PROMPT, **settings}
    return generate(method, rows, model=NO_MODEL, out=out, **given)


def test_rows_are_answered_counted_and_not_asked_twice(
    server: Server, examples: list[Example], tmp_path: Path
) -> None:
    got = answers(hosted(server), examples, tmp_path / "hosted")
    assert [row["prediction"] for row in got.predictions] == [row.question for row in examples]
    assert [row["reference"] for row in got.predictions] == [row.answer for row in examples]
    timed = [row for row in got.predictions if row["latency_s"] is not None]
    assert [row["id"] for row in timed] == ["row-00", "row-12"]
    assert all(0.05 <= row["first_token_s"] < row["latency_s"] for row in timed)
    for row in got.predictions:
        assert row["tokens_out"] == len(row["question"].split())
        assert row["tokens_in"] == row["tokens_out"] + 1  # the system prompt
        assert (row["reference_nll"], row["error"], row["finish"]) == (None, None, "stop")
    endpoint = got.stats["endpoint"]
    assert endpoint["host"] == f"127.0.0.1:{server.port}"
    assert (endpoint["model"], endpoint["local"], endpoint["usage"]) == ("echo", True, "server")
    assert (endpoint["streams"], endpoint["served_as"], endpoint["failed"]) == (True, ["echo"], {})
    assert not (tmp_path / "hosted" / "work-ask").exists()
    asked = len(server.seen("well"))
    dearer = hosted(server, input_per_million=1.0, output_per_million=2.0, concurrency=9)
    again = answers(dearer, examples, tmp_path / "hosted")
    assert len(server.seen("well")) == asked
    assert again.predictions == got.predictions
    assert again.stats["endpoint"]["output_per_million"] == 2.0  # a new price asks nothing again
    answers(hosted(server), examples, tmp_path / "hosted", max_new_tokens=29)
    assert len(server.seen("well")) == asked + len(examples)


def test_the_prompts_are_those_of_few_shot_prompting(
    server: Server, examples: list[Example], tmp_path: Path
) -> None:
    few = FewShotConfig(k=2, template="document")
    chosen = select_shots(few, train=examples[:16], questions=examples[16:])
    expected = [
        few_shot_messages(row.question, shots, PROMPT, "document")
        for row, shots in zip(examples[16:], chosen, strict=True)
    ]
    method = hosted(server, "prompts", k=2, template="document", concurrency=1)
    answers(method, examples[16:], tmp_path, train=examples[:16], latency_rows=0)
    assert [one["body"]["messages"] for one in server.seen("prompts")] == expected
    with pytest.raises(TunesmithError, match="needs training rows"):
        answers(method, examples[16:], tmp_path / "no")


def test_a_row_that_fails_is_unscored_with_its_reason(
    server: Server, examples: list[Example], tmp_path: Path
) -> None:
    rows = [Example("odd", "an odd question", "yes"), *examples[:11]]
    got = answers(hosted(server, "picky"), rows, tmp_path)
    reason = "status 400 (context_length_exceeded)"
    assert [row["error"] for row in got.predictions] == [reason, *[None] * 11]
    assert got.predictions[0]["prediction"] is None
    assert got.stats["endpoint"]["failed"] == {reason: 1}
    card = card_of(got)
    assert (card["metrics"]["token_f1"]["n"], card["metrics"]["token_f1"]["unscored"]) == (11, 1)
    asked = len(server.seen("picky"))
    answers(hosted(server, "picky"), rows, tmp_path)
    assert len(server.seen("picky")) == asked  # the same question would fail again


def test_a_row_whose_failure_may_pass_is_asked_again_in_the_next_run(
    server: Server, examples: list[Example], tmp_path: Path
) -> None:
    rows = [*examples[:11], Example("odd", "an odd question", "yes")]
    got = answers(hosted(server, "odd-down"), rows, tmp_path)
    assert got.stats["endpoint"]["failed"] == {"status 503 (overloaded)": 1}
    assert got.predictions[-1]["prediction"] is None
    before = len(server.seen("odd-down"))
    again = answers(hosted(server, "odd-down"), rows, tmp_path)
    assert len(server.seen("odd-down")) == before + 1
    assert again.predictions == got.predictions


def test_a_server_that_answers_nothing_is_an_error(
    server: Server, examples: list[Example], tmp_path: Path
) -> None:
    with pytest.raises(JobError, match=r"does not answer: status 503 \(overloaded\)") as caught:
        answers(hosted(server, "down"), examples, tmp_path)
    assert f"127.0.0.1:{server.port}" in caught.value.message
    assert len(server.seen("down")) <= 3  # it is not asked for every row


def test_no_key_and_no_path_is_left_anywhere(
    server: Server, examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY", KEY)
    method = hosted(server, "odd-down", api_key_env="A_KEY")
    rows = [*examples[:3], Example("odd", "an odd question", "yes")]  # so that the work stays too
    answers(method, rows, tmp_path)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(files) >= 4
    for file in files:
        text = file.read_text()
        assert KEY not in text
        assert "odd-down" not in text
        assert "/v1" not in text


def card_of(got: Generation) -> dict[str, Any]:
    return scorecard(
        Method(name="hosted", kind="endpoint", label="a model"),
        got.predictions,
        config=EvaluateConfig(resamples=200, metrics=("token_f1", "perplexity")),
        training=None,
        generation=got.stats,
    )


def test_figures_that_an_endpoint_does_not_give_say_why(
    server: Server, examples: list[Example], tmp_path: Path
) -> None:
    card = card_of(answers(hosted(server, "uncounted"), examples, tmp_path))
    perplexity = card["metrics"]["perplexity"]
    assert (perplexity["value"], perplexity["unscored"]) == (None, 24)
    assert perplexity["note"] == "An endpoint does not say how likely it finds a given answer."
    tokens = card["metrics"]["tokens_out_mean"]
    assert (tokens["value"], tokens["note"]) == (
        None,
        "The server does not say how many tokens it wrote.",
    )
    assert card["generation"]["endpoint"]["usage"] == "unknown"
    assert card["metrics"]["token_f1"]["n"] == 24


def test_answers_cost_tokens_times_prices(
    server: Server, examples: list[Example], tmp_path: Path
) -> None:
    prices = {"input_per_million": 0.15, "output_per_million": 0.60}
    card = card_of(answers(hosted(server, **prices), examples, tmp_path))
    words = [len(row.question.split()) for row in examples]
    each = sum(0.15 * (n + 1) + 0.60 * n for n in words) / len(words) / 1e6
    cost = cost_of(card, DecideConfig())
    assert cost.per_answer == pytest.approx(each, rel=1e-12)
    assert (cost.training, cost.setup) == (0.0, 0.0)
    unpriced = card_of(answers(hosted(server), examples, tmp_path))
    on_this_machine = cost_of(unpriced, DecideConfig(machine_hour=3.6))
    assert on_this_machine.per_answer == pytest.approx((on_this_machine.answer_s or 0) / 1000)
    unpriced["generation"]["endpoint"]["local"] = False
    assert cost_of(unpriced, DecideConfig()).per_answer is None  # not known, so not free
    card["metrics"]["tokens_out_mean"]["value"] = None
    assert cost_of(card, DecideConfig()).per_answer is None


def test_the_plan_asks_every_question_once() -> None:
    assert plan(7, alone=3, size=3) == [[0], [2], [4], [1, 3, 5], [6]]
    assert plan(3, alone=3, size=9) == [[0], [1], [2]]


@pytest.mark.slow
def test_a_killed_job_goes_on_with_what_is_left(
    server: Server, examples: list[Example], tmp_path: Path
) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_answer import *\n"
        "from tunesmith.io import read_jsonl\n"
        "rows = [Example.from_row(row) for row in read_jsonl(Path(sys.argv[3]))]\n"
        "answers(hosted(Server(int(sys.argv[2])), 'killed', concurrency=1), rows,\n"
        "    Path(sys.argv[4]), latency_rows=24)\n"
    )
    from tunesmith.io import write_jsonl

    write_jsonl(tmp_path / "rows.jsonl", [row.to_row() for row in examples])
    here, tests = Path(__file__).parent, Path(__file__).parents[2]
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(here), str(server.port), str(tmp_path / "rows.jsonl"), str(tmp_path / "out")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tests), *sys.path])},
    )  # fmt: skip
    work = tmp_path / "out" / "work-ask"
    while len(list(work.glob("part-*.json"))) < 3:
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    time.sleep(0.5)  # what was under way ends
    done = len(list(work.glob("part-*.json")))
    before = len(server.seen("killed"))
    assert 3 <= done < 24
    method = hosted(server, "killed", concurrency=1)
    got = answers(method, examples, tmp_path / "out", latency_rows=24)
    assert len(server.seen("killed")) - before == 24 - done
    assert [row["prediction"] for row in got.predictions] == [row.question for row in examples]


@pytest.mark.slow
def test_a_model_behind_a_server_answers_as_it_does_here(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path
) -> None:
    """The server generates with transformers' own `generate`; ours reads the same prompts."""
    settings: dict[str, Any] = {"max_new_tokens": 12, "latency_rows": 2, "prompt": PROMPT}
    for name, method, k in (("base", BaseConfig(), 0), ("few", FewShotConfig(k=1), 1)):
        here = generate(
            method,
            examples[16:],
            model=tiny_model,
            out=tmp_path / name,
            train=examples[:16],
            precision="float32",
            **settings,
        )
        with serving(tiny_model.path) as server:
            there = generate(
                hosted(server, model="tiny", k=k),
                examples[16:],
                model=NO_MODEL,
                out=tmp_path / f"{name}-there",
                train=examples[:16],
                **settings,
            )
        for ours, theirs in zip(here.predictions, there.predictions, strict=True):
            for figure in ("prediction", "tokens_in", "tokens_out", "finish"):
                assert ours[figure] == theirs[figure], figure
