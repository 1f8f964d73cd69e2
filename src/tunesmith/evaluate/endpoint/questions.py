"""`ask_all`: questions to a model behind an endpoint, in a process of its own that can resume."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunesmith.errors import MissingExtraError
from tunesmith.evaluate.endpoint.client import key_of
from tunesmith.io import fingerprint, read_json
from tunesmith.progress import Progress
from tunesmith.prompting.endpoint import EndpointModel
from tunesmith.prompting.template import Message
from tunesmith.worker import Event, claim, run_job

VERSION = 1  # bump when the same settings ask otherwise


@dataclass(frozen=True, slots=True)
class Question:
    """One conversation to be answered."""

    id: str
    messages: list[Message]
    temperature: float | None = None
    """Overrides the model's."""
    seed: int | None = None

    def to_row(self) -> dict[str, Any]:
        """As JSON can hold it."""
        row: dict[str, Any] = {"id": self.id, "messages": self.messages}
        if self.temperature is not None:
            row["temperature"] = self.temperature
        if self.seed is not None:
            row["seed"] = self.seed
        return row


def identity_of(
    endpoint: EndpointModel, questions: Sequence[Question], *, max_new_tokens: int, alone: int
) -> str:
    """The fingerprint of what is asked, and of whom; prices and patience are no part of it."""
    return fingerprint(
        {
            "url": endpoint.url,
            "model": endpoint.model,
            "temperature": endpoint.temperature,
            "questions": [question.to_row() for question in questions],
            "max_new_tokens": max_new_tokens,
            "alone": alone,
            "version": VERSION,
        }
    )


def ask_all(
    endpoint: EndpointModel,
    questions: Sequence[Question],
    *,
    work: Path,
    name: str,
    max_new_tokens: int,
    alone: int,
    progress: Progress,
) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Ask all questions; what `work` holds of an earlier time is not asked again.

    Args:
        endpoint: The server and the model.
        questions: What to ask.
        work: Folder of the parts; the caller removes it when all is done.
        name: What the progress calls it.
        max_new_tokens: The limit of an answer's length.
        alone: Questions asked one at a time, and timed.
        progress: Where to say how far it is.

    Returns:
        The rows by the questions' ids: `text`, `finish`, `tokens_in`, `tokens_out`, `latency_s`,
        `first_token_s`, `model`, `tries`, `error` (null, or why there is no answer), `again` (the
        reason may have passed); and the statistics.

    Raises:
        ModelError: The server does not take the key or does not know the model.
        JobError: It does not answer at all; calling again goes on where it was.
        MissingExtraError: The extra `endpoint` is not installed.
    """
    ready(endpoint)
    alone = min(alone, len(questions))
    claim(work, identity_of(endpoint, questions, max_new_tokens=max_new_tokens, alone=alone))
    request = {
        "endpoint": {name: getattr(endpoint, name) for name in EndpointModel.model_fields},
        "questions": [question.to_row() for question in questions],
        "max_new_tokens": max_new_tokens,
        "alone": alone,
        "work": str(work),
    }
    with progress.stage(f"{name} at {endpoint.host}", len(questions)) as stage:

        def tell(event: Event) -> None:
            stage.advance(event.get("rows", 0))

        stats = run_job(
            "tunesmith.evaluate.endpoint.job", request, log=work / "ask.log", on_event=tell
        )
    del stats["peak_memory_mib"]  # of the process that asked: it says nothing of the model
    rows = {
        row["id"]: row
        for part in sorted(work.glob("part-*.json"))
        for row in read_json(part)["rows"]
    }
    return rows, stats


def ready(*endpoints: EndpointModel) -> None:
    """Look whether endpoints can be asked, before hours of other work.

    Raises:
        MissingExtraError: The extra `endpoint` is not installed.
        ModelError: The environment variable with a key is not set.
    """
    for endpoint in endpoints:
        if importlib.util.find_spec("httpx") is None:
            raise MissingExtraError("httpx", "endpoint")
        key_of(endpoint)
