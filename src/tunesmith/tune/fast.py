"""Faster layers for training on a CPU: the same numbers, fewer passes over memory.

Two places where a step of a small model loses time that is not a matrix product:

* Attention. PyTorch's fused attention for CPUs is slow to differentiate for the short rows of
  support tickets, and heads that share keys are copied apart before it. `grouped_attention`
  multiplies all query heads of a key at once.
* LoRA. `add_adapter` puts the adapter's product into the layer's output where it lies, instead of
  scaling and adding it in passes of their own, and differentiates both in one go.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from tunesmith.tune.forward import base_of

ATTENTION = "tunesmith_grouped"
"""The name that `grouped_attention` has among transformers' implementations."""

#: Beyond so many tokens the fused attention wins: it never holds all scores.
MOST_TOKENS = 512


def make_faster(model: Any) -> None:
    """Give a model, as a method has adapted it, the faster layers that suit it.

    On a GPU, or where a model's attention is of a kind of its own, it stays as it is.
    """
    if torch.cuda.is_available():  # where the trainer will put the model
        return
    base = base_of(model)
    if base.config._attn_implementation == "sdpa":  # noqa: SLF001 - its only name
        _register()
        base.set_attn_implementation(ATTENTION)
    for layer in model.modules():
        if _plain_lora(layer):
            layer.forward = partial(_forward, layer)


def _register() -> None:
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(ATTENTION, grouped_attention)
    AttentionMaskInterface.register(ATTENTION, sdpa_mask)


def grouped_attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    dropout: float = 0.0,
    is_causal: bool | None = None,
    **more: Any,
) -> tuple[Tensor, None]:
    """Attention as transformers calls it, for rows of up to `MOST_TOKENS` tokens.

    Args:
        module: The layer.
        query: Shape (batch, heads, tokens, width).
        key: Shape (batch, shared heads, keys, width).
        value: As `key`.
        attention_mask: True where a token may look, broadcast to (batch, 1, tokens, keys); None:
            at itself and those before it.
        scaling: Of the scores; None: 1 / sqrt(width).
        dropout: Share of the weights that is zeroed.
        is_causal: Whether a token without a mask looks back only; None: as the layer says.
        more: What other implementations want.

    Returns:
        Shape (batch, tokens, heads, width), and no weights.
    """
    batch, heads, tokens, width = query.shape
    shared, keys = key.shape[1], key.shape[2]
    own = more.get("position_bias") is not None or dropout
    if own or tokens == 1 or max(tokens, keys) > MOST_TOKENS:
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        out, _ = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling,
            is_causal=is_causal, **more,
        )  # fmt: skip
        return out, None
    if attention_mask is None and (is_causal or (is_causal is None and module.is_causal)):
        attention_mask = torch.ones(tokens, keys, dtype=torch.bool).tril(keys - tokens)
    together = query.reshape(batch * shared, heads // shared * tokens, width)
    scores = torch.bmm(together, key.reshape(batch * shared, keys, width).transpose(1, 2))
    scores = scores.view(batch, heads, tokens, keys) * (scaling or width**-0.5)
    if attention_mask is not None:
        scores = _masked(scores, attention_mask)
    weights = torch.softmax(scores, -1).view(batch * shared, -1, keys)
    out = torch.bmm(weights, value.reshape(batch * shared, keys, width))
    return out.view(batch, heads, tokens, width).transpose(1, 2).contiguous(), None


def _masked(scores: Tensor, mask: Tensor) -> Tensor:
    if mask.dtype != torch.bool:
        return scores + mask
    # Finite, as in transformers' own: padding that may look at nothing gets no NaN.
    return scores.masked_fill(~mask, torch.finfo(scores.dtype).min)


class _AddAdapter(torch.autograd.Function):
    """`x W' + bias + scale (x A') B'` with gradients for x, A and B: the weights are frozen."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, a: Tensor, b: Tensor, scale: float
    ) -> Tensor:
        flat = x.reshape(-1, x.shape[-1])
        out = torch.nn.functional.linear(flat, weight, bias)
        low = flat @ a.T
        out.addmm_(low, b.T, alpha=scale)
        ctx.save_for_backward(flat, low, weight, a, b)
        ctx.scale, ctx.shape = scale, x.shape
        return out.view(*x.shape[:-1], -1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        flat, low, weight, a, b = ctx.saved_tensors
        out = gradient.reshape(-1, gradient.shape[-1])
        of_low = (out @ b).mul_(ctx.scale)
        of_a = of_low.T @ flat
        of_b = (out.T @ low).mul_(ctx.scale)
        of_x = None
        if ctx.needs_input_grad[0]:
            of_x = (out @ weight).addmm_(of_low, a).view(ctx.shape)
        return of_x, None, None, of_a, of_b, None


def add_adapter(
    x: Tensor, weight: Tensor, bias: Tensor | None, a: Tensor, b: Tensor, scale: float
) -> Tensor:
    """A linear layer with its adapter: `x W' + bias + scale (x A') B'`.

    Args:
        x: Shape (…, in).
        weight: Shape (out, in), frozen.
        bias: Shape (out), frozen.
        a: Shape (rank, in).
        b: Shape (out, rank).
        scale: Of the adapter's product.
    """
    out: Tensor = _AddAdapter.apply(x, weight, bias, a, b, scale)  # type: ignore[no-untyped-call]
    return out


def _plain_lora(layer: Any) -> bool:
    """Whether a layer is a LoRA layer that `add_adapter` computes: no dropout, no variant."""
    from peft.tuners.lora import Linear

    if type(layer) is not Linear or type(layer.base_layer) is not torch.nn.Linear:
        return False
    name = layer.active_adapters[0]
    return (
        len(layer.active_adapters) == 1
        and isinstance(layer.lora_dropout[name], torch.nn.Identity)
        and name not in layer.lora_variant
        and layer.lora_A[name].bias is None
        and layer.lora_B[name].bias is None
    )


def _forward(layer: Any, x: Tensor, *more: Any, **others: Any) -> Tensor:
    name = layer.active_adapters[0]
    if layer.disable_adapters or layer.merged or others.get("adapter_names") is not None:
        return type(layer).forward(layer, x, *more, **others)  # type: ignore[no-any-return]
    a, b, base = layer.lora_A[name].weight, layer.lora_B[name].weight, layer.base_layer
    return add_adapter(x.to(a.dtype), base.weight, base.bias, a, b, layer.scaling[name])
