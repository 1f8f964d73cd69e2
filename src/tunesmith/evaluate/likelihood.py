"""How likely a method finds given texts, and whether it goes on with them: no answer is judged.

The work is done in a process of its own (`likelihood_job`), part by part, and kept by its
fingerprint: asked again about the same texts, the same model and weights, it is read.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tunesmith.evaluate.perplexity import require
from tunesmith.io import file_sha256, fingerprint, read_json, write_json
from tunesmith.models import BaseModel, Precision
from tunesmith.progress import Progress
from tunesmith.prompting.template import PromptConfig
from tunesmith.tune.folders import weight_files
from tunesmith.worker import Event, claim, run_job

_VERSION = 1  # bump when the same request gives other figures


@dataclass(frozen=True, slots=True)
class Subject:
    """A method as far as its likelihoods go.

    Attributes:
        name: The method's name.
        model: The base model.
        weights: What a training has left; None: the base model as it is.
    """

    name: str
    model: BaseModel
    weights: Path | None

    @property
    def fingerprint(self) -> str:
        """Changes with the model and what was learned."""
        return subject_fingerprint(self.model.fingerprint, self.weights)


def subject_fingerprint(model: str, weights: Path | None) -> str:
    """The fingerprint of a model, given by its own, and of what was learned on it."""
    learned = [file_sha256(file) for file in weight_files(weights)] if weights else []
    return fingerprint([model, learned])


@dataclass(frozen=True, slots=True)
class Scored:
    """A text whose likelihood is asked for.

    Attributes:
        id: Names it in the result.
        text: The text; after a question it is an answer, whose end counts.
        context: What stands before it, as plain text: nothing is scored of it.
        question: Asked in the model's own chat template; None: plain text.
        instruction: Written before the question.
    """

    id: str
    text: str
    context: str = ""
    question: str | None = None
    instruction: str | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A text that is begun for the method to go on with.

    Attributes:
        id: Names it in the result.
        set: Only so many texts of each set are used, the first that are long enough.
        text: The whole text.
        question: Asked before it in the model's own chat template; None: plain text.
        instruction: Written before the question.
    """

    id: str
    set: str
    text: str
    question: str | None = None
    instruction: str | None = None


@dataclass(frozen=True, slots=True)
class Going:
    """How texts are begun, and how far the method goes on: numbers of tokens, and of texts."""

    given: int
    wanted: int
    most: int


def likelihoods(
    items: Sequence[Scored],
    subject: Subject,
    *,
    store: Path,
    prompt: PromptConfig,
    max_tokens: int,
    batch_size: int,
    progress: Progress,
    precision: Precision = "auto",
) -> dict[str, tuple[float, int]]:
    """By identifier, the negative log-likelihood (nats) of each text's tokens, and their number.

    Plain texts follow the model's begin token and their context; answers follow their whole prompt
    and have their end token. A text without tokens is left out.

    Args:
        items: The texts.
        subject: The method.
        store: A folder that results are kept in.
        prompt: The system prompt of questions.
        max_tokens: So many tokens of a text are read.
        batch_size: Texts read together.
        progress: Where to say how far it is.
        precision: Number format of the weights.

    Raises:
        ModelError: The weights were trained on another model, or with another chat template.
        JobError: The process was killed or crashed; calling again resumes it.
        MissingExtraError: The extra `tune` is not installed.
    """
    request = {
        "scored": [asdict(item) for item in items],
        "begun": [],
        "going": None,
        "max_tokens": max_tokens,
    }
    rows = _ask(request, subject, store, prompt, batch_size, precision, progress)
    return {name: (nll, tokens) for name, nll, tokens in rows}


def continuations(
    items: Sequence[Begun],
    subject: Subject,
    *,
    going: Going,
    store: Path,
    prompt: PromptConfig,
    batch_size: int,
    progress: Progress,
    precision: Precision = "auto",
) -> dict[str, int]:
    """By identifier, how many of a text's next tokens a method writes itself, from the first on.

    Greedy decoding after the prompt and the first `going.given` tokens (Carlini et al. 2021,
    arXiv:2012.07805; 2023, arXiv:2202.07646). Texts with too few tokens are left out.

    Args:
        items: The texts, in the order to try them.
        subject: The method.
        going: How many tokens are given and wanted, and how many texts of a set are used.
        store: As in `likelihoods`, which says the rest too.
        prompt: The system prompt of questions.
        batch_size: Texts continued together.
        progress: Where to say how far it is.
        precision: Number format of the weights.
    """
    request = {
        "scored": [],
        "begun": [asdict(item) for item in items],
        "going": asdict(going),
        "max_tokens": 0,
    }
    return dict(_ask(request, subject, store, prompt, batch_size, precision, progress))


def _ask(
    request: dict[str, Any],
    subject: Subject,
    store: Path,
    prompt: PromptConfig,
    batch_size: int,
    precision: Precision,
    progress: Progress,
) -> list[Any]:
    require()
    request = {
        **request,
        "prompt": prompt.model_dump(mode="json"),
        "batch_size": batch_size,
        "precision": precision,
    }
    identity = fingerprint({**request, "subject": subject.fingerprint, "version": _VERSION})
    finished, work = store / f"{identity}.json", store / f"work-{identity}"
    if finished.exists():
        return read_json(finished)  # type: ignore[no-any-return]
    claim(work, identity)
    job = {
        **request,
        "model": str(subject.model.path),
        "model_fingerprint": subject.model.fingerprint,
        "weights": None if subject.weights is None else str(subject.weights),
        "work": str(work),
    }
    with progress.stage(
        f"read with {subject.name}", len(request["scored"] or request["begun"])
    ) as stage:

        def tell(event: Event) -> None:
            stage.advance(event.get("rows", 0))

        log = work / "likelihood.log"
        run_job("tunesmith.evaluate.likelihood_job", job, log=log, on_event=tell)
    rows = [row for part in sorted(work.glob("part-*.json")) for row in read_json(part)]
    write_json(finished, rows)
    shutil.rmtree(work)
    return rows
