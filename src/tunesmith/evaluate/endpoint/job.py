"""The job that asks a server: `python -m tunesmith.evaluate.endpoint.job`, started by `ask_all`.

Questions are asked in units, each of them one file; a run that was broken off goes on at the first
missing one, and asks those questions again whose failure may have passed.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tunesmith.errors import JobError
from tunesmith.evaluate.endpoint.client import Answered, ChatClient, Failed
from tunesmith.io import read_json, write_json
from tunesmith.prompting.endpoint import EndpointModel
from tunesmith.worker import Emit, serve

_UNIT = 4
"""Questions of a unit, for each that is under way at once."""
_IN_A_ROW = 8
"""Failed questions, one after the other, after which a server is taken to be down."""


def ask(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Ask all questions, unit by unit."""
    work = Path(request["work"])
    model = EndpointModel.model_validate(request["endpoint"])
    questions, alone = request["questions"], request["alone"]
    units = plan(len(questions), alone=alone, size=model.concurrency * _UNIT)
    parts = []
    with ChatClient(model) as client, ThreadPoolExecutor(model.concurrency) as pool:
        job = _Job(request, client, pool)
        job.any_answer = any(work.glob("part-*.json"))
        for number, unit in enumerate(units):
            file = work / f"part-{number:05d}.json"
            part: dict[str, Any] = (
                read_json(file) if file.exists() else {"rows": [], "seconds": 0.0}
            )
            done = {row["id"]: row for row in part["rows"] if not row["again"]}
            left = [questions[i] for i in unit if questions[i]["id"] not in done]
            if left:
                begin = time.perf_counter()
                done |= {row["id"]: row for row in job.run(left, timed=number < alone)}
                part = {
                    "rows": [done[questions[i]["id"]] for i in unit],
                    "seconds": part["seconds"] + time.perf_counter() - begin,
                }
                write_json(file, part)
                job.check()
            emit({"rows": len(unit)})
            parts.append(part)
        streams = client.streams
    return _statistics(parts, alone=alone, streams=streams)


def plan(rows: int, *, alone: int, size: int) -> list[list[int]]:
    """Units of work: `alone` rows (at most all), spread evenly, by themselves, then `size` each."""
    single = [i * rows // alone for i in range(alone)]
    rest = sorted(set(range(rows)) - set(single))
    return [[i] for i in single] + [rest[i : i + size] for i in range(0, len(rest), size)]


class _Job:
    """Asks, and notices a server that is down."""

    def __init__(self, request: dict[str, Any], client: ChatClient, pool: ThreadPoolExecutor):
        self.limit: int = request["max_new_tokens"]
        self.client, self.pool = client, pool
        self.any_answer = False
        self.failures = 0
        self.reason = ""

    def run(self, questions: list[dict[str, Any]], *, timed: bool) -> list[dict[str, Any]]:
        """Ask some questions, together or, where they are timed, as pieces that stream."""
        rows = list(self.pool.map(lambda question: self._one(question, timed=timed), questions))
        for row in rows:
            if row["again"]:
                self.failures, self.reason = self.failures + 1, row["error"]
            else:
                self.failures, self.any_answer = 0, True
        return rows

    def check(self) -> None:
        """Give up where the server answers nothing.

        Raises:
            JobError: It has answered no question at all, or none of the last ones.
        """
        if self.failures and (not self.any_answer or self.failures >= _IN_A_ROW):
            raise JobError(
                f"the server does not answer: {self.reason}",
                where=self.client.model.host,
                todo="run again when it does: what it has answered is kept",
            )

    def _one(self, question: dict[str, Any], *, timed: bool) -> dict[str, Any]:
        got = self.client.ask(
            question["messages"],
            max_new_tokens=self.limit,
            stream=timed,
            temperature=question.get("temperature"),
            seed=question.get("seed"),
        )
        row: dict[str, Any] = {"id": question["id"], "tries": got.tries}
        match got:
            case Failed(reason=reason, passing=passing):
                return {**row, **_NOTHING, "error": reason, "again": passing}
            case Answered(reply=reply, seconds=seconds):
                return {
                    **row,
                    "text": reply.text,
                    "finish": reply.finish,
                    "tokens_in": reply.tokens_in,
                    "tokens_out": reply.tokens_out,
                    "latency_s": round(seconds, 4) if timed else None,
                    "first_token_s": _rounded(reply.first_token_s) if timed else None,
                    "model": reply.model,
                    "error": None,
                    "again": False,
                }


_NOTHING: dict[str, Any] = dict.fromkeys(
    ("text", "finish", "tokens_in", "tokens_out", "latency_s", "first_token_s", "model")
)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)


def _statistics(parts: list[dict[str, Any]], *, alone: int, streams: bool) -> dict[str, Any]:
    rows = [row for part in parts for row in part["rows"]]
    together = parts[alone:]
    seconds = sum(part["seconds"] for part in together)
    written = [row["tokens_out"] for part in together for row in part["rows"] if not row["error"]]
    counted = bool(written) and None not in written
    return {
        "seconds": round(sum(part["seconds"] for part in parts), 3),
        "tokens_per_s": round(sum(written) / seconds, 2) if counted and seconds else None,
        "streams": streams,
        "asked_again": sum(row["tries"] - 1 for row in rows),
        "served_as": sorted({row["model"] for row in rows if row["model"]}),
        "usage": "server"
        if all(row["tokens_in"] is not None for row in rows if not row["error"])
        else "unknown",
    }


if __name__ == "__main__":
    serve(ask)
