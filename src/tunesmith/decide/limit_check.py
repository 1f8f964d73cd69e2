"""Methods held against hard limits.

A limit is held against the figure that was measured. Where the figure's interval holds the limit
too, that is said with what would settle it, and where nothing was measured the method stays with a
word: neither is passed in silence.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tunesmith.decide.common import MANY_UNSCORED, unscored_share
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import Cost, horizon_answers
from tunesmith.decide.evidence import DECISION, at, metrics_file
from tunesmith.decide.limit_words import Found, Saying, more_rows
from tunesmith.decide.limits import Held, Limit
from tunesmith.decide.measured import Measured
from tunesmith.decide.words import UNTRAINED, figure, money, sentence
from tunesmith.evaluate.metrics import METRICS
from tunesmith.evaluate.significance import rows_for_upper


def held_against(
    scorecards: Sequence[Mapping[str, Any]],
    costs: Mapping[str, Cost],
    config: DecideConfig,
    measured: Measured,
    called: Mapping[str, str],
    *,
    confidence: float,
) -> tuple[Limit, ...]:
    """Hold every method against every limit that is set."""
    given = config.limits
    check = _Check(costs, config, measured, called, confidence)
    wanted = (
        ("min_quality", METRICS[config.metric].label, given.min_quality, check.quality),
        ("max_p95_latency_s", "p95 latency", given.max_p95_latency_s, check.latency),
        ("max_memory_mib", "Peak memory", given.max_memory_mib, check.memory),
        ("max_total_cost", "Total cost", given.max_total_cost, check.total_cost),
        ("max_forgetting", "Forgetting", given.max_forgetting, check.forgetting),
        ("data_stays_here", "Data stays here", given.data_stays_here or None, check.stays),
    )
    return tuple(
        Limit(
            name=name,
            limit=limit,
            label=label,
            held=tuple(hold(card, limit) for card in scorecards),
        )
        for name, label, limit, hold in wanted
        if limit is not None
    )


class _Check:
    """How one method stands to one limit."""

    def __init__(
        self,
        costs: Mapping[str, Cost],
        config: DecideConfig,
        measured: Measured,
        called: Mapping[str, str],
        confidence: float,
    ) -> None:
        self.costs, self.config, self.measured = costs, config, measured
        self.called, self.confidence = called, confidence

    def quality(self, card: Mapping[str, Any], limit: float) -> Held:
        """The deciding metric."""
        metric = METRICS[self.config.metric]
        found = _of(card["metrics"].get(metric.name), card, "metrics", metric.name)

        def more(found: Found) -> str:
            return more_rows(found, limit, self.confidence)

        held = self._hold(
            card, found, limit, metric.unit, metric.label,
            todo=more, at_least=metric.higher_is_better,
        )  # fmt: skip
        return self._many_unscored(card, held)

    def _many_unscored(self, card: Mapping[str, Any], held: Held) -> Held:
        """A floor is not kept by leaving out the rows that were not answered."""
        metric = METRICS[self.config.metric]
        if held.standing == "unclear" or unscored_share(card, metric.name) <= MANY_UNSCORED:
            return held
        if held.standing == "failed":
            return replace(held, sure=False)
        unscored = card["metrics"][metric.name]["unscored"]
        place = (metrics_file(held.method), "metrics", metric.name)
        value, left = figure(held.value or 0.0, metric.unit), f"{unscored:,}"
        text = (
            f"whether {self.called[held.method]} keeps to the limit of {metric.label} cannot be "
            f"told: it has {value} without {left} rows that could not be scored."
        )
        evidence = (at(*place, "value", shown=value), at(*place, "unscored", shown=left))
        return replace(
            held, standing="unclear", sure=False, sentence=sentence(text), evidence=evidence,
            todo="look in predictions.jsonl why those rows have no answer",
        )  # fmt: skip

    def latency(self, card: Mapping[str, Any], limit: float) -> Held:
        """Whole answers asked for one at a time; a measurement of its own wins."""
        method = str(card["method"])
        own = self.measured.performance.get(method, {})
        p95 = ((own.get("latency") or {}).get("answer_s") or {}).get("p95")
        if p95 is not None and p95.get("value") is not None:
            found = _figure(p95, f"methods/{method}/performance.json", "latency", "answer_s", "p95")
        else:
            found = _of(card["metrics"].get("latency_p95_s"), card, "metrics", "latency_p95_s")

        def more(found: Found) -> str:
            enough = rows_for_upper(0.95, confidence=self.confidence)
            extra = enough - found.n if found.n < enough else found.n
            return f"answer about {extra:,} more rows alone (evaluate.latency_rows)"

        return self._hold(card, found, limit, "s", "p95 latency", todo=more)

    def memory(self, card: Mapping[str, Any], limit: float) -> Held:
        """Peak memory of this machine while answering; a server elsewhere takes none of it."""
        method = str(card["method"])
        endpoint = (card.get("generation") or {}).get("endpoint")
        if endpoint:
            if not is_here(str(endpoint.get("host") or "")):
                return Held(method=method, standing="met", value=None)
            # what was measured is our client: the server on this machine is another process
            unknown = _figure(None, metrics_file(method), "generation", "peak_memory_mib")
            return self._hold(card, unknown, limit, "mib", "server's peak memory")
        own = self.measured.performance.get(method, {}).get("peak_memory_mib")
        path, keys = f"methods/{method}/performance.json", ("peak_memory_mib",)
        if own is None:
            own = (card.get("generation") or {}).get("peak_memory_mib")
            path, keys = metrics_file(method), ("generation", "peak_memory_mib")  # type: ignore[assignment]
        if isinstance(own, Mapping):
            found = _figure(own, path, *keys)
        else:
            found = Found(own, None, None, 1, path, keys, exact=True)
        return self._hold(card, found, limit, "mib", "peak memory")

    def total_cost(self, card: Mapping[str, Any], limit: float) -> Held:
        """The costs that count; hours that do not count are named where they would break it."""
        method, currency = str(card["method"]), self.config.currency
        answers = horizon_answers(self.config)
        cost = self.costs[method]
        counted, whole = cost.total(answers), cost.total(answers, everything=True)
        found = Found(
            counted, None, None, 1, DECISION, ("cost", "methods", method, "total"), exact=True
        )
        held = self._hold(card, found, limit, "money", "total cost")
        assumed = sum(work.amount for work in cost.work if work.counts and work.assumed)
        if held.standing == "failed" and (counted or 0.0) - assumed <= limit:
            text = (
                f"{held.sentence.removesuffix('.')}; it would keep to it without the documents' "
                "hours of work, so to be sure put your own into decide.work."
            )
            return replace(held, sure=False, sentence=text)
        if held.standing != "met" or whole is None or whole <= limit:
            return held
        name = self.called[method]
        text = (
            f"Whether {name} stays within {money(limit, currency)} cannot be told: what counts is "
            f"{money(counted or 0, currency)}, but with the documents' hours of work it would be "
            f"{money(whole, currency)}; put your own hours into decide.work."
        )
        row = (DECISION, "cost", "methods", method)
        evidence = (
            at(DECISION, "limits", "max_total_cost", shown=money(limit, currency)),
            at(*row, "total", shown=money(counted or 0, currency)),
            at(*row, "total_with_assumed", shown=money(whole, currency)),
        )
        return Held(
            method=method,
            standing="unclear",
            sure=False,
            value=counted,
            sentence=text,
            todo="put your own hours into decide.work",
            evidence=evidence,
        )

    def forgetting(self, card: Mapping[str, Any], limit: float) -> Held:
        """Perplexity outside the domain after training over that before; untrained: 1."""
        method = str(card["method"])
        if card["kind"] in UNTRAINED:
            return Held(method=method, standing="met", value=1.0)
        own = (self.measured.forgetting.get(method, {}).get("perplexity") or {}).get("ratio")
        path = f"methods/{method}/forgetting.json"
        found = _figure(own, path, "perplexity", "ratio")
        return self._hold(card, found, limit, "ratio", "growth of perplexity outside the domain")

    def stays(self, card: Mapping[str, Any], _limit: object) -> Held:
        """Whether the method answers on this machine."""
        method = str(card["method"])
        endpoint = (card.get("generation") or {}).get("endpoint")
        host = str((endpoint or {}).get("host") or "")
        if not endpoint or is_here(host):
            return Held(method=method, standing="met", value=None)
        text = f"{self.called[method]} is out: it sends questions to {host}, and data may not leave"
        shown = at(metrics_file(method), "generation", "endpoint", "host", shown=host)
        return Held(
            method=method, standing="failed", value=None, excess=math.inf,
            sentence=sentence(f"{text} this machine."), evidence=(shown,) if host else (),
        )  # fmt: skip

    def _hold(
        self,
        card: Mapping[str, Any],
        found: Found,
        limit: float,
        unit: str,
        label: str,
        *,
        todo: Callable[[Found], str] | None = None,
        at_least: bool = False,
    ) -> Held:
        method = str(card["method"])
        say = Saying(
            self.called[method], found, limit, unit, label, self.config.currency, at_least=at_least
        )
        if found.value is None:
            return Held(
                method=method, standing="unclear", value=None, sentence=say.unmeasured(),
                evidence=(say.at_limit,), sure=False, todo=f"measure its {label}",
            )  # fmt: skip
        sign = -1 if at_least else 1
        beyond = sign * (found.value - limit) > 0
        worst, best = (found.low, found.high) if at_least else (found.high, found.low)
        if found.exact:
            worst = best = found.value
        sure = (
            best is not None and sign * (best - limit) > 0
            if beyond
            else worst is not None and sign * (worst - limit) <= 0
        )
        held = {"method": method, "value": found.value, "low": found.low, "high": found.high}
        if not beyond and sure:
            return Held(standing="met", **held)  # type: ignore[arg-type]
        more = todo(found) if todo is not None and not sure else ""
        text, evidence = say.failed(sure, more) if beyond else say.unclear(more)
        return Held(
            standing="failed" if beyond else "unclear",
            sure=bool(sure),
            excess=max(0.0, sign * (found.value - limit)) / abs(limit or 1),
            sentence=text,
            todo=more,
            evidence=evidence,
            **held,  # type: ignore[arg-type]
        )


def _of(figure: Mapping[str, Any] | None, card: Mapping[str, Any], *keys: str) -> Found:
    return _figure(figure, metrics_file(str(card["method"])), *keys)


def _figure(figure: Mapping[str, Any] | None, path: str, *keys: str) -> Found:
    if figure is None:
        return Found(None, None, None, 0, path, keys)
    return Found(
        figure.get("value"), figure.get("low"), figure.get("high"), figure.get("n") or 0, path, keys
    )


def is_here(host: str) -> bool:
    """Whether a host is this machine.

    >>> is_here("http://localhost:8000/v1"), is_here("127.0.0.1"), is_here("localhost.example.com")
    (True, True, False)
    """
    name = host.rpartition("//")[2].partition("/")[0].lower()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
