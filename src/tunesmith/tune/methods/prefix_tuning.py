"""Prefix tuning: keys and values before every layer are learned, the model stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from tunesmith.errors import ModelError
from tunesmith.tune.methods.base import BEST, DOCUMENTS, TrainedConfig

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class PrefixTuningConfig(TrainedConfig):
    """Learned keys and values before every layer (Li and Liang 2021, arXiv:2101.00190)."""

    presets: ClassVar[dict[str, dict[str, Any]]] = {
        # Source document A, "Prefix tuning". Its token_dim and num_layers are those of GPT-2: they
        # are taken from the model here.
        "documents": {**DOCUMENTS, "virtual_tokens": 20, "projection": True, "start": "random"},
        # Started from the keys and values of real text: Li and Liang (7.4) found that best, and
        # random ones wreck a small model before it has learned anything.
        "best": {
            **BEST,
            "virtual_tokens": 20,
            "projection": False,
            "start": "text",
            "learning_rate": 1e-2,
        },
    }

    searched: ClassVar[dict[str, tuple[Any, ...]]] = {"virtual_tokens": (10, 20, 50)}

    kind: Literal["prefix_tuning"] = "prefix_tuning"
    virtual_tokens: int = Field(default=20, ge=1, le=512)
    """Length of the prefix."""
    projection: bool = False
    """Learn the prefix through a two-layer network, as the paper does for stability; it is folded
    into the prefix when it is saved."""
    start: Literal["text", "zero", "random"] = "text"
    """`text`: the keys and values that the model itself gives to `start_text`; `zero`; or `random`,
    which a network (`projection`) needs or `zero`."""
    start_text: str | None = Field(default=None, min_length=1)
    """The text that the prefix starts from. None: the beginning of the prompt."""

    @model_validator(mode="after")
    def _goes_together(self) -> PrefixTuningConfig:
        if self.projection and self.start == "text":
            raise ValueError("a projection cannot start from text: start with zero or random")
        if self.gradient_checkpointing:
            raise ValueError("gradient_checkpointing drops the prefix: it cannot be used here")
        if self.packing:
            raise ValueError("packing puts the prefix before the first row of a batch alone")
        return self

    @property
    def label(self) -> str:
        """The method in a few words, for tables."""
        return f"Prefix tuning, {self.virtual_tokens} virtual tokens{self.learns}"

    def adapt(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, prompt: str
    ) -> PreTrainedModel:
        """Put the prefix before the layers; see `TrainedConfig.adapt`."""
        from peft import PrefixTuningConfig as PeftPrefix
        from peft import get_peft_model

        adapted: Any = get_peft_model(
            model,
            PeftPrefix(
                task_type="CAUSAL_LM",
                num_virtual_tokens=self.virtual_tokens,
                prefix_projection=self.projection,
                encoder_hidden_size=model.config.hidden_size,
                init_weights="zero" if self.start == "zero" else None,
            ),
        )
        if self.start == "text":
            from peft.tuners.cartridge.utils import initialize_kv_prefix_from_past_key_values

            ids = text_ids(tokenizer, self.start_text or prompt, self.virtual_tokens)
            initialize_kv_prefix_from_past_key_values(
                adapted, past_key_values=_keys_and_values(adapted.get_base_model(), ids)
            )
        done: PreTrainedModel = adapted
        return done


def text_ids(tokenizer: PreTrainedTokenizerBase, text: str, count: int) -> list[int]:
    """The first tokens of a text, which is repeated where it has fewer.

    Raises:
        ModelError: The text has no token.
    """
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    if not ids:
        raise ModelError("the text that the method starts from has no token", todo="write another")
    return (ids * -(-count // len(ids)))[:count]


def _keys_and_values(
    model: PreTrainedModel, ids: list[int]
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """What each layer remembers of some tokens, as it computes it with the weights as they are."""
    import torch

    with torch.no_grad():
        cache: Any = model(
            input_ids=torch.tensor([ids], device=model.device), use_cache=True
        ).past_key_values
    return [(layer.keys, layer.values) for layer in cache.layers]
