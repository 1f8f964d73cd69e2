"""A forward pass whose output head computes the answers' tokens alone, for every method.

The head of a small model with a large vocabulary is a fifth of its work, and its logits most of
its memory: tokens without a label need neither.
"""

from __future__ import annotations

from typing import Any

import torch

from tunesmith.heads import head_of
from tunesmith.tune.formats import IGNORED


def answer_nll(
    model: torch.nn.Module,
    *,
    input_ids: torch.Tensor,
    labels: torch.Tensor,
    attention_mask: torch.Tensor | None = None,
    position_ids: torch.Tensor | None = None,
    weights: torch.Tensor | None = None,
) -> tuple[torch.Tensor, int]:
    """Sum of the negative log-likelihoods of the labelled tokens, and their number.

    With weights, the sum of `weight · likelihood`; the number is the same. So the mean of a step
    is Σ wᵢ·nllᵢ / n: a row of weight 0.5 gives half the gradient that it gives with weight 1,
    whatever rows are beside it.

    Args:
        model: A causal model of transformers, as a method has adapted it.
        input_ids: Shape (batch, tokens), padded on the right.
        labels: Shape (batch, tokens), `IGNORED` where there is none.
        attention_mask: Shape (batch, tokens), 0 at padding. None: there is no padding.
        position_ids: Shape (1, tokens): the rows are packed (`packing`), each from position 0.
        weights: Shape (batch, tokens): how much the loss of each token counts. None: all whole.
    """
    loss, rows = _token_nll(model, labels, input_ids, attention_mask, position_ids)
    if weights is not None:
        loss = loss * weights[:, 1:][labels[:, 1:] != IGNORED]
    return loss.sum(), len(rows)


def row_nll(
    model: torch.nn.Module,
    *,
    input_ids: torch.Tensor,
    attention_mask: torch.Tensor,
    labels: torch.Tensor,
) -> torch.Tensor:
    """As `answer_nll`, summed by row: shape (batch,), in nats."""
    loss, rows = _token_nll(model, labels, input_ids, attention_mask)
    return loss.new_zeros(len(labels)).index_add(0, rows, loss)


def _token_nll(
    model: torch.nn.Module,
    labels: torch.Tensor,
    input_ids: torch.Tensor,
    attention_mask: torch.Tensor | None,
    position_ids: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss of each labelled token, and the row that it is in."""
    hidden = hidden_states(model, input_ids, attention_mask, position_ids)
    targets = labels[:, 1:]
    labelled = targets != IGNORED
    loss = head_of(base_of(model)).nll(hidden[:, :-1][labelled], targets[labelled])
    return loss, labelled.nonzero()[:, 0]


def hidden_states(
    model: torch.nn.Module,
    input_ids: torch.Tensor,
    attention_mask: torch.Tensor | None,
    position_ids: torch.Tensor | None = None,
) -> torch.Tensor:
    """The last layer's output for the tokens given, shape (batch, tokens, width).

    What a method puts before them (learned embeddings, keys and values) is seen, not returned.
    """
    base = base_of(model)
    decoder = base.get_decoder()
    kind = _soft_kind(model)
    if kind is None:
        last: torch.Tensor = decoder(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            use_cache=False,  # with a cache, packed rows see each other
        ).last_hidden_state
        return last
    if position_ids is not None or attention_mask is None:
        raise ValueError("rows with learned tokens before them cannot be packed")
    soft: Any = model
    before = soft.get_prompt(batch_size=len(input_ids))
    count = soft.active_peft_config.num_virtual_tokens
    mask = torch.cat([attention_mask.new_ones(len(input_ids), count), attention_mask], dim=1)
    if kind == "PREFIX_TUNING":
        given = {"input_ids": input_ids, "past_key_values": before}
    else:
        words = base.get_input_embeddings()(input_ids)
        given = {"inputs_embeds": torch.cat([before.to(words.dtype), words], dim=1)}
    last = decoder(**given, attention_mask=mask, use_cache=False).last_hidden_state
    return last[:, -input_ids.shape[1] :]


def base_of(model: torch.nn.Module) -> Any:
    """The model of transformers inside, with its adapters."""
    get = getattr(model, "get_base_model", None)
    return model if get is None else get()


def _soft_kind(model: torch.nn.Module) -> str | None:
    """`PREFIX_TUNING` or `PROMPT_TUNING`, None for a method that puts nothing before the input."""
    config: Any = getattr(model, "active_peft_config", None)
    return config.peft_type.value if config is not None and config.is_prompt_learning else None
