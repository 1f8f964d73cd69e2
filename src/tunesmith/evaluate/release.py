"""Whether a method may leave the run folder: what its audit and its forgetting say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunesmith.errors import TunesmithError
from tunesmith.evaluate.behaviour.audit import AUDIT
from tunesmith.evaluate.behaviour.scored import failure_words
from tunesmith.evaluate.likelihood import subject_fingerprint
from tunesmith.io import read_json
from tunesmith.tune.folders import tuned

FORGETTING = "forgetting.json"


@dataclass(frozen=True)
class Release:
    """What the gate says.

    Attributes:
        method: The method.
        passed: Whether nothing stands against it, and everything was measured.
        reasons: What stands against it, a sentence each.
    """

    method: str
    passed: bool
    reasons: tuple[str, ...]


def release_gate(run: Path, method: str) -> Release:
    """Ask whether a method may be released.

    It passes when its audit is there and no suite is over its limit, when what a trained method has
    forgotten is there and within its limits, and when both were measured on the weights that are
    there now.

    Args:
        run: The run folder.
        method: The method's name.

    Raises:
        TunesmithError: The run has no such method.
    """
    folder = run / "methods" / method
    if not (folder / "lineage.json").exists():
        there = sorted(path.parent.name for path in run.glob("methods/*/lineage.json"))
        raise TunesmithError(
            f"the run has no method '{method}'",
            where=str(run),
            todo=f"name one of: {', '.join(there) or '(there is none)'}",
        )
    current = _subject(folder)
    reasons = _audit_reasons(folder, method, current)
    if tuned(folder) is not None:
        reasons += _forgetting_reasons(folder, current)
    return Release(method, not reasons, tuple(reasons))


def _audit_reasons(folder: Path, method: str, current: str) -> list[str]:
    file = folder / AUDIT
    if not file.exists():
        return [f"It was not audited: tunesmith evaluate RECIPE --audit {method}."]
    audit: dict[str, Any] = read_json(file)
    if audit["model"] != current:
        return ["Its audit is of other weights: audit it again."]
    return [failure_words(suite) for suite in audit["suites"] if not suite["passed"]]


def _forgetting_reasons(folder: Path, current: str) -> list[str]:
    file = folder / FORGETTING
    if not file.exists():
        return ["What it has forgotten was not measured: tunesmith evaluate RECIPE."]
    found: dict[str, Any] = read_json(file)
    if found["subject"] != current:
        return ["What it has forgotten was measured on other weights: evaluate it again."]
    if found["gate"]["passed"] is None:
        return ["What it has forgotten could not be measured."]
    return [f"{reason[0].upper()}{reason[1:]}." for reason in found["gate"]["reasons"]]


def _subject(folder: Path) -> str:
    """The fingerprint of what the folder holds now, as `likelihood.Subject` makes it."""
    model = read_json(folder / "lineage.json")["model"]["fingerprint"]
    return subject_fingerprint(model, tuned(folder))
