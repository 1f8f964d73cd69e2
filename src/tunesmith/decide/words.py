"""Names and numbers as the sentences of the decision say them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tunesmith.decide.approaches import format_of

EFFORT = {"base": 0, "few_shot": 1, "endpoint": 1}
"""How much a kind of method takes to keep: 0 the base model, 1 prompting; others, trained, 2."""
UNTRAINED = tuple(EFFORT)
"""Kinds of method for which nothing is trained, the simplest first."""

_NAMES = {
    "base": "the base model",
    "few_shot": "few-shot prompting",
    "endpoint": "the hosted model",
    "lora": "LoRA tuning",
    "full": "full fine-tuning",
    "prompt_tuning": "prompt tuning",
    "prefix_tuning": "prefix tuning",
    "instruction": "instruction tuning",
    "preference": "preference tuning",
    "completion": "pretraining on the pages",
}
_EXPLAINED = {
    "base": "the untouched model, without examples",
    "few_shot": "the untouched model, shown a few solved tickets with each question",
    "endpoint": "a model that a server answers for, used as it is",
    "lora": "the model with a small trained part added",
    "full": "the model with all its weights trained",
    "prompt_tuning": "the untouched model behind a trained prompt",
    "prefix_tuning": "the untouched model behind a trained prefix",
    "instruction": "trained to follow an instruction before each question",
    "preference": "trained on pairs of a better and a worse answer",
    "completion": "trained to continue the pages",
}


def _sort(method: Mapping[str, Any]) -> str:
    """The kind of a method or, where this says more, of what it has learned from."""
    learned = format_of(method)
    return learned if learned in {"instruction", "preference", "completion"} else method["kind"]


def names(methods: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What sentences call each method: its kind in words, and its name where these repeat.

    A method that starts from another says so: `preference tuning after LoRA tuning`.
    """
    plain = {str(m["method"]): _NAMES.get(_sort(m), str(m["label"])) for m in methods}
    before = {
        str(m["method"]): ((m.get("training") or {}).get("settings") or {}).get("after")
        for m in methods
    }
    whole = {
        name: f"{words} after {plain.get(start, f'“{start}”')}"
        if (start := before[name]) is not None
        else words
        for name, words in plain.items()
    }
    said = list(whole.values())
    return {
        name: words if said.count(words) == 1 else f"{words} “{name}”"
        for name, words in whole.items()
    }


def explained(method: Mapping[str, Any], name: str) -> str:
    """The name with an explanation of its kind in brackets, for its first use."""
    words = _EXPLAINED.get(_sort(method))
    return name if words is None else f"{name} ({words})"


def listed(parts: Sequence[str], joint: str = "and") -> str:
    """Words as a list in a sentence.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"], "or")
    ('a', 'a and b', 'a, b or c')
    """
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {joint} {parts[-1]}"


def figure(value: float, unit: str) -> str:
    """A figure as sentences and tables print it.

    >>> figure(0.41234, "share"), figure(31.44, "points"), figure(6.789, "perplexity")
    ('0.412', '31.4', '6.79')
    """
    decimals = {"share": 3, "points": 1, "perplexity": 2, "s": 2, "tokens": 0, "mib": 0}
    text = f"{value:,.{decimals.get(unit, 3)}f}"
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
