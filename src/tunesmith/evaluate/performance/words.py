"""A measurement in one line."""

from __future__ import annotations

from typing import Any


def one_line(card: dict[str, Any]) -> str:
    """What `performance.json` says, for whoever waits for it; what is not known is left out."""
    latency, energy = card["latency"], card["energy"]
    parts = [
        _seconds("first token", latency["first_token_s"]["p50"]),
        _seconds("answer", latency["answer_s"]["p50"]),
        _seconds("95% of answers within", latency["answer_s"]["p95"]),
    ]
    parts += [
        f"{one['answers_per_s']:.2f} answers/s at {one['concurrency']}"
        for one in card["throughput"]
        if one["answers_per_s"] is not None
    ]
    if card["peak_memory_mib"] is not None:
        parts.append(f"peak memory {card['peak_memory_mib']:,.0f} MiB")
    if energy["watt_hours_per_1000"] is not None:
        how = "" if energy["measured"] else " (estimate)"
        parts.append(f"{energy['watt_hours_per_1000']:.1f} Wh for 1,000 answers{how}")
    return ", ".join(part for part in parts if part)


def _seconds(name: str, figure: dict[str, Any]) -> str:
    return "" if figure["value"] is None else f"{name} {figure['value']:.2f} s"
