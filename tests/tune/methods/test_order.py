from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.prompting import BaseConfig
from tunesmith.tune import FullConfig, LoraConfig, PrefixTuningConfig
from tunesmith.tune.methods.order import in_order


def lora(after: str | None = None) -> LoraConfig:
    return LoraConfig(after=after)


def test_a_method_comes_after_its_start_and_else_stays_in_its_place() -> None:
    methods = {"base": BaseConfig(), "a": lora("c"), "b": lora(), "c": lora("b"), "d": lora()}
    assert list(in_order(methods)) == ["base", "b", "c", "a", "d"]


@pytest.mark.parametrize(
    ("methods", "complaint"),
    [
        ({"a": lora("a")}, "start from each other: a after a"),
        ({"x": lora("a"), "a": lora("b"), "b": lora("a")}, "each other: x after a after b after a"),
        ({"a": lora("c"), "b": lora()}, "'a' starts after 'c', and there is no such method"),
        ({"a": lora("b"), "b": BaseConfig()}, "'a' starts after 'b', which learns nothing"),
        ({"a": FullConfig(after="b"), "b": PrefixTuningConfig()}, "virtual tokens are no part"),
    ],
)
def test_a_start_that_is_none_is_refused(methods: dict, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        in_order(methods)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=10), st.randoms())
def test_every_method_is_there_once_after_its_start(starts: list[int], random) -> None:
    names = [f"m{n}" for n in range(len(starts))]
    methods = {
        name: lora(names[start] if start < n else None)
        for n, (name, start) in enumerate(zip(names, starts, strict=True))
    }
    shuffled = random.sample(names, len(names))
    ordered = list(in_order({name: methods[name] for name in shuffled}))
    assert sorted(ordered) == sorted(names)
    for name, method in methods.items():
        if method.after is not None:
            assert ordered.index(method.after) < ordered.index(name)
