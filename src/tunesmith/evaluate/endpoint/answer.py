"""Every test row answered by a model behind an endpoint, with the prompts of few-shot prompting."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tunesmith.errors import TunesmithError
from tunesmith.evaluate.endpoint.questions import Question, ask_all, identity_of
from tunesmith.io import read_json, read_jsonl, write_json, write_jsonl
from tunesmith.progress import Progress
from tunesmith.prompting.endpoint import EndpointConfig
from tunesmith.prompting.example import Example
from tunesmith.prompting.select import select_shots
from tunesmith.prompting.template import PromptConfig, few_shot_messages, question_messages


def answer(
    method: EndpointConfig,
    examples: Sequence[Example],
    *,
    out: Path,
    train: Sequence[Example],
    prompt: PromptConfig,
    max_new_tokens: int,
    latency_rows: int,
    progress: Progress,
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Answer `examples`; `evaluate.generate` says what the arguments and the files are.

    A row without an answer has `prediction` null and its reason in `error`: it is unscored. Where
    the reason may pass (a busy server, a broken connection) a later call asks that row again.

    Returns:
        The rows of `predictions.jsonl`, and the statistics with `endpoint`: `model`, `host`,
        `local`, the prices, `usage`, `streams`, `served_as`, `asked_again`, `failed`.

    Raises:
        TunesmithError: Examples are asked for and there are no training rows.
        ModelError: The server does not take the key or does not know the model.
        JobError: It does not answer at all.
    """
    questions = _questions(method, examples, train=train, prompt=prompt)
    alone = min(latency_rows, len(questions))
    identity = identity_of(method, questions, max_new_tokens=max_new_tokens, alone=alone)
    finished, answers, work = out / "generation.json", out / "predictions.jsonl", out / "work-ask"
    if finished.exists():
        record = read_json(finished)
        if record["fingerprint"] == identity and answers.exists():
            progress.say(f"{out.name}: already answered these rows with these settings")
            return read_jsonl(answers), _described(method, record["generation"])
        finished.unlink()
    rows, stats = ask_all(
        method,
        questions,
        work=work,
        name=f"answer {out.name}",
        max_new_tokens=max_new_tokens,
        alone=alone,
        progress=progress,
    )
    predictions = [_prediction(example, rows[example.id]) for example in examples]
    stats |= {
        "max_new_tokens": max_new_tokens,
        "concurrency": method.concurrency,
        "failed": dict(Counter(row["error"] for row in rows.values() if row["error"])),
    }
    write_jsonl(answers, predictions)
    passing = sum(row["again"] for row in rows.values())
    if passing:
        progress.say(
            f"{out.name}: {passing} of {len(rows)} rows have no answer and are unscored; they are "
            "asked again in the next run"
        )
    else:
        write_json(finished, {"fingerprint": identity, "generation": stats})
        shutil.rmtree(work)
    return predictions, _described(method, stats)


def _questions(
    method: EndpointConfig,
    examples: Sequence[Example],
    *,
    train: Sequence[Example],
    prompt: PromptConfig,
) -> list[Question]:
    if method.k == "auto":
        raise TunesmithError(
            "k: auto is chosen on validation rows, and this work has none for it",
            todo="set k to a number",
        )
    if method.shots is None:
        return [Question(row.id, question_messages(row.question, prompt)) for row in examples]
    if not train:
        raise TunesmithError(
            "few-shot prompting needs training rows and there are none",
            todo="check the sizes of the splits, or set k: 0",
        )
    chosen = select_shots(method.shots, train=train, questions=examples)
    return [
        Question(row.id, few_shot_messages(row.question, shots, prompt, method.template))
        for row, shots in zip(examples, chosen, strict=True)
    ]


def _prediction(example: Example, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": example.id,
        "category": example.category,
        "group": example.group,
        "question": example.question,
        "reference": example.answer,
        "prediction": row["text"],
        "tokens_in": row["tokens_in"],
        "tokens_out": row["tokens_out"],
        "finish": row["finish"],
        "latency_s": row["latency_s"],
        "first_token_s": row["first_token_s"],
        "reference_nll": None,
        "reference_tokens": None,
        "error": row["error"],
    }


def _described(method: EndpointConfig, stats: Mapping[str, Any]) -> dict[str, Any]:
    """The `generation` object; prices are today's, so that a new price asks no question again."""
    of_server = ("streams", "asked_again", "served_as", "usage", "failed")
    endpoint = {
        "model": method.model,
        "host": method.host,
        "local": method.local,
        "input_per_million": method.input_per_million,
        "output_per_million": method.output_per_million,
        "currency": method.currency,
        **{name: stats[name] for name in of_server},
    }
    rest = {name: value for name, value in stats.items() if name not in of_server}
    return {**rest, "batch_size": method.concurrency, "endpoint": endpoint}
