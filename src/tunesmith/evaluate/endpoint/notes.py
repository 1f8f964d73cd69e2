"""What a scorecard says of figures that a server does not let be measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NOTES = {
    "perplexity": "An endpoint does not say how likely it finds a given answer.",
    "tokens_in_mean": "The server does not say how many tokens it read.",
    "tokens_out_mean": "The server does not say how many tokens it wrote.",
}


def with_notes(metrics: Mapping[str, Any], generation: Mapping[str, Any] | None) -> dict[str, Any]:
    """The metrics of a scorecard, with why those of an endpoint have no value."""
    if generation is None or not generation.get("endpoint"):
        return dict(metrics)
    return {
        name: figure | {"note": _NOTES[name]} if name in _NOTES and not figure["n"] else figure
        for name, figure in metrics.items()
    }
