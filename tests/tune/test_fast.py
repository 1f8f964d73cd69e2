"""The faster layers against those they take the place of."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from token_rows import SHORT, padded
from tunesmith.models import BaseModel, load_model, load_tokenizer
from tunesmith.tune import FullConfig, LoraConfig, PrefixTuningConfig, PromptTuningConfig

torch = pytest.importorskip("torch")

METHODS: dict[str, Any] = {
    "lora": LoraConfig(r=4, **SHORT),
    "qv": LoraConfig(r=4, target="attention-qv", **SHORT),
    "rslora": LoraConfig(r=4, rslora=True, **SHORT),
    "dora": LoraConfig(r=4, dora=True, **SHORT),
    "full": FullConfig(**SHORT),
    "prefix": PrefixTuningConfig(virtual_tokens=5, **SHORT),
    "prompt": PromptTuningConfig(virtual_tokens=5, **SHORT),
}


@pytest.mark.parametrize("name", METHODS)
def test_loss_and_gradients_are_those_of_the_layers_as_they_were(
    tiny_model: BaseModel, rows: list[dict[str, list[int]]], name: str
) -> None:
    from tunesmith.tune.fast import ATTENTION, make_faster
    from tunesmith.tune.forward import answer_nll

    def computed(*, faster: bool) -> tuple[float, dict[str, Any]]:
        torch.manual_seed(4)
        base = load_model(tiny_model.path, precision="float32")
        model: Any = METHODS[name].adapt(base, load_tokenizer(tiny_model.path), prompt="Help me.")
        for key, value in model.named_parameters():
            if "lora_B" in key:
                torch.nn.init.normal_(value, std=0.3)
        if faster:
            make_faster(model)
            assert base.config._attn_implementation == ATTENTION
        loss, _ = answer_nll(model, **padded(rows))
        torch.autograd.backward(loss)
        learned = {key: p.grad for key, p in model.named_parameters() if p.requires_grad}
        return float(loss.detach()), learned

    (plain, expected), (fast, found) = computed(faster=False), computed(faster=True)
    assert fast == pytest.approx(plain, rel=1e-5)
    assert found.keys() == expected.keys()
    for key, gradient in found.items():
        scale = float(expected[key].abs().max())
        assert torch.allclose(gradient, expected[key], atol=2e-4 * scale), key


def test_a_model_that_a_gpu_will_train_stays_as_it_is(
    tiny_model: BaseModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trainer moves it there later: where its weights lie now says nothing."""
    from tunesmith.tune.fast import make_faster

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    base = load_model(tiny_model.path, precision="float32")
    model: Any = METHODS["lora"].adapt(base, load_tokenizer(tiny_model.path), prompt="Help me.")
    make_faster(model)
    assert base.config._attn_implementation == "sdpa"
    assert not any("forward" in vars(layer) for layer in model.modules())


def test_plain_adapters_alone_are_made_faster(tiny_model: BaseModel) -> None:
    from tunesmith.tune.fast import make_faster

    def patched(config: LoraConfig) -> int:
        base, tokenizer = load_model(tiny_model.path), load_tokenizer(tiny_model.path)
        model: Any = config.adapt(base, tokenizer, prompt="")
        make_faster(model)
        return sum("forward" in vars(layer) for layer in model.modules())

    assert patched(LoraConfig()) == 14
    assert patched(LoraConfig(dropout=0.1)) == 0
    assert patched(LoraConfig(dora=True)) == 0


@settings(max_examples=60)
@given(
    batch=st.integers(1, 3),
    tokens=st.integers(1, 9),
    before=st.integers(0, 3),
    groups=st.sampled_from([1, 2, 3]),
    mask=st.sampled_from(["none", "bool", "added"]),
    seed=st.integers(0, 99),
)
def test_grouped_attention_is_attention(
    batch: int, tokens: int, before: int, groups: int, mask: str, seed: int
) -> None:
    """Against PyTorch's own on heads copied apart, with keys before the tokens."""
    from tunesmith.tune.fast import grouped_attention

    torch.manual_seed(seed)
    keys = tokens + before
    query = torch.randn(batch, 2 * groups, tokens, 4)
    key, value = torch.randn(2, batch, 2, keys, 4)
    look = torch.ones(tokens, keys, dtype=torch.bool).tril(before)
    look = look & (torch.rand(batch, 1, 1, keys) > 0.3) | torch.eye(tokens, keys).bool()
    look = look.expand(batch, 1, tokens, keys)
    given_mask = {
        "none": None,
        "bool": look,
        "added": torch.zeros(look.shape).masked_fill(~look, -1e9),
    }[mask]
    if mask == "none":
        look = torch.ones(tokens, keys, dtype=torch.bool).tril(before)
    module = SimpleNamespace(is_causal=True, num_key_value_groups=groups, training=True)
    found, _ = grouped_attention(module, query, key, value, given_mask, scaling=0.3)
    apart = [part.repeat_interleave(groups, dim=1) for part in (key, value)]
    expected = torch.nn.functional.scaled_dot_product_attention(
        query, *apart, attn_mask=look, scale=0.3
    )
    assert torch.allclose(found, expected.transpose(1, 2), atol=1e-5)


def test_long_rows_go_to_the_fused_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    from tunesmith.tune import fast

    monkeypatch.setattr(fast, "MOST_TOKENS", 4)
    module = SimpleNamespace(is_causal=True, num_key_value_groups=2, training=True)
    query, key = torch.randn(1, 4, 6, 8), torch.randn(1, 2, 6, 8)
    long, _ = fast.grouped_attention(module, query, key, key, None)
    monkeypatch.setattr(fast, "MOST_TOKENS", 8)
    short, _ = fast.grouped_attention(module, query, key, key, None)
    assert long.shape == short.shape
    assert torch.allclose(long, short, atol=1e-5)
