"""What is said of a method at a limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

from tunesmith.decide.evidence import DECISION, Evidence, at
from tunesmith.decide.rows import about
from tunesmith.decide.words import figure, money, sentence
from tunesmith.evaluate.power import POWER

_SETTINGS = {
    "s": "max_p95_latency_s", "mib": "max_memory_mib", "money": "max_total_cost",
    "ratio": "max_forgetting",
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """A measured figure and where it stands."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    path: str
    keys: tuple[str | int, ...]
    exact: bool = False
    """Known without an interval."""

    def evidence(self, shown: Mapping[str, str]) -> tuple[Evidence, ...]:
        """Of its value and ends, as they are printed."""
        return tuple(
            at(self.path, *self.keys, *(() if self.exact else (key,)), shown=text)
            for key, text in shown.items()
        )


class Saying:
    """The sentence of one method at one limit."""

    def __init__(
        self,
        name: str,
        found: Found,
        limit: float,
        unit: str,
        label: str,
        currency: str,
        *,
        at_least: bool,
    ) -> None:
        self.name, self.found, self.label = name, found, label
        self.unit, self.currency = unit, currency
        self.limit = self.write(limit)
        self.bound = f"at least {self.limit}" if at_least else f"at most {self.limit}"
        setting = _SETTINGS.get(unit, "min_quality")
        self.at_limit = at(DECISION, "limits", setting, shown=self.limit)

    def write(self, value: float) -> str:
        """A value in the unit of the limit."""
        if self.unit == "money":
            return money(value, self.currency)
        return figure(value, self.unit) + {"s": " s", "mib": " MiB"}.get(self.unit, "")

    def _range(self) -> tuple[str, dict[str, str]]:
        low, high = self.found.low, self.found.high
        if self.found.exact or (low is None and high is None):
            return "", {}
        if low is None or high is None:
            end, key = (high, "high") if low is None else (low, "low")
            shown = self.write(end or 0.0)
            return f" ({'at most' if low is None else 'at least'} {shown})", {key: shown}
        return f" ({self.write(low)} to {self.write(high)})", {
            "low": self.write(low), "high": self.write(high),
        }  # fmt: skip

    def _said(self, text: str, ends: Mapping[str, str]) -> tuple[str, tuple[Evidence, ...]]:
        value = {"value": self.write(self.found.value or 0.0)}
        return sentence(text), (*self.found.evidence({**value, **ends}), self.at_limit)

    def unmeasured(self) -> str:
        """Nothing to hold against the limit."""
        return sentence(
            f"whether {self.name} keeps to {self.bound} cannot be told: its {self.label} was not "
            "measured."
        )

    def failed(self, sure: bool, more: str) -> tuple[str, tuple[Evidence, ...]]:
        """Beyond the limit."""
        within, ends = self._range()
        text = (
            f"{self.name} is out: its {self.label} is {self.write(self.found.value or 0.0)}"
            f"{within}, and {self.bound} is asked for"
        )
        if not sure:
            text += f"; the range holds the limit, so to be sure {more or 'measure more'}"
        return self._said(f"{text}.", ends)

    def unclear(self, more: str) -> tuple[str, tuple[Evidence, ...]]:
        """Within the limit by the figure, not by its range."""
        within, ends = self._range()
        text = (
            f"whether {self.name} keeps to {self.bound} cannot be told yet: its {self.label} is "
            f"{self.write(self.found.value or 0.0)}{within}"
        )
        return self._said(f"{text}{f'; {more}' if more else ''}.", ends)


def more_rows(found: Found, limit: float, confidence: float) -> str:
    """How many more rows would tell the figure from the limit, in 4 of 5 cases."""
    if found.value is None or found.low is None or found.high is None or found.value == limit:
        return "collect more test rows"
    normal = NormalDist()
    z = normal.inv_cdf(1 - (1 - confidence) / 2)
    error = (found.high - found.low) / (2 * z)
    wanted = ((z + normal.inv_cdf(POWER)) * error / (found.value - limit)) ** 2
    return f"collect about {about(max(1.0, found.n * (wanted - 1))):,} more test rows"
