"""The order of a recipe's methods: one that starts from another comes after it."""

from __future__ import annotations

from collections.abc import Mapping

from tunesmith.tune.methods import Method, PrefixTuningConfig, PromptTuningConfig, TrainedConfig


def in_order(methods: Mapping[str, Method]) -> dict[str, Method]:
    """The methods in the order of the work, which is the recipe's wherever that is possible.

    Raises:
        ValueError: A method starts from itself, through others too, or from one that is not there
            or has no weights to start from.
    """
    done: dict[str, Method] = {}
    for name in methods:
        way: list[str] = []
        step: str | None = name
        while step is not None and step not in done:
            if step in way:
                raise ValueError(f"methods start from each other: {' after '.join([*way, step])}")
            way.append(step)
            step = _after(methods, step)
        done |= {one: methods[one] for one in reversed(way)}
    return done


def _after(methods: Mapping[str, Method], name: str) -> str | None:
    """The method that one starts from.

    Raises:
        ValueError: There is none of that name, or none that has learned weights.
    """
    method = methods[name]
    after = method.after if isinstance(method, TrainedConfig) else None
    if after is None:
        return None
    start = methods.get(after)
    if start is None:
        raise ValueError(
            f"method '{name}' starts after '{after}', and there is no such method; there are "
            f"{', '.join(methods)}"
        )
    if not isinstance(start, TrainedConfig):
        raise ValueError(f"method '{name}' starts after '{after}', which learns nothing")
    if isinstance(start, PrefixTuningConfig | PromptTuningConfig):
        raise ValueError(
            f"method '{name}' starts after '{after}', whose virtual tokens are no part of the "
            "model's weights: start after a method of kind lora or full"
        )
    return after
