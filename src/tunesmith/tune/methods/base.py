"""What every trained method has in common: how long, how fast, how it is watched.

A method's class is its configuration, and `adapt` makes a model ready to be trained so; torch and
PEFT are imported there alone, so that reading a recipe needs neither.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from tunesmith.config import Config
from tunesmith.models import Precision
from tunesmith.tune.formats import AnyFormat, PreferenceFormat, QaFormat
from tunesmith.tune.methods.searched import SearchConfig

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

#: What the presets `best` have in common: one pass in small batches, as `methods/lora.py` measured.
BEST: dict[str, Any] = {
    "epochs": 1.0,
    "batch_size": 4,
    "gradient_accumulation": 1,
    "warmup": 0.05,
    "scheduler": "cosine",
}


class TrainedConfig(Config):
    """A method whose weights are learned."""

    presets: ClassVar[dict[str, dict[str, Any]]]
    """Settings by name; every field that a recipe sets itself wins over its preset."""

    preset: Preset = "best"
    """Where the settings that are not given come from: `documents` are those of the source
    documents, `best` those that measured best for the default model."""
    format: AnyFormat = QaFormat()
    """What is learned from: `qa`, `instruction`, `chat`, `completion` or `preference`, by name or
    with settings of its own (`format: {kind: preference, preferences: pairs.jsonl}`)."""
    after: str | None = Field(default=None, min_length=1)
    """The name of another trained method: this one starts from what that has learned, merged into
    the weights. Not after prefix tuning or prompt tuning, which leave the weights as they are."""
    searched: ClassVar[dict[str, tuple[Any, ...]]] = {}
    """Settings that `search` looks for beside the learning rate, and what it tries of each."""

    learning_rate: Annotated[float, Field(gt=0, lt=100)] | Literal["auto"] = 2e-3
    """Peak learning rate of AdamW (Loshchilov and Hutter 2017, arXiv:1711.05101). `auto` looks for
    one by a range test of some tens of steps."""
    search: SearchConfig | None = None
    """Look for settings by short trainings first. None: take those given."""
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
    patience: int | None = Field(default=3, ge=1)
    """Validations in a row without improvement after which training stops. With the four of a run
    only the last could stop it, so a learning rate that falls to zero is seen to its end; it acts
    where `eval_steps` asks for more. None: never stop early."""
    min_improvement: float = Field(default=1e-3, ge=0)
    """The smallest fall of the validation loss that counts as improvement, in nats."""
    keep: Literal["best", "last"] = "best"
    """What is saved: the weights of the lowest validation loss, or those after the last step."""
    sample_rows: int = Field(default=4, ge=0)
    """Validation rows that are also answered at every validation, greedily: token F1, and whether
    answers end by themselves. 0: none."""
    precision: Precision = "auto"
    """Number format of the weights that compute. What is learned is kept in float32 beside them."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: about half the memory, a third slower."""
    packing: bool = False
    """Compute a batch's rows as one sequence without padding, each seeing itself alone. A model
    that cannot keep rows apart is refused before it trains, prefix and prompt tuning always are."""
    memory: Literal["check", "ignore"] = "check"
    """`check`: refuse to start where the predicted peak is more than the machine (or its container,
    or its GPU) has left, and say which settings would fit; `ignore`: start all the same."""

    @property
    @abstractmethod
    def label(self) -> str:
        """The method in a few words, for tables."""

    @property
    def learns(self) -> str:
        """What follows the method's name in tables: its format, and what it starts from."""
        after = "" if self.after is None else f", after {self.after}"
        return f"{' ' if self.format.words else ''}{self.format.words}{after}"

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

    @field_validator("learning_rate", mode="wrap")
    @classmethod
    def _rate_or_auto(cls, given: Any, read: Callable[[Any], float | str]) -> float | str:
        try:
            return read(given)
        except ValidationError:  # one for each way to read it
            raise ValueError(f"a number above 0 and below 100, or auto, not {given!r}") from None

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

    @model_validator(mode="after")
    def _packs_no_pairs(self) -> TrainedConfig:
        if self.packing and isinstance(self.format, PreferenceFormat):
            msg = "packing: both answers of a pair are rows of their own and cannot be packed"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _searches_what_there_is(self) -> TrainedConfig:
        names = () if self.search is None or self.search.fields is None else self.search.fields
        known = {"learning_rate", *type(self).searched}
        for name in names:
            if name not in known:
                msg = f"search.fields: there is no search for {name}, only for {sorted(known)}"
                raise ValueError(msg)
        return self

    def total_steps(self, rows: int) -> int:
        """Optimizer steps of a run over `rows` training rows."""
        if self.max_steps is not None:
            return self.max_steps
        a_step = self.batch_size * self.gradient_accumulation
        return max(1, round((self.epochs or 0) * rows / a_step))
