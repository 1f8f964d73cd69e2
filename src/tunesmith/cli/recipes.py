"""`init` and `check`."""

from __future__ import annotations

from pathlib import Path

import click

from tunesmith.cli.options import JSON, OVERRIDES, RECIPE, print_json


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("recipe.yaml"),
    show_default=True,
    help="Where to write the recipe.",
)
@click.option("--force", is_flag=True, help="Write over a recipe that is there.")
def init(path: Path, output: Path, force: bool) -> None:
    """Look at PATH, a file or a folder of exports, and write a recipe for it.

    Tables, mail, chats, calls, exports of ticket systems, documents, SQLite files, dumps and papers
    each get their source. What they hold is guessed from names and contents; every guess is said,
    and what is left to fill stands in comments.
    """
    from tunesmith.errors import TunesmithError
    from tunesmith.initialise import propose
    from tunesmith.io import write_text

    if output.exists() and not force:
        raise TunesmithError(
            "there is a recipe already",
            where=str(output),
            todo="choose another name with -o, or write over it with --force",
        )
    proposal = propose(path, recipe_folder=output.resolve().parent)
    write_text(output, proposal.recipe)
    for finding in proposal.findings:
        click.echo(f"  {finding}", err=True)
    click.echo(f"Wrote {output}. Look it over, then: tunesmith run {output}", err=True)


@click.command()
@RECIPE
@OVERRIDES
@JSON
def check(recipe: Path, overrides: tuple[str, ...], as_json: bool) -> None:
    """Report every mistake in RECIPE and in the sources it names, and what is not installed."""
    from tunesmith import recipe as recipes
    from tunesmith.report.wording import plural

    loaded = recipes.load(recipe, list(overrides))
    recipes.check(loaded, installed=True)
    files = sum(len(source.files(loaded.base)) for source in loaded.recipe.sources)
    if as_json:
        print_json({"ok": True, "sources": len(loaded.recipe.sources), "files": files})
    else:
        click.echo(
            f"{recipe}: no mistake found ({plural(len(loaded.recipe.sources), 'source')}, "
            f"{plural(files, 'file')}, {plural(len(loaded.recipe.methods), 'method')})"
        )
