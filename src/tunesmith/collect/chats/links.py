"""Reply links that people annotated beside a log, as Kummerfeld et al. 2019 publish them."""

from __future__ import annotations

import re
from pathlib import Path

_LINK = re.compile(rb"(\d{1,9})[ \t]+(\d{1,9})(?:[ \t]+-)?\s*")

#: More links than any log has that a person annotated.
_MAX_LINKS = 1_000_000


def threads(path: Path) -> dict[int, int]:
    """The conversation of each line: the number of its first line, counted from 1.

    Args:
        path: Lines of `1002 1003 -`: the two messages (counted from 0) belong together.
    """
    above: dict[int, int] = {}

    def top(line: int) -> int:
        while (parent := above.setdefault(line, line)) != line:
            above[line] = above[parent]
            line = parent
        return line

    with path.open("rb") as file:
        for _ in range(_MAX_LINKS):
            raw = file.readline(1024)
            if not raw:
                break
            match = _LINK.fullmatch(raw)
            if match is not None:
                first, second = sorted((top(int(match[1]) + 1), top(int(match[2]) + 1)))
                above[second] = first
    return {line: top(line) for line in list(above)}
