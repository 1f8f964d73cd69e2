"""Training methods as recipes name them, with presets whose figures have a source."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from tunesmith.config import Config
from tunesmith.models import Precision
from tunesmith.prompting.select import BaseConfig, FewShotConfig

PRESETS: dict[str, dict[str, Any]] = {
    # Source documents A and B, "LoRA configuration" and "Training arguments".
    "documents": {
        "r": 16,
        "alpha": 32,
        "dropout": 0.05,
        "target": "attention-qv",
        "learning_rate": 2e-4,
        "max_steps": 1000,
        "batch_size": 4,
        "gradient_accumulation": 4,
        "warmup": 100,
        "scheduler": "linear",
    },
    # All linear layers as in QLoRA (Dettmers et al. 2023, arXiv:2305.14314). Rate and batch from
    # one pass of the default model over 240 support tickets, validation loss from 1.856:
    # batch 4 at 2e-3 1.135, batch 8 at 2e-3 1.181, batch 4 at 1e-3 1.188 (one seed each).
    "best": {
        "r": 16,
        "alpha": 32,
        "dropout": 0.0,
        "target": "all-linear",
        "learning_rate": 2e-3,
        "epochs": 1.0,
        "batch_size": 4,
        "gradient_accumulation": 1,
        "warmup": 0.05,
        "scheduler": "cosine",
    },
}
"""Settings by name; every field that a recipe sets itself wins over its preset."""


class LoraConfig(Config):
    """Low-rank adapters beside frozen weights (Hu et al. 2021, arXiv:2106.09685)."""

    kind: Literal["lora"] = "lora"
    preset: Literal["best", "documents"] = "best"
    """Where the settings that are not given come from: `documents` are those of the source
    documents, `best` those that measured best for the default model."""
    r: int = Field(default=16, ge=1, le=512)
    """Rank of the adapters."""
    alpha: float = Field(default=32, gt=0)
    """The adapters' output is scaled by alpha / r."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the adapters' inputs that is zeroed in training. 0 is markedly faster."""
    target: Literal["all-linear", "attention-qv"] | tuple[str, ...] = "all-linear"
    """The layers that get adapters: every linear layer but the head, the query and value
    projections, or modules by name."""
    learning_rate: float = Field(default=2e-3, gt=0, lt=1)
    """Peak learning rate of AdamW."""
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
    """Seed of the adapters, the row order and the dropout. None: the run's seed."""
    save_steps: int | None = Field(default=None, ge=1)
    """Steps between checkpoints that a killed run resumes from. None: ten in a run."""
    eval_steps: int | None = Field(default=None, ge=1)
    """Steps between validations. None: four in a run; there is always one before the first step
    and one after the last."""
    validation_rows: int = Field(default=64, ge=0)
    """Validation rows whose loss is measured; 0: none."""
    precision: Precision = "auto"
    """Number format of the frozen weights and the computation. Adapters are always float32."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: about half the memory, a third slower."""

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        preset = dict(PRESETS.get(given.get("preset", "best"), {}))
        if given.get("epochs") is not None or given.get("max_steps") is not None:
            preset.pop("epochs", None)
            preset.pop("max_steps", None)
        return {**preset, **given}

    @model_validator(mode="after")
    def _one_length(self) -> LoraConfig:
        if (self.epochs is None) == (self.max_steps is None):
            msg = "give epochs or max_steps, not both and not neither"
            raise ValueError(msg)
        return self

    @property
    def label(self) -> str:
        """The method in a few words, for tables."""
        where = {
            "all-linear": "all linear layers",
            "attention-qv": "the query and value projections",
        }
        names = where[self.target] if isinstance(self.target, str) else ", ".join(self.target)
        return f"LoRA, r {self.r} on {names}"

    def total_steps(self, rows: int) -> int:
        """Optimizer steps of a run over `rows` training rows."""
        if self.max_steps is not None:
            return self.max_steps
        a_step = self.batch_size * self.gradient_accumulation
        return max(1, round((self.epochs or 0) * rows / a_step))


Method = Annotated[BaseConfig | FewShotConfig | LoraConfig, Field(discriminator="kind")]
"""Any method that a recipe can name, told apart by `kind`."""
TrainedMethod = LoraConfig
"""The methods that `tune` trains."""
