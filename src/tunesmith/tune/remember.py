"""What a trained method remembers of its training, and must find again when it answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunesmith.errors import ModelError
from tunesmith.io import read_json, write_json

FILE = "trained.json"
"""Beside what was learned: chat template, format, base model and what it stands on."""


def remember(
    tuned: Path,
    *,
    template: str,
    prompt: dict[str, Any],
    kind: dict[str, Any],
    base: str,
    fingerprint: str | None,
    after: str | None,
) -> None:
    """Write what the method was trained with beside what it learned.

    Args:
        tuned: The adapter's folder, or the model's.
        template: The chat template.
        prompt: The system prompt.
        kind: The format.
        base: The name of the model that it learned on.
        fingerprint: Of that model, where it is known.
        after: The method that it started from.
    """
    write_json(
        tuned / FILE,
        {
            "chat_template": template,
            "prompt": prompt,
            "format": kind,
            "base": {"name": base, "fingerprint": fingerprint},
            "after": after,
        },
    )


def check_serving(tuned: Path, *, template: str, fingerprint: str | None) -> None:
    """Look whether a method is about to answer with what it was trained with.

    Folders that another tool has written remember nothing, and are taken as they are.

    Args:
        tuned: What a training has left.
        template: The chat template that would be used.
        fingerprint: The base model's, where it is known.

    Raises:
        ModelError: The chat template is another, or an adapter is put on another base model.
    """
    if not (tuned / FILE).exists():
        return
    trained = read_json(tuned / FILE)
    if trained["chat_template"] != template:
        raise ModelError(
            "the chat template is not the one that the method was trained with: it would be asked "
            "in words that it has never seen",
            where=str(tuned),
            todo=f"give the model's tokenizer the template in {FILE} there, or train again",
        )
    known = trained["base"]["fingerprint"]
    if None not in (known, fingerprint) and known != fingerprint:
        raise ModelError(
            f"this was trained on another model than the one it is put on: on "
            f"'{trained['base']['name']}'"
            + ("" if trained["after"] is None else f", after method '{trained['after']}'"),
            where=str(tuned),
            todo="load it on that model, or train again",
        )
