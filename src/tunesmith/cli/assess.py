"""`assess`: how well personal data is found, measured on a labelled file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tunesmith.cli.options import JSON, OVERRIDES, print_json

if TYPE_CHECKING:
    from tunesmith.clean.pii.mask import MaskPersonalData


@click.command()
@click.option(
    "--pii",
    "gold",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="GOLD",
    help="Texts with labelled personal data: JSONL or a JSON array.",
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
@JSON
def assess(
    gold: Path,
    recipe: Path | None,
    overrides: tuple[str, ...],
    kinds: str,
    labels: tuple[str, ...],
    half: str | None,
    errors: Path | None,
    as_json: bool,
) -> None:
    """Measure how much of the personal data that people labelled in GOLD is found.

    Recall, precision, F1, F2 and the share of personal characters left, by kind, each with its 95%
    interval. No word of the texts is printed.
    """
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
