"""What an answer of a server costs: counted tokens times its prices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MILLION = 1_000_000


def pays_by_token(scorecard: Mapping[str, Any]) -> bool:
    """Whether answers of a method are paid to a server and not as time of one's own machine.

    A server on this machine without prices takes the machine's time.
    """
    endpoint = (scorecard.get("generation") or {}).get("endpoint")
    if not endpoint:
        return False
    priced = endpoint["input_per_million"] is not None or endpoint["output_per_million"] is not None
    return priced or not endpoint["local"]


def answer_price(scorecard: Mapping[str, Any]) -> float | None:
    """The mean price of one answer, in the endpoint's currency.

    Returns:
        None where a price is not given or the server does not count tokens: it is not known.
    """
    metrics = scorecard["metrics"]
    return tokens_price(
        scorecard["generation"]["endpoint"],
        (metrics.get("tokens_in_mean") or {}).get("value"),
        (metrics.get("tokens_out_mean") or {}).get("value"),
    )


def tokens_price(
    endpoint: Mapping[str, Any], tokens_in: float | None, tokens_out: float | None
) -> float | None:
    """The price of some tokens; None where a count or its price is not known."""
    prices = endpoint["input_per_million"], endpoint["output_per_million"]
    if None in (*prices, tokens_in, tokens_out):
        return None
    return float((tokens_in * prices[0] + tokens_out * prices[1]) / _MILLION)


def search_price(scorecard: Mapping[str, Any], *, second: float) -> float | None:
    """What choosing the number of examples cost (`k: auto`), by tokens or by machine seconds.

    Args:
        scorecard: Its `generation.chosen_k` says what was answered; 0 where there is none.
        second: Price of a second of one's own machine.
    """
    generation = scorecard.get("generation") or {}
    chosen = generation.get("chosen_k")
    if not chosen:
        return 0.0
    if not pays_by_token(scorecard):
        return float(chosen["seconds"] * second)
    return tokens_price(generation["endpoint"], chosen["tokens_in"], chosen["tokens_out"])
