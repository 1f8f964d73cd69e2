"""A training of a few steps on the tiny model, and its rows as tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from token_rows import PROMPT
from tunesmith.models import BaseModel
from tunesmith.prompting import Example
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.tune import TrainedConfig
from tunesmith.tune.formats import encode_examples

torch = pytest.importorskip("torch")

Train = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def _nothing_is_pickled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither ours, transformers', TRL's nor PEFT's code may save or load a pickle."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a pickle")

    monkeypatch.setattr(torch, "save", refuse)
    monkeypatch.setattr(torch, "load", refuse)


@pytest.fixture
def train(tiny_model: BaseModel, examples: list[Example]) -> Train:
    """`train(config, work)` runs the training job in this process."""

    def run(
        config: TrainedConfig,
        work: Path,
        emit: Any = lambda event: None,
        *,
        rows: Sequence[Any] | None = None,
        model: BaseModel = tiny_model,
        **more: Any,
    ) -> dict[str, Any]:
        from tunesmith.tune.job import train as job

        work.mkdir(parents=True, exist_ok=True)
        read = [config.format.row(row, n).to_row() for n, row in enumerate(rows or examples)]
        request = {
            "method": config.model_dump(mode="json"),
            "prompt": PROMPT.model_dump(mode="json"),
            "train": read[:18],
            "validation": read[18:],
            "seed": 5,
            "model": str(model.path),
            "model_name": model.name,
            "model_fingerprint": model.fingerprint,
            "work": str(work),
            **more,
        }
        return job(request, emit)

    return run


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Generation and merging run in this process: a child takes seconds to import torch."""
    from tunesmith.evaluate import decode, generate
    from tunesmith.tune import chain

    jobs = {"tunesmith.evaluate.decode": decode.answer, "tunesmith.tune.chain": chain.merge}

    def run(module: str, request: dict[str, Any], **_: Any) -> dict[str, Any]:
        return jobs[module](orjson.loads(orjson.dumps(request)), lambda event: None)

    for module in (generate, chain):
        monkeypatch.setattr(module, "run_job", run)


@pytest.fixture
def rows(encoder: ChatEncoder, examples: list[Example]) -> list[dict[str, list[int]]]:
    """Three rows of different lengths as tokens and labels."""
    return encode_examples(encoder, examples[:3], prompt=PROMPT, max_length=512).rows
