"""`assess RECIPE|RUN`: a dataset's figures, printed or as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tunesmith.cli.options import must_be_there, print_json


def show(
    target: Path,
    overrides: tuple[str, ...],
    out: Path | None,
    verdicts: Path | None,
    *,
    as_json: bool,
) -> None:
    """Write evaluation.json of a recipe's run folder, or of a run folder, and print it."""
    from tunesmith.assess.config import AssessConfig
    from tunesmith.assess.dataset import write_evaluation

    if target.is_dir():
        if overrides or out is not None:
            raise click.UsageError("--set and --out go with a recipe, not with a run folder.")
        folder, config, base = target, AssessConfig(), Path()
    else:
        must_be_there(target)
        from tunesmith.recipe import load

        loaded = load(target, list(overrides))
        folder, config = out or Path("runs") / loaded.recipe.name, loaded.recipe.assess
        base = loaded.base
    if verdicts is not None:
        config = config.model_copy(update={"verdicts": str(verdicts.resolve())})
    found = write_evaluation(folder, config=config, base=base)
    if as_json:
        print_json(found)
        return
    for line in lines(found):
        click.echo(line)


def lines(found: dict[str, Any]) -> list[str]:
    """The figures and sentences as they are printed."""
    said = []
    for name in ("intrinsic", "quality"):
        said.append(name.capitalize())
        figures = {key: value for key, value in found[name].items() if isinstance(value, dict)}
        said += [f"  {_line(value)}" for key, value in figures.items() if key != "composite"]
    for method, metrics in found["extrinsic"].items():
        said.append(f"Method {method}")
        said += [f"  {_line(figure)}" for figure in metrics.values()]
    said.append("Bias (1 is none found)")
    kinds = {kind: one for kind, one in found["bias"].items() if isinstance(one, dict)}
    for kind, value in kinds.items():
        why = f": {value['findings'][0]}" if value["score"] is None and value["findings"] else ""
        said.append(f"  {kind:<24}{_number(value['score'])}{why}")
    measured = sum(one["score"] is not None for one in kinds.values())
    whole = found["bias"]["score"]
    said.append(f"  {'all together':<24}{_number(whole)} (mean of {measured} of {len(kinds)})")
    return [*said, "", *found["sentences"]]


def _line(figure: dict[str, Any]) -> str:
    text = f"{figure['label']:<24}{_number(figure['value'])}"
    if figure["low"] is not None and figure["high"] is not None:
        text += f" ({_number(figure['low'])} to {_number(figure['high'])})"
    return f"{text} {figure['unit']}, n {figure['n']:,}"


def _number(value: float | None) -> str:
    if value is None:
        return "not measured"
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) > 1 else f"{value:,.3f}"
