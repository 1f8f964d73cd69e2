"""What every trained method has in common: how long, how fast, how it is watched.

A method's class is its configuration, and `adapt` makes a model ready to be trained so; torch and
PEFT are imported there alone, so that reading a recipe needs neither.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from tunesmith.config import Config
from tunesmith.models import Precision

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Preset = Literal["best", "documents"]

#: "Training arguments" of source document A, which it gives for every method.
DOCUMENTS: dict[str, Any] = {
    "learning_rate": 2e-4,
    "max_steps": 1000,
    "batch_size": 4,
    "gradient_accumulation": 4,
    "warmup": 100,
    "scheduler": "linear",
}


class TrainedConfig(Config):
    """A method whose weights are learned."""

    presets: ClassVar[dict[str, dict[str, Any]]]
    """Settings by name; every field that a recipe sets itself wins over its preset."""

    preset: Preset = "best"
    """Where the settings that are not given come from: `documents` are those of the source
    documents, `best` those that measured best for the default model."""
    learning_rate: float = Field(default=2e-3, gt=0, lt=100)
    """Peak learning rate of AdamW (Loshchilov and Hutter 2017, arXiv:1711.05101)."""
    epochs: float | None = Field(default=None, gt=0)
    """Passes over the training rows. Give this or `max_steps`."""
    max_steps: int | None = Field(default=None, ge=1)
    """Optimizer steps. Give this or `epochs`."""
    batch_size: int = Field(default=4, ge=1)
    """Rows computed at once."""
    gradient_accumulation: int = Field(default=1, ge=1)
    """Batches whose gradients are summed for one optimizer step."""
    warmup: float = Field(default=0.05, ge=0)
    """The learning rate's rise from zero: steps, or a share of all steps where it is below 1."""
    scheduler: Literal["linear", "cosine", "constant_with_warmup"] = "cosine"
    """How the learning rate falls after the rise."""
    weight_decay: float = Field(default=0.0, ge=0)
    """AdamW's decoupled weight decay."""
    max_grad_norm: float = Field(default=1.0, gt=0)
    """Gradients longer than this are shortened to it."""
    max_length: int = Field(default=1024, ge=16)
    """Rows of more tokens than this, prompt and answer together, are left out and counted: an
    answer is never cut, a model that sees cut answers does not learn to end them."""
    seed: int | None = Field(default=None, ge=0)
    """Seed of the new weights, the row order and the dropout. None: the run's seed."""
    save_steps: int | None = Field(default=None, ge=1)
    """Steps between checkpoints that a killed run resumes from. None: ten in a run."""
    eval_steps: int | None = Field(default=None, ge=1)
    """Steps between validations. None: four in a run; there is always one before the first step
    and one after the last."""
    validation_rows: int = Field(default=64, ge=0)
    """Validation rows whose loss is measured; 0: none."""
    precision: Precision = "auto"
    """Number format of the weights that compute. What is learned is kept in float32 beside them."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: about half the memory, a third slower."""
    memory: Literal["check", "ignore"] = "check"
    """`check`: refuse to start where the predicted peak is more than the machine (or its container,
    or its GPU) has left, and say which settings would fit; `ignore`: start all the same."""

    @property
    @abstractmethod
    def label(self) -> str:
        """The method in a few words, for tables."""

    @abstractmethod
    def adapt(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, prompt: str
    ) -> PreTrainedModel:
        """Make a model ready to be trained: only what is learned asks for gradients.

        Args:
            model: The base model, in the number format it computes in.
            tokenizer: Its tokenizer.
            prompt: A conversation's beginning as the model sees it, for weights that start as text.
        """

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        preset = dict(cls.presets.get(given.get("preset", "best"), {}))
        if given.get("epochs") is not None or given.get("max_steps") is not None:
            preset.pop("epochs", None)
            preset.pop("max_steps", None)
        return {**preset, **given}

    @model_validator(mode="after")
    def _one_length(self) -> TrainedConfig:
        if (self.epochs is None) == (self.max_steps is None):
            msg = "give epochs or max_steps, not both and not neither"
            raise ValueError(msg)
        return self

    def total_steps(self, rows: int) -> int:
        """Optimizer steps of a run over `rows` training rows."""
        if self.max_steps is not None:
            return self.max_steps
        a_step = self.batch_size * self.gradient_accumulation
        return max(1, round((self.epochs or 0) * rows / a_step))
