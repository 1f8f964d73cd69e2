"""Pairs of answers put to a judge, in both orders, as often as votes are asked for."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tunesmith.evaluate.endpoint.questions import Question, ask_all, identity_of
from tunesmith.evaluate.judge.config import EndpointJudge, JudgeConfig, LocalJudge
from tunesmith.evaluate.judge.prompt import Pair, messages, verdict_of
from tunesmith.evaluate.judge.votes import Outcome, outcome
from tunesmith.io import fingerprint, read_json, write_json
from tunesmith.models import resolve
from tunesmith.progress import Progress
from tunesmith.worker import Event, claim, run_job

_VERSION = 1  # bump when the same settings ask otherwise

Rows = dict[str, dict[str, Any]]


@dataclass
class Used:
    """What asking took."""

    questions: int = 0
    seconds: float = 0.0
    tokens_in: int | None = 0
    tokens_out: int | None = 0
    failed: Counter[str] = field(default_factory=Counter)
    """Questions without an answer, by reason."""

    def add(self, rows: Rows, seconds: float) -> None:
        """Count some questions."""
        self.questions += len(rows)
        self.seconds += seconds
        self.failed.update(row["error"] for row in rows.values() if row["error"])
        done = [row for row in rows.values() if not row["error"]]
        self.tokens_in = _plus(self.tokens_in, [row["tokens_in"] for row in done])
        self.tokens_out = _plus(self.tokens_out, [row["tokens_out"] for row in done])


def _plus(total: int | None, counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return None if total is None or len(known) < len(counts) else total + sum(known)


def judge_pairs(
    config: JudgeConfig,
    pairs: Sequence[Pair],
    *,
    out: Path,
    name: str,
    seed: int,
    progress: Progress,
    used: Used,
) -> list[Outcome]:
    """The judge's outcome of every pair, in their order.

    Args:
        config: Who judges, and how.
        pairs: What to judge.
        out: Folder of the replies, which are not asked for again while nothing has changed.
        name: What the progress calls it.
        seed: The votes are drawn with this seed and those that follow.
        progress: Where to say how far it is.
        used: Counts what it took.

    Raises:
        TunesmithError: The judge cannot be asked.
    """
    differing = [place for place, pair in enumerate(pairs) if pair.a.strip() != pair.b.strip()]
    questions = [
        Question(
            f"{place}-{order}-{vote}",
            messages(
                pairs[place], swapped=order == 1, reference=config.reference, rubric=config.rubric
            ),
            temperature=config.temperature if config.votes > 1 else 0.0,
            seed=seed + vote if config.votes > 1 else None,
        )
        for place in differing
        for order in (0, 1)
        for vote in range(config.votes)
    ]
    rows: Rows = {}
    if questions:
        rows, seconds = _replies(config, questions, out=out, name=name, progress=progress)
        used.add(rows, seconds)
    found = []
    for place in range(len(pairs)):
        if place not in set(differing):
            found.append(Outcome("tie", identical=True))
            continue
        votes = [
            [verdict_of(rows[f"{place}-{order}-{vote}"]["text"]) for vote in range(config.votes)]
            for order in (0, 1)
        ]
        found.append(outcome(*votes))
    return found


def _replies(
    config: JudgeConfig, questions: list[Question], *, out: Path, name: str, progress: Progress
) -> tuple[Rows, float]:
    """The judge's replies by question, and the seconds that they took."""
    by, finished, work = config.by, out / "replies.json", out / "work"
    limit = config.max_new_tokens
    if isinstance(by, EndpointJudge):
        identity = identity_of(by, questions, max_new_tokens=limit, alone=0)
    else:
        model = resolve(by.model)
        rows = [question.to_row() for question in questions]
        about = {"model": model.fingerprint, "batch_size": by.batch_size, "version": _VERSION}
        identity = fingerprint({**about, "questions": rows, "max_new_tokens": limit})
    if finished.exists():
        record = read_json(finished)
        if record["fingerprint"] == identity:
            return record["rows"], record["seconds"]
    if isinstance(by, EndpointJudge):
        found, stats = ask_all(
            by, questions, work=work, name=name, max_new_tokens=limit, alone=0, progress=progress
        )
    else:
        claim(work, identity)
        found, stats = _local(by, model.path, questions, work, name, limit, progress)
    if not any(row["again"] for row in found.values()):
        record = {"fingerprint": identity, "rows": found, "seconds": stats["seconds"]}
        write_json(finished, record)
        shutil.rmtree(work)
    return found, stats["seconds"]


def _local(
    by: LocalJudge,
    path: Path,
    questions: list[Question],
    work: Path,
    name: str,
    limit: int,
    progress: Progress,
) -> tuple[Rows, dict[str, Any]]:
    request = {
        "model": str(path),
        "questions": [question.to_row() for question in questions],
        "batch_size": by.batch_size,
        "max_new_tokens": limit,
        "work": str(work),
    }
    with progress.stage(f"{name} by {by.label}", len(questions)) as stage:

        def tell(event: Event) -> None:
            stage.advance(event.get("rows", 0))

        stats = run_job(
            "tunesmith.evaluate.judge.local", request, log=work / "judge.log", on_event=tell
        )
    parts = sorted(work.glob("part-*.json"))
    return {row["id"]: row for part in parts for row in read_json(part)["rows"]}, stats
