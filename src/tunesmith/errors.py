"""The errors that tunesmith expects, each saying what happened, where, and what to do next.

```
TunesmithError            exit code 1: one message, no traceback
├── RecipeError           a recipe or a source it names is wrong (all mistakes at once)
├── DamagedFileError      a file that tunesmith wrote cannot be read any more
├── SourceError           a source as a whole cannot be read
├── RunLockedError        another process is working on the same run folder
├── ModelError            a base model cannot be found or loaded
├── MissingExtraError     an optional part is not installed
├── DivergedError         a training's loss or gradient went out of bounds; says which rate to try
├── JobError              a worker process failed
├── ClusterError          a cluster cannot be reached, or lacks what the work needs
├── ConservationError     rows were lost or counted twice: a bug in tunesmith, never the user's
└── QualityGateError      exit code 3: a quality gate was not met (the leak scan, a target)
```

Anything else that escapes is a bug and keeps its traceback.
"""

from __future__ import annotations


class TunesmithError(Exception):
    """An expected error.

    Args:
        what: What happened, one sentence, no personal data.
        where: The file, line, field or row it happened at.
        todo: What the user can do next.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str | None = None, todo: str | None = None) -> None:
        self.what, self.where, self.todo = what, where, todo
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The message as it is shown, up to three lines."""
        lines = [self.what if self.where is None else f"{self.where}: {self.what}"]
        if self.todo is not None:
            lines.append(f"→ {self.todo}")
        return "\n".join(lines)


class DamagedFileError(TunesmithError):
    """A file that tunesmith wrote cannot be read any more."""


class RecipeError(TunesmithError):
    """A recipe, or a source that it names, has mistakes; `problems` lists every one."""

    def __init__(self, problems: list[str], *, where: str, todo: str | None = None) -> None:
        self.problems = problems
        count = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        what = f"{count} found\n" + "\n".join(f"  {problem}" for problem in problems)
        super().__init__(what, where=where, todo=todo)


class SourceError(TunesmithError):
    """A source as a whole cannot be read."""


class RunLockedError(TunesmithError):
    """Another process is working on the same run folder."""


class ModelError(TunesmithError):
    """A base model cannot be found or loaded."""


class MissingExtraError(TunesmithError):
    """An optional part of tunesmith is not installed.

    Args:
        package: The distribution that is missing.
        extra: The extra of tunesmith that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        self.package, self.extra = package, extra
        super().__init__(
            f"the package '{package}' is not installed",
            todo=f"install it with: pip install 'tunesmith[{extra}]'",
        )


class DivergedError(TunesmithError):
    """A training's loss or gradient is not a number, or its loss far above its start."""


class JobError(TunesmithError):
    """A worker process ended without a result."""


class ClusterError(TunesmithError):
    """A cluster cannot be reached, or its machines lack what the work needs."""


class ConservationError(TunesmithError):
    """The fates of the rows do not add up to the rows collected."""


class QualityGateError(TunesmithError):
    """A quality gate was not met."""

    exit_code = 3
