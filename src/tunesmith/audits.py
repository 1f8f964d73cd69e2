"""A run's methods, asked on purpose: audits, forgetting, and the gates they hold a run to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunesmith.errors import QualityGateError, TunesmithError
from tunesmith.evaluate.behaviour.asking import Audited
from tunesmith.evaluate.behaviour.audit import audit
from tunesmith.evaluate.behaviour.config import AuditConfig
from tunesmith.evaluate.behaviour.history import remember
from tunesmith.evaluate.behaviour.memory import Row, Rows
from tunesmith.evaluate.behaviour.scored import Plan, failure_words
from tunesmith.evaluate.behaviour.suite import load_suites
from tunesmith.evaluate.choose_k import settled
from tunesmith.evaluate.forgetting.measure import forgetting
from tunesmith.evaluate.likelihood import Subject
from tunesmith.io import read_json
from tunesmith.models import BaseModel
from tunesmith.prepare import Prepared
from tunesmith.prepare.training import training_rows
from tunesmith.progress import Progress
from tunesmith.recipe import LoadedRecipe
from tunesmith.tune import Method, TrainedConfig, tuned
from tunesmith.tune.formats import CompletionFormat, PreferenceFormat


@dataclass(frozen=True)
class AuditRequest:
    """What `tunesmith evaluate --audit` asks for.

    Attributes:
        methods: The methods to audit; empty: all.
        champion: The method to compare with; None: the one that the last decision chose.
    """

    methods: tuple[str, ...] = ()
    champion: str | None = None


def check_request(request: AuditRequest, loaded: LoadedRecipe) -> None:
    """Look whether the recipe has the methods that are to be audited.

    Raises:
        TunesmithError: It has not.
    """
    there = loaded.recipe.methods
    named = (*request.methods, *([] if request.champion is None else [request.champion]))
    if unknown := [name for name in named if name not in there]:
        raise TunesmithError(
            f"there is no method {', '.join(map(repr, unknown))} to audit",
            where=str(loaded.path),
            todo=f"name some of: {', '.join(there)}",
        )


def measure_forgetting(
    loaded: LoadedRecipe,
    out: Path,
    name: str,
    *,
    model: BaseModel,
    untrained: BaseModel,
    progress: Progress,
) -> dict[str, Any] | None:
    """What a trained method has forgotten; None where the recipe does not ask.

    Args:
        loaded: The recipe.
        out: The run folder.
        name: The method.
        model: The model that it was trained on.
        untrained: The recipe's base model.
        progress: Where to say how far it is.
    """
    evaluation, folder = loaded.recipe.evaluate, out / "methods" / name
    weights = tuned(folder)
    if evaluation.forgetting is None or weights is None:
        return None
    return forgetting(
        Subject(name, model, weights),
        Subject("the base model", untrained, None),
        config=evaluation.forgetting,
        evaluation=evaluation,
        base=loaded.base,
        store=out / "audits" / "likelihoods",
        out=folder,
        progress=progress,
    )


def audit_methods(
    loaded: LoadedRecipe,
    data: Prepared,
    out: Path,
    *,
    models: Mapping[str, BaseModel],
    untrained: BaseModel,
    request: AuditRequest,
    progress: Progress,
) -> list[dict[str, Any]]:
    """Audit methods of a run, the champion first, and keep history.

    Args:
        loaded: The recipe.
        data: The dataset.
        out: The run folder.
        models: The model that each method answers with, or was trained on.
        untrained: The recipe's base model.
        request: Which methods, and what they are compared with.
        progress: Where to say how far it is.

    Returns:
        The content of every audit.json that was asked for, in the recipe's order.

    Raises:
        RecipeError: A suite file has mistakes.
        TunesmithError: A method cannot be asked.
    """
    recipe = loaded.recipe
    config = recipe.evaluate.audit or AuditConfig()
    plan = Plan(
        suites=load_suites(config.suites, loaded.base),
        config=config,
        evaluation=recipe.evaluate,
        find=recipe.clean.personal_data.personal,
        run=out,
        untrained=Subject("the base model", untrained, None),
        progress=progress,
    )
    train = data.examples("train")
    asked = [name for name in recipe.methods if not request.methods or name in request.methods]
    champion = request.champion or _chosen(out, recipe.methods)
    found: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys([*([] if champion is None else [champion]), *asked]):
        method, folder = recipe.methods[name], out / "methods" / name
        audited = Audited(
            name=name,
            method=settled(method, folder),
            model=models[name],
            weights=tuned(folder) if isinstance(method, TrainedConfig) else None,
            folder=folder,
            train=train,
            prompt=recipe.prompt,
            batch_size=recipe.evaluate.batch_size,
        )
        rows = _rows(data, method, loaded=loaded, progress=progress)
        beside = champion if champion != name else None
        found[name] = audit(audited, plan, rows=rows, champion=beside)
        version = data.version
        dataset = {"version": version.number, "fingerprint": version.fingerprint}
        remember(out, found[name], dataset=dataset)
    return [found[name] for name in asked]


def _chosen(out: Path, methods: Mapping[str, Method]) -> str | None:
    """The method that the run's last decision chose, as far as it still has it."""
    file = out / "decision.json"
    choice: str | None = read_json(file)["verdict"]["choice"] if file.exists() else None
    return choice if choice in methods else None


