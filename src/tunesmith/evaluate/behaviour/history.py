"""What audits have said over time: `RUN/audits/history.jsonl`, one line a suite and method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tunesmith.io import read_jsonl, write_jsonl

FILE = "history.jsonl"


def remember(run: Path, audit: Mapping[str, Any], *, dataset: Mapping[str, Any] | None) -> int:
    """Append an audit's suites to the history; the file is replaced as a whole.

    A suite whose last line is of the same audit (the same questions, model and weights) has no new
    line.

    Args:
        run: The run folder.
        audit: The content of audit.json.
        dataset: `version` and `fingerprint` of the dataset.

    Returns:
        The number of new lines.
    """
    file = run / "audits" / FILE
    lines: list[dict[str, Any]] = read_jsonl(file) if file.exists() else []
    last = {(line["method"], line["suite"]): line["fingerprint"] for line in lines}
    new = [
        {
            "at": audit["at"],
            "method": audit["method"],
            "suite": suite["name"],
            "kind": suite["kind"],
            "n": suite["n"],
            "failed": suite["failed"],
            "unscored": suite["unscored"],
            "limit": suite["limit"],
            "passed": suite["passed"],
            "dataset": None if dataset is None else dict(dataset),
            "model": audit["model"],
            "fingerprint": audit["fingerprint"],
        }
        for suite in audit["suites"]
        if last.get((audit["method"], suite["name"])) != audit["fingerprint"]
    ]
    if new:
        write_jsonl(file, [*lines, *new])
    return len(new)


def past(run: Path, method: str) -> Sequence[dict[str, Any]]:
    """The lines of a method, the oldest first."""
    file = run / "audits" / FILE
    lines = read_jsonl(file) if file.exists() else []
    return [line for line in lines if line["method"] == method]
