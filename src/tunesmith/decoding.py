"""Greedy decoding: the most likely token after each prompt, again and again.

Prompts go in batches padded on the left, whose finished rows leave at once: small models often run
to the length limit, and the others should not wait for them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache, PreTrainedModel


@dataclass(frozen=True)
class Before:
    """Keys and values of virtual tokens, one pair a layer, shape (1, heads, tokens, width)."""

    layers: list[tuple[torch.Tensor, torch.Tensor]]

    @property
    def tokens(self) -> int:
        """The number of virtual tokens."""
        return int(self.layers[0][0].shape[2])

    def cache(self, batch: int) -> DynamicCache:
        """A cache that starts with them, for a batch of prompts."""
        return DynamicCache(
            [
                (keys.expand(batch, -1, -1, -1), values.expand(batch, -1, -1, -1))
                for keys, values in self.layers
            ]
        )

    def mask(self, attention_mask: torch.Tensor) -> torch.Tensor:
        """An attention mask of prompts, with the virtual tokens before each."""
        ones = attention_mask.new_ones(len(attention_mask), self.tokens)
        return torch.cat([ones, attention_mask], dim=1)


@torch.no_grad()
def before_prompt(model: Any) -> Before | None:
    """What the virtual tokens of a prefix, or of learned embeddings, are to each layer.

    Args:
        model: A model; None is returned for one that PEFT puts no virtual tokens before.
    """
    config = getattr(model, "active_peft_config", None)
    if config is None or not config.is_prompt_learning:
        return None
    learned = model.get_prompt(batch_size=1)
    if config.peft_type.value == "PREFIX_TUNING":
        cache = learned
    else:
        base = model.get_base_model()
        cache = base(inputs_embeds=learned.to(base.dtype), use_cache=True).past_key_values
    return Before([(layer.keys.detach(), layer.values.detach()) for layer in cache.layers])


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model wrote after one prompt."""

    ids: list[int]
    """Its tokens, the end token left out."""
    stopped: bool
    """It ended by itself (an end token), not at the length limit."""

    @property
    def tokens(self) -> int:
        """Tokens that were computed, the end token included."""
        return len(self.ids) + self.stopped


@torch.no_grad()  # not inference_mode: what a sharded model gathers meanwhile may be trained on
def greedy(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    *,
    stop_ids: frozenset[int],
    pad_id: int,
    max_new_tokens: int,
    before: Before | None = None,
    moments: list[float] | None = None,
) -> list[Answer]:
    """Continue each prompt with the most likely token, until an end token or the limit.

    Args:
        model: A causal model.
        prompts: n prompts as tokens, of any lengths.
        stop_ids: Tokens that end an answer.
        pad_id: Fills shorter prompts on the left, masked.
        max_new_tokens: The limit.
        before: Virtual tokens that every prompt continues.
        moments: Gets, for every token of the longest answer, when the batch had it
            (`time.perf_counter`, s).

    Returns:
        n answers, in the prompts' order. They do not depend on what else is in the batch, but for
        rounding: in bfloat16 near-ties may fall differently.
    """
    width = max(len(prompt) for prompt in prompts)
    pads = [width - len(prompt) for prompt in prompts]
    device = model.device
    ids = torch.tensor(
        [[pad_id] * pad + list(prompt) for pad, prompt in zip(pads, prompts, strict=True)],
        device=device,
    )
    mask = (torch.arange(width, device=device) >= torch.tensor(pads, device=device)[:, None]).long()
    position = (mask.cumsum(-1) - 1).clamp(min=0)
    cache: Any = None
    if before is not None:
        cache, mask = before.cache(len(prompts)), before.mask(mask)
        position = position + before.tokens
    alive = list(range(len(prompts)))
    written: list[list[int]] = [[] for _ in prompts]
    stopped = [False] * len(prompts)
    for _ in range(max_new_tokens):
        output = model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=position,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        cache = output.past_key_values
        following = output.logits[:, -1].argmax(-1)
        tokens, keep = following.tolist(), []
        if moments is not None:  # reading the tokens has waited for the device
            moments.append(time.perf_counter())
        for place, (row, token) in enumerate(zip(alive, tokens, strict=True)):
            if token in stop_ids:
                stopped[row] = True
            else:
                written[row].append(token)
                keep.append(place)
        if not keep:
            break
        if len(keep) < len(alive):
            index = torch.tensor(keep, device=device)
            cache.batch_select_indices(index)
            mask, position, following = mask[index], position[index], following[index]
            alive = [alive[place] for place in keep]
        ids = following[:, None]
        mask = torch.cat([mask, mask.new_ones(len(alive), 1)], dim=1)
        position = position[:, -1:] + 1
    return [Answer(ids, end) for ids, end in zip(written, stopped, strict=True)]
