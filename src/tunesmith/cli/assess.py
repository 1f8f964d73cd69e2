"""`assess`: a dataset's figures, or how well personal data is found on a labelled file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tunesmith.cli.options import JSON, OUT, OVERRIDES, print_json

if TYPE_CHECKING:
    from tunesmith.clean.pii.mask import MaskPersonalData


@click.command()
@click.argument("target", type=click.Path(path_type=Path), required=False, metavar="[RECIPE|RUN]")
@click.option(
    "--pii",
    "gold",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="GOLD",
    help="Measure masking instead, on texts with labelled personal data: JSONL or a JSON array.",
)
@click.option(
    "--recipe",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Measure what this recipe masks.  [default: every kind, names by lists]",
)
@OVERRIDES
@click.option(
    "--kinds",
    default="",
    metavar="KIND,…",
    help="Measure only these kinds.  [default: all that are masked]",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="LABEL=KIND",
    help="What a label of the file means, such as ZIP_CODE=ADDRESS; repeatable.",
)
@click.option(
    "--half",
    type=click.Choice(["odd", "even"]),
    help="Only texts with an odd or even template id (or row, where there is none).",
)
@click.option(
    "--errors",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write missed and wrong spans with their texts to FILE, readable by its owner alone.",
)
@click.option(
    "--verdicts",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="People's verdicts on rows, JSONL or CSV with id and correct: accuracy is measured.",
)
@OUT
@JSON
def assess(
    target: Path | None,
    gold: Path | None,
    recipe: Path | None,
    overrides: tuple[str, ...],
    kinds: str,
    labels: tuple[str, ...],
    half: str | None,
    errors: Path | None,
    verdicts: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Assess the dataset of a recipe or a run folder, or with --pii how well masking works.

    Of a dataset: intrinsic, quality and bias figures, and those of methods that were measured, as
    evaluation.json in the run folder.

    With --pii: how much of the personal data that people labelled in GOLD is found. Recall,
    precision, F1, F2 and the share of personal characters left, by kind, each with its 95%
    interval. No word of the texts is printed.
    """
    if (target is None) == (gold is None):
        raise click.UsageError("Name a recipe or a run folder, or a labelled file with --pii.")
    if target is not None:
        from tunesmith.cli.assess_dataset import show

        if recipe or kinds or labels or half or errors:
            raise click.UsageError("--recipe, --kinds, --label, --half, --errors go with --pii.")
        show(target, overrides, out, verdicts, as_json=as_json)
        return
    if out is not None or verdicts is not None:
        raise click.UsageError("--out and --verdicts are for a dataset, not for --pii.")
    assert gold is not None  # noqa: S101 - one of both is there
    from tunesmith.assess.gold import read_gold
    from tunesmith.assess.masking import assess_masking
    from tunesmith.assess.pii import mistakes

    aliases = _aliases(labels)
    mask = _mask(recipe, overrides)
    texts = read_gold(gold, aliases=aliases, half=half)  # type: ignore[arg-type]
    wanted = [kind.strip().upper() for kind in kinds.split(",") if kind.strip()]
    result, found = assess_masking(texts, mask, kinds=wanted)
    if errors is not None:
        from tunesmith.io import write_jsonl

        rows = mistakes(texts, found, wanted or {str(kind) for kind in mask.kinds})
        count = write_jsonl(errors, rows, private=True)
        click.echo(f"{count:,} mistakes with their texts: {errors}", err=True)
    if as_json:
        print_json(result.as_json() | {"file": str(gold), "half": half})
        return
    from tunesmith.cli.pii_table import print_assessment

    print_assessment(result)


def _aliases(labels: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for item in labels:
        label, equals, kind = item.partition("=")
        if not equals or not label.strip() or not kind.strip():
            raise click.UsageError(f"--label {item}: write LABEL=KIND, such as ZIP_CODE=ADDRESS.")
        found[label.strip()] = kind.strip().upper()
    return found


def _mask(recipe: Path | None, overrides: tuple[str, ...]) -> MaskPersonalData:
    if recipe is None:
        from tunesmith.clean.pii.mask import MaskPersonalData
        from tunesmith.clean.pii.spans import KINDS

        if overrides:
            raise click.UsageError("--set changes a recipe: name one with --recipe.")
        words = "Measured: every kind, names by lists. A recipe masks what it sets: --recipe."
        click.echo(words, err=True)
        return MaskPersonalData(kinds=KINDS, names="lists")
    from tunesmith.recipe import load

    return load(recipe, list(overrides)).recipe.clean.personal_data
