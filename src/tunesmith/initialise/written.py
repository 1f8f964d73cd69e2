"""Pieces of a recipe as text: names, paths and scalars as YAML has them."""

from __future__ import annotations

import re
from pathlib import Path

_PLAIN_SCALAR = re.compile(r"[A-Za-z_./][A-Za-z0-9_./ -]*")
_WORDS = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}


def quoted(text: str) -> str:
    """A YAML scalar; quoted where YAML could read something else (`no`, `on`, `1.0`)."""
    if _PLAIN_SCALAR.fullmatch(text) and text.lower() not in _WORDS and text == text.strip():
        return text
    return f'"{escaped(text)}"'


def escaped(text: str) -> str:
    """What stands between double quotes in YAML."""
    signs = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return "".join(signs.get(letter) or _shown(letter) for letter in text)


def _shown(letter: str) -> str:
    return letter if letter.isprintable() else f"\\U{ord(letter):08x}"


def one_or_many(column: str | list[str]) -> str:
    """A column, or a list of columns."""
    return quoted(column) if isinstance(column, str) else f"[{', '.join(map(quoted, column))}]"


def in_comment(names: list[str]) -> str:
    """Names for the end of a comment: on one line, whatever they hold."""
    return ", ".join(" ".join(name.split()) for name in names)


def relative(path: Path, folder: Path) -> str:
    """A path as the recipe in this folder names it."""
    try:
        return path.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return str(path.resolve())


def plain_name(name: str) -> str:
    """A name of letters, digits, dots and dashes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._") or "project"


class Names:
    """Gives each source a name of its own."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def free(self, stem: str) -> str:
        """The name, numbered where it is taken."""
        base = plain_name(stem)
        name, number = base, 2
        while name in self._used:
            name, number = f"{base}-{number}", number + 1
        self._used.add(name)
        return name
