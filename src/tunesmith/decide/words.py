"""Names and numbers as the sentences of the decision say them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

UNTRAINED = ("base", "few_shot", "endpoint")
"""Kinds of method that leave the model's weights as they are, the simplest first."""

_NAMES = {
    "base": "the base model",
    "few_shot": "few-shot prompting",
    "endpoint": "the hosted model",
    "lora": "LoRA tuning",
    "full": "full fine-tuning",
    "prompt_tuning": "prompt tuning",
    "prefix_tuning": "prefix tuning",
}
_EXPLAINED = {
    "base": "the untouched model, without examples",
    "few_shot": "the untouched model, shown a few solved tickets with each question",
    "endpoint": "a model that a server answers for, used as it is",
    "lora": "the model with a small trained part added",
    "full": "the model with all its weights trained",
    "prompt_tuning": "the untouched model behind a trained prompt",
    "prefix_tuning": "the untouched model behind a trained prefix",
}


def names(methods: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What sentences call each method: its kind in words, and its name where kinds repeat."""
    kinds = [str(method["kind"]) for method in methods]
    out = {}
    for method, kind in zip(methods, kinds, strict=True):
        name = _NAMES.get(kind, str(method["label"]))
        out[str(method["method"])] = (
            name if kinds.count(kind) == 1 else f"{name} “{method['method']}”"
        )
    return out


def explained(method: Mapping[str, Any], name: str) -> str:
    """The name with an explanation of its kind in brackets, for its first use."""
    words = _EXPLAINED.get(str(method["kind"]))
    return name if words is None else f"{name} ({words})"


def figure(value: float, unit: str) -> str:
    """A figure as sentences and tables print it.

    >>> figure(0.41234, "share"), figure(31.44, "points"), figure(6.789, "perplexity")
    ('0.412', '31.4', '6.79')
    """
    decimals = {"share": 3, "points": 1, "perplexity": 2, "s": 2, "tokens": 0}.get(unit, 3)
    text = f"{value:,.{decimals}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def money(amount: float, currency: str) -> str:
    """An amount with two decimals, or two significant digits where that would say 0.00.

    >>> money(1234.5, "USD"), money(0.00123, "USD"), money(0, "USD")
    ('1,234.50 USD', '0.0012 USD', '0.00 USD')
    """
    if 0 < abs(amount) < 0.0995:
        digits = 1 - int(f"{amount:.1e}".split("e")[1])
        return f"{amount:.{digits}f} {currency}"
    return f"{amount:,.2f} {currency}"


def sentence(text: str) -> str:
    """The text with its first letter as a capital."""
    return text[:1].upper() + text[1:]
