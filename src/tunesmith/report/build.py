"""Writing the report: the run folder in, `report.html` out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tunesmith.errors import TunesmithError
from tunesmith.io import read_json, read_jsonl, write_text
from tunesmith.report.node import Node

if TYPE_CHECKING:
    from markupsafe import Markup

    from tunesmith.report.arrange import Files
    from tunesmith.report.view import View


def build_report(run: Path) -> Path:
    """Write `report.html` into a run folder, atomically, and return its path.

    Reads `run.json`, and as far as they are there `quality.json`, `decision.json`,
    `methods/*/metrics.json` and the files that `arrange.TOP` and `arrange.EACH` name; a run that
    only prepared data gets a report on the data. The file
    needs nothing else and asks the network for nothing. The same files give the same bytes.

    Raises:
        TunesmithError: `run.json` is missing, a file is not JSON, or a value has the wrong type.
    """
    from tunesmith.report.view import build_view

    path = run / "report.html"
    write_text(path, _render(build_view(_read(run))))
    return path


def _read(run: Path) -> Files:
    from tunesmith.report.arrange import EACH, HISTORY, TOP, Files

    if not (run / "run.json").is_file():
        raise TunesmithError(
            "there is no run.json, so there is nothing to report on",
            where=str(run),
            todo="give the folder of a run, such as runs/NAME",
        )
    metrics = sorted(run.glob("methods/*/metrics.json"))
    return Files(
        run=_document(run, run / "run.json"),
        quality=_document(run, run / "quality.json"),
        decision=_document(run, run / "decision.json"),
        methods=tuple(_document(run, path) for path in metrics),
        more={name: _document(run, run / name) for name in TOP},
        history=_lines(run, run / HISTORY),
        each={
            name: {
                path.parent.name: _document(run, path)
                for path in sorted(run.glob(f"methods/*/{name}"))
            }
            for name in EACH
        },
    )


def _document(run: Path, path: Path) -> Node:
    """A JSON file of the run; a file that is not there reads as null."""
    name = path.relative_to(run).as_posix()
    if not path.is_file():
        return Node(None, name)
    return Node(read_json(path), name)


def _lines(run: Path, path: Path) -> tuple[Node, ...]:
    """The rows of a JSONL file of the run; none where it is not there."""
    name = path.relative_to(run).as_posix()
    rows = read_jsonl(path) if path.is_file() else []
    return tuple(Node(row, f"{name}:{number}") for number, row in enumerate(rows, 1))


def _render(view: View) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from tunesmith.report.charts import draw

    environment = Environment(
        loader=PackageLoader("tunesmith.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["inline"] = _inline
    return environment.get_template("report.html.j2").render(view=view, draw=draw)


def _inline(text: str) -> Markup:
    """A sentence with what stands between backticks set as code."""
    from markupsafe import Markup

    code = Markup("<code>{}</code>")
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return Markup("{}").format(text)
    return Markup("").join(code.format(p) if i % 2 else p for i, p in enumerate(pieces))
