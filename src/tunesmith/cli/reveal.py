"""`reveal`: what pseudonyms and fakes stand for."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tunesmith.cli.options import JSON, OUT, print_json, run_folder


@click.command()
@click.argument("tokens", metavar="[TOKEN]...", nargs=-1)
@click.option(
    "--text",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Print this text with what its pseudonyms and fakes stand for; - reads stdin.",
)
@OUT
@JSON
def reveal(tokens: tuple[str, ...], file: Path | None, out: Path | None, as_json: bool) -> None:
    """Say what each TOKEN, a pseudonym or a fake, stands for.

    Needs the secret of the run and its vault (clean.personal_data.vault). Each use is noted in the
    run folder's reveal.log.
    """
    if bool(tokens) == (file is not None):
        raise click.UsageError("Give some pseudonyms or fakes, or a text with --text FILE.")
    from tunesmith import reveal as reveals
    from tunesmith.errors import TunesmithError

    run = run_folder(out)
    if file is not None:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
        revealed = reveals.reveal_text(run, text)
        if as_json:
            print_json({"text": revealed})
        else:
            click.echo(revealed, nl=False)
        return
    found = reveals.reveal(run, tokens)
    if as_json:
        print_json([one.as_json() for one in found])
    else:
        for one in found:
            shared = "  (several values share it)" if len(one.originals) > 1 else ""
            for kind, value in one.originals:
                click.echo(f"{one.token}  {kind}  {value}{shared}")
    unknown = sum(not one.originals for one in found)
    if unknown:
        raise TunesmithError(
            f"the vault does not know {unknown} of {len(found)}",
            where=str(run / "vault"),
            todo="give them as the dataset has them, and name its run folder with --out",
        )
