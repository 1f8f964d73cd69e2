"""How long a training still takes, from what it has taken so far."""

from __future__ import annotations

from collections.abc import Sequence


class TimeLeft:
    """Measures the parts of a training apart, as they do not come evenly.

    Args:
        step_tokens: Tokens of each step.
        validations: The steps after which there is a validation.
    """

    def __init__(self, step_tokens: Sequence[int], validations: Sequence[int]) -> None:
        self._tokens = step_tokens
        self._validations = list(validations)
        self._steps: list[tuple[float, int]] = []
        self._pauses: list[float] = []
        self._validation = 0.0

    def step(self, number: int, seconds: float) -> None:
        """Step `number` (from 1) took so long."""
        self._steps.append((seconds, self._tokens[number - 1]))

    def pause(self, seconds: float) -> None:
        """So long it took from one step to the next, validations left out."""
        self._pauses.append(seconds)

    def validation(self, seconds: float) -> None:
        """A validation took so long: the next will take as long as the newest."""
        self._validation = seconds

    def left(self, step: int) -> float:
        """Seconds left after a step, of which one at least was measured.

        A process's first step also pays for warming up: it counts only while it is the only one.
        """
        steps = self._steps[1:] or self._steps
        a_token = sum(seconds for seconds, _ in steps) / sum(tokens for _, tokens in steps)
        pauses = self._pauses[1:] or self._pauses
        a_pause = sum(pauses) / len(pauses) if pauses else 0.0
        to_come = sum(number > step for number in self._validations)
        return (
            a_token * sum(self._tokens[step:])
            + a_pause * (len(self._tokens) - step)
            + self._validation * to_come
        )
