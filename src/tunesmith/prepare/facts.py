"""The facts of the rows, stated where they are missing."""

from __future__ import annotations

from tunesmith.prepare.context import Context
from tunesmith.store.facts import VERSION, Facts, StateFacts
from tunesmith.store.kept import Kept


def state_facts(context: Context, kept: Kept) -> Facts:
    """State the facts of every part that has none yet."""
    rows = kept.rows
    files = context.beside(rows, "facts", {"version": VERSION})
    tasks = [
        StateFacts(rows=rows.folder.resolve(), number=number, output=path)
        for number, path in enumerate(files)
        if not path.exists()
    ]
    with context.timed("state facts"):
        context.work_off(tasks)
    return Facts(kept, files)
