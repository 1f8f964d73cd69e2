"""Log-likelihoods of tokens from a model's last hidden states, without holding all their logits.

The logits of a small model with a large vocabulary are most of a training step's memory, and
several passes over them a good part of its time. Here a few tokens are scored at a time, and their
share of the gradient is worked out while their scores are at hand, as in Liger's fused linear cross
entropy (Hsu et al. 2024, arXiv:2410.10989).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from tunesmith.errors import ModelError

SCORES = 2**23
"""So many scores are held at once: 32 MiB in float32."""


@dataclass(frozen=True)
class Head:
    """What a causal model does with its last hidden states, and how it changes their scores."""

    linear: Any
    """The output embeddings."""
    scale: float
    """Scores are multiplied by it (Cohere's `logit_scale`, one by Granite's `logits_scaling`)."""
    cap: float | None
    """Scores are softly capped at it (Gemma's `final_logit_softcapping`)."""

    def scores(self, hidden: Tensor) -> Tensor:
        """The logits of hidden states, shape (tokens, vocabulary)."""
        found: Tensor = self.linear(hidden)
        if self.scale != 1:
            found = found * self.scale
        return found if self.cap is None else self.cap * torch.tanh(found / self.cap)

    def nll(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """The negative log-likelihood of each target, shape (tokens,), float32, in nats.

        Args:
            hidden: Shape (tokens, width).
            targets: Shape (tokens,).
        """
        if type(self.linear) is torch.nn.Linear and self.cap is None:
            learned: list[Tensor | None] = [hidden, self.linear.weight, self.linear.bias]
            if not torch.is_grad_enabled():  # a function of its own is not told
                learned = [None if tensor is None else tensor.detach() for tensor in learned]
            loss: Tensor = _HeadLoss.apply(  # type: ignore[no-untyped-call]
                *learned, targets, self.scale
            )
            return loss
        return torch.nn.functional.cross_entropy(
            self.scores(hidden).float(), targets, reduction="none"
        )


def head_of(model: Any) -> Head:
    """The head of a causal model of transformers."""
    config = model.config.get_text_config()
    scale = getattr(config, "logit_scale", None) or 1 / (getattr(config, "logits_scaling", 1) or 1)
    return Head(
        linear=model.get_output_embeddings(),
        scale=float(scale),
        cap=getattr(config, "final_logit_softcapping", None),
    )


@torch.no_grad()
def check_head(model: Any) -> None:
    """Look whether `head_of` makes of a model's hidden states what the model itself makes of them.

    Raises:
        ModelError: It does not: losses would be those of another model.
    """
    training = model.training
    model.eval()
    ids = torch.arange(4, device=model.device)[None]
    own = model(input_ids=ids, use_cache=False).logits[0].float()
    hidden = model.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state[0]
    ours = head_of(model).scores(hidden).float()
    model.train(training)
    if not torch.allclose(ours, own, rtol=2e-2, atol=2e-2 * float(own.abs().max())):
        raise ModelError(
            f"a {model.config.model_type} model changes its scores in a way that is not known here",
            todo="use a model whose scores are those of its output embeddings, scaled or capped",
        )


class _HeadLoss(torch.autograd.Function):
    """`cross_entropy(scale * (hidden W' + bias), targets)` of each token, some tokens at a time."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        targets: Tensor,
        scale: float,
    ) -> Tensor:
        tokens, vocabulary = len(hidden), len(weight)
        of_hidden, of_weight, of_bias = ctx.needs_input_grad[:3]
        learns = of_weight or of_bias
        loss = torch.empty(tokens, dtype=torch.float32, device=hidden.device)
        to_hidden = torch.empty_like(hidden) if of_hidden else None
        to_scores = hidden.new_empty(tokens, vocabulary) if learns else None
        size = max(1, SCORES // vocabulary)
        for begin in range(0, tokens, size):
            end = min(begin + size, tokens)
            mine = torch.arange(end - begin, device=hidden.device)
            wanted = targets[begin:end]
            scores = torch.nn.functional.linear(hidden[begin:end], weight, bias).float()
            if scale != 1:
                scores.mul_(scale)
            total = torch.logsumexp(scores, -1)
            loss[begin:end] = total - scores[mine, wanted]
            if to_hidden is None and to_scores is None:
                continue
            scores.sub_(total[:, None]).exp_()  # chances
            scores[mine, wanted] -= 1
            if scale != 1:
                scores.mul_(scale)
            gradient = scores.to(hidden.dtype)
            if to_hidden is not None:
                torch.mm(gradient, weight, out=to_hidden[begin:end])
            if to_scores is not None:
                to_scores[begin:end] = gradient
        ctx.save_for_backward(to_hidden, to_scores, hidden if of_weight else None)
        ctx.of_weight, ctx.of_bias = of_weight, of_bias
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        to_hidden, to_scores, hidden = ctx.saved_tensors
        share = upstream[:, None]
        if to_hidden is not None:
            to_hidden = (to_hidden * share).to(to_hidden.dtype)
        to_weight = to_bias = None
        if ctx.of_weight:
            to_weight = to_scores.T @ (hidden * share).to(hidden.dtype)
        if ctx.of_bias:
            to_bias = to_scores.T @ upstream.to(to_scores.dtype)
        return to_hidden, to_weight, to_bias, None, None
