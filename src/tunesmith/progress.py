"""Progress for people: bars with time left on stderr, plain lines where there is no terminal.

Code that works takes a `Progress` and calls `stage`; it never knows where the words go.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.progress import Task, TaskID


class Stage(Protocol):
    """One piece of work that is under way."""

    def advance(self, amount: float = 1, *, note: str | None = None) -> None:
        """Say that `amount` more units are done; `note` replaces the words after the bar."""

    def total(self, total: float) -> None:
        """Say how many units there are in all, once that is known."""

    def left(self, seconds: float) -> None:
        """Say how long the rest takes, where more is known than the share that is done."""


class Progress(Protocol):
    """Where a run tells a person what it does."""

    def stage(
        self, name: str, total: float | None = None
    ) -> contextlib.AbstractContextManager[Stage]:
        """Open a stage of `total` units (None: not known yet)."""

    def say(self, text: str) -> None:
        """Say one sentence."""


class SilentProgress:
    """Says nothing (the Python API's default)."""

    @contextlib.contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Stage]:
        """Open a stage that says nothing."""
        yield _SilentStage()

    def say(self, text: str) -> None:
        """Say nothing."""


class _SilentStage:
    def advance(self, amount: float = 1, *, note: str | None = None) -> None:
        pass

    def total(self, total: float) -> None:
        pass

    def left(self, seconds: float) -> None:
        pass


class LineProgress:
    """One line when a stage ends and every `every_s` seconds inside it, for logs and pipes."""

    def __init__(self, *, every_s: float = 15.0) -> None:
        self.every_s = every_s

    @contextlib.contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Stage]:
        """Open a stage that prints lines to stderr."""
        stage = _LineStage(name, total, self.every_s)
        yield stage
        stage.finish()

    def say(self, text: str) -> None:
        """Print one line to stderr."""
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - this class is the output


class _LineStage:
    def __init__(self, name: str, total: float | None, every_s: float) -> None:
        self.name, self.expected, self.every_s = name, total, every_s
        self.done, self.note = 0.0, ""
        self.known_left: float | None = None
        self.started = self.spoken = time.monotonic()

    def advance(self, amount: float = 1, *, note: str | None = None) -> None:
        self.done += amount
        self.note = note if note is not None else self.note
        if time.monotonic() - self.spoken >= self.every_s:
            self.spoken = time.monotonic()
            self._print()

    def total(self, total: float) -> None:
        self.expected = total

    def left(self, seconds: float) -> None:
        self.known_left = seconds

    def finish(self) -> None:
        self._print(end=True)

    def _print(self, *, end: bool = False) -> None:
        seconds = time.monotonic() - self.started
        parts = [f"{self.name}:"]
        if self.expected:
            parts.append(f"{self.done:,.0f}/{self.expected:,.0f}")
        elif self.done:
            parts.append(f"{self.done:,.0f}")
        if end:
            parts.append(f"done in {duration(seconds)}")
        elif self.expected and self.done:
            left = self.known_left
            if left is None:
                left = seconds / self.done * max(0.0, self.expected - self.done)
            parts.append(f"about {duration(left)} left")
        if self.note:
            parts.append(f"({self.note})")
        print(" ".join(parts), file=sys.stderr, flush=True)  # noqa: T201 - this class is the output


class BarProgress:
    """Bars with time left, on a terminal."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextlib.contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Stage]:
        """Open a stage with a bar of its own."""
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as RichProgress
        from rich.text import Text

        class _LeftColumn(TimeRemainingColumn):
            """The time left that the stage knows; what the bar's speed says where it does not."""

            def render(self, task: Task) -> Text:
                known = task.fields["left"]
                if known is None or task.finished:
                    return super().render(task)
                until, said_at = known
                return Text(duration(max(0.0, until - (time.monotonic() - said_at))))

        with RichProgress(
            TextColumn("{task.description:<22}", markup=False),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            _LeftColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=self.console,
        ) as bars:
            yield _BarStage(bars, bars.add_task(name, total=total, note="", left=None))

    def say(self, text: str) -> None:
        """Print one line above the bars."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


class _BarStage:
    def __init__(self, bars: RichProgress, task: TaskID) -> None:
        self.bars, self.task = bars, task

    def advance(self, amount: float = 1, *, note: str | None = None) -> None:
        self.bars.advance(self.task, amount)
        if note is not None:
            self.bars.update(self.task, note=note)

    def total(self, total: float) -> None:
        self.bars.update(self.task, total=total)

    def left(self, seconds: float) -> None:
        self.bars.update(self.task, left=(seconds, time.monotonic()))


def for_terminal() -> Progress:
    """Bars where stderr is a terminal, lines where it is not."""
    if not sys.stderr.isatty():
        return LineProgress()
    from rich.console import Console

    return BarProgress(Console(stderr=True))


def duration(seconds: float) -> str:
    """Seconds in the words people use: `8 s`, `3 min 05 s`, `2 h 10 min`.

    >>> duration(7.6), duration(185), duration(7800)
    ('8 s', '3 min 05 s', '2 h 10 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