def _rows(data: Prepared, method: Method, *, loaded: LoadedRecipe, progress: Progress) -> Rows:
    """What a method has learned from, and rows of the same kind that it has not."""
    if not isinstance(method, TrainedConfig):
        return Rows()
    kind = method.format
    if isinstance(kind, CompletionFormat):
        rows = training_rows(data, kind, loaded=loaded, progress=progress)
        return Rows(*([Row(page.id, page.text) for page in part] for part in _parts(rows)))
    if isinstance(kind, PreferenceFormat):
        rows = training_rows(data, kind, loaded=loaded, progress=progress)
        return Rows(
            *([Row(pair.id, pair.chosen, pair.question) for pair in part] for part in _parts(rows))
        )
    return Rows(
        *(
            [
                Row(
                    example.id,
                    example.answer,
                    example.question,
                    kind.instruction(example.question, example.category),
                    example.group,
                )
                for split in splits
                for example in data.examples(split)
            ]
            for splits in (("train",), ("test", "validation"))
        )
    )


def _parts(rows: Any) -> tuple[Sequence[Any], Sequence[Any]]:
    return rows.train, rows.validation


def audit_failures(audits: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is over its limit in some audits, a sentence each."""
    return [
        f"{found['method']}: {failure_words(suite)}"
        for found in audits
        for suite in found["suites"]
        if not suite["passed"]
    ]


def forgetting_failures(forgotten: Sequence[Mapping[str, Any]]) -> list[str]:
    """What was forgotten beyond the limits, or could not be measured, a sentence each."""
    return [
        f"{found['method']}: {reason}."
        for found in forgotten
        for reason in (
            ["what it forgot could not be measured"]
            if found["gate"]["passed"] is None
            else found["gate"]["reasons"]
        )
    ]


def lines(audits: Sequence[Mapping[str, Any]], forgotten: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the terminal says of audits and forgetting."""
    said = []
    for found in forgotten:
        failed = not found["gate"]["passed"]
        if failed:
            said.append(f"  {found['method']} forgot: {' '.join(found['sentences'])}")
    for found in audits:
        said.append(f"  audit of {found['method']}: {found['sentences'][0]}")
        said += [f"    {sentence}" for sentence in found["sentences"][1:]]
    return said


def hold(failures: Sequence[str], *, where: Path) -> None:
    """Refuse to call a run good that failed a gate.

    Raises:
        QualityGateError: There are failures; exit code 3.
    """
    if failures:
        count = f"{len(failures)} gates are" if len(failures) > 1 else "a gate is"
        raise QualityGateError(
            f"{count} not met\n" + "\n".join(f"  {failure}" for failure in failures),
            where=str(where),
            todo="look at methods/NAME/audit.json and forgetting.json there; limits are in the "
            "suites and in evaluate.forgetting",
        )
