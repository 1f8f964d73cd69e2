"""Prompt tuning: a few embeddings before the input are learned, the model stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from tunesmith.tune.methods.base import BEST, DOCUMENTS, TrainedConfig
from tunesmith.tune.methods.prefix_tuning import text_ids

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class PromptTuningConfig(TrainedConfig):
    """Learned embeddings before the input (Lester et al. 2021, arXiv:2104.08691)."""

    presets: ClassVar[dict[str, dict[str, Any]]] = {
        # Source document A, "Prompt tuning": 20 embeddings, drawn at random.
        "documents": {**DOCUMENTS, "virtual_tokens": 20, "start": "random"},
        # Lester et al. (3.2): started as words, and trained at a rate far above that of weights.
        "best": {
            **BEST,
            "virtual_tokens": 20,
            "start": "text",
            "learning_rate": 1e-2,
        },
    }

    searched: ClassVar[dict[str, tuple[Any, ...]]] = {"virtual_tokens": (10, 20, 50, 100)}

    kind: Literal["prompt_tuning"] = "prompt_tuning"
    virtual_tokens: int = Field(default=20, ge=1, le=512)
    """Number of learned embeddings."""
    start: Literal["text", "vocabulary", "random"] = "text"
    """`text`: the embeddings of `start_text`; `vocabulary`: those of tokens drawn at random;
    `random`: standard normal numbers, as in the source document."""
    start_text: str | None = Field(default=None, min_length=1)
    """The text that the embeddings start from. None: the beginning of the prompt."""

    @model_validator(mode="after")
    def _is_not_packed(self) -> PromptTuningConfig:
        if self.packing:
            raise ValueError("packing puts the embeddings before the first row of a batch alone")
        return self

    @property
    def label(self) -> str:
        """The method in a few words, for tables."""
        return f"Prompt tuning, {self.virtual_tokens} virtual tokens{self.learns}"

    def adapt(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, prompt: str
    ) -> PreTrainedModel:
        """Put the embeddings before the input; see `TrainedConfig.adapt`."""
        import torch
        from peft import PromptTuningConfig as PeftPrompt
        from peft import get_peft_model

        adapted: Any = get_peft_model(
            model,
            PeftPrompt(
                task_type="CAUSAL_LM",
                num_virtual_tokens=self.virtual_tokens,
                prompt_tuning_init="SAMPLE_VOCAB" if self.start == "vocabulary" else "RANDOM",
            ),
        )
        if self.start == "text":
            ids = text_ids(tokenizer, self.start_text or prompt, self.virtual_tokens)
            words = model.get_input_embeddings()
            with torch.no_grad():
                own = adapted.prompt_encoder[adapted.active_adapter].embedding.weight
                own.copy_(words(torch.tensor(ids, device=own.device)))
        done: PreTrainedModel = adapted
        return done
