"""How `prepare --preview` looks in a terminal."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import asdict
from typing import TYPE_CHECKING

from tunesmith.cli.options import print_json

if TYPE_CHECKING:
    from rich.text import Text

    from tunesmith.preview import Pair, Preview

_TOKENS = re.compile(r"\[[A-Z_ ]{2,30}\]|<\d+ letters>|\w+|[ \t]+|.", re.DOTALL)
#: A shorter gap between two changes is shown as changed, too: single letters are hard to read.
_SHORT_GAP = 3


def show(preview: Preview, *, as_json: bool) -> None:
    """Print a preview on stdout."""
    if as_json:
        print_json(asdict(preview))
        return
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for number, pair in enumerate(preview.pairs, start=1):
        console.print(_head(number, pair), style="bold", markup=False)
        console.print(difference(pair.before, pair.after))
        if pair.cut:
            console.print("(a part of a longer text)", style="dim", markup=False)
        console.print()
    for line in _summary(preview):
        console.print(line, markup=False)


def _head(number: int, pair: Pair) -> str:
    place = visible(pair.file) + ("" if pair.line is None else f":{pair.line}")
    notes = f" · {', '.join(dict.fromkeys(pair.notes))}" if pair.notes else ""
    return f"{number}. {place} · {pair.column} · {pair.changed_letters:,} letters{notes}"


def _summary(preview: Preview) -> list[str]:
    from tunesmith.report.wording import plural

    if preview.looked_at == preview.rows:
        looked = f"all {plural(preview.rows, 'row')}"
    else:
        looked = f"{preview.looked_at:,} of {preview.rows:,} rows, drawn with the recipe's seed"
    rows = plural(preview.changed_rows, "row")
    verb = "changes" if preview.changed_rows == 1 else "change"
    pairs = plural(len(preview.pairs), "pair")
    changed = f"{preview.what}: {rows} {verb} of those looked at ({looked})"
    lines = [f"{changed}; {pairs} shown, most-changed first."]
    if preview.pairs:
        lines.append("[-removed-] {+added+}; personal data is masked on both sides.")
    return lines


def difference(before: str, after: str) -> Text:
    """Both texts as one: `[-removed-]` in red, `{+added+}` in green (the signs of wdiff)."""
    from rich.text import Text

    shown = Text()
    for tag, old, new in _parts(before, after):
        if tag == "equal":
            shown.append(visible(old))
            continue
        if old:
            shown.append(f"[-{visible(old, ends=True)}-]", style="red")
        if new:
            shown.append(f"{{+{visible(new, ends=True)}+}}", style="green")
    return shown


def _parts(before: str, after: str) -> list[tuple[str, str, str]]:
    from rapidfuzz.distance import Indel

    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    parts: list[tuple[str, str, str]] = []
    for code in Indel.opcodes(old, new):
        mine = "".join(old[code.src_start : code.src_end])
        other = "".join(new[code.dest_start : code.dest_end])
        tag = "equal" if code.tag == "equal" else "changed"
        parts.append((tag, mine, other))
    return _smoothed(parts)


def _smoothed(parts: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    smooth: list[tuple[str, str, str]] = []
    for number, (tag, old, new) in enumerate(parts):
        inner = 0 < number < len(parts) - 1
        small = inner and len(old) < _SHORT_GAP and "\n" not in old
        changed = tag != "equal" or small
        if changed and smooth and smooth[-1][0] == "changed":
            _, before, after = smooth.pop()
            smooth.append(("changed", before + old, after + new))
        else:
            smooth.append(("changed" if changed else "equal", old, new))
    return smooth


def visible(text: str, *, ends: bool = False) -> str:
    """A text without letters that a terminal obeys or hides: those are written as escapes.

    Args:
        text: Any text.
        ends: Mark line ends, too.
    """
    if ends:
        text = text.replace("\n", "⏎\n")
    return "".join(_escaped(letter) if _is_hidden(letter) else letter for letter in text)


def _is_hidden(letter: str) -> bool:
    if letter in "\n\t\u200c\u200d":
        return False
    return unicodedata.category(letter) in {"Cc", "Cf", "Co", "Zl", "Zp"} or letter == "\u00a0"


def _escaped(letter: str) -> str:
    number = ord(letter)
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"
