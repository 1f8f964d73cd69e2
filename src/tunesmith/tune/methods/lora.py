"""LoRA: low-rank adapters beside frozen weights, and the variants of it that PEFT offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from tunesmith.errors import ModelError
from tunesmith.models import Quantize
from tunesmith.tune.methods.base import BEST, DOCUMENTS, TrainedConfig

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Start = Literal["default", "gaussian", "pissa", "olora", "orthogonal"]


class LoraConfig(TrainedConfig):
    """Low-rank adapters beside frozen weights (Hu et al. 2021, arXiv:2106.09685)."""

    presets: ClassVar[dict[str, dict[str, Any]]] = {
        # Source documents A and B, "LoRA configuration".
        "documents": {
            **DOCUMENTS,
            "r": 16,
            "alpha": 32,
            "dropout": 0.05,
            "target": "attention-qv",
        },
        # All linear layers as in QLoRA (Dettmers et al. 2023, arXiv:2305.14314). Rate and batch
        # from one pass of the default model over 240 support tickets, validation loss from 1.856:
        # batch 4 at 2e-3 1.135, batch 8 at 2e-3 1.181, batch 4 at 1e-3 1.188 (one seed each).
        "best": {
            **BEST,
            "r": 16,
            "alpha": 32,
            "dropout": 0.0,
            "target": "all-linear",
            "learning_rate": 2e-3,
        },
    }

    searched: ClassVar[dict[str, tuple[Any, ...]]] = {
        "r": (4, 8, 16, 32, 64),
        "alpha": (16.0, 32.0, 64.0),
    }

    kind: Literal["lora"] = "lora"
    r: int = Field(default=16, ge=1, le=512)
    """Rank of the adapters."""
    alpha: float = Field(default=32, gt=0)
    """The adapters' output is scaled by alpha / r, or alpha / √r with `rslora`."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the adapters' inputs that is zeroed in training. 0 is markedly faster."""
    target: Literal["all-linear", "attention-qv"] | tuple[str, ...] = "all-linear"
    """The layers that get adapters: every linear layer but the head, the query and value
    projections, or modules by name."""
    rslora: bool = False
    """Scale by alpha / √r, so that larger ranks keep learning (Kalajdzievski 2023,
    arXiv:2312.03732)."""
    dora: bool = False
    """Learn each layer's magnitude apart from its direction (Liu et al. 2024, arXiv:2402.09353):
    slower, sometimes better at low ranks."""
    start: Start = "default"
    """How the adapters begin: `default` (B is zero), `gaussian`, `pissa` (Meng et al. 2024,
    arXiv:2404.02948), `olora` (Büyükakyüz 2024, arXiv:2406.01775) or `orthogonal`."""
    quantize: Quantize | None = None
    """Hold the frozen linear layers in 4 bits (QLoRA: Dettmers et al. 2023, arXiv:2305.14314), in
    NormalFloat with its scales quantised again; they compute in `precision`. Needs the extra
    `qlora`."""

    @model_validator(mode="after")
    def _goes_together(self) -> LoraConfig:
        if self.quantize is not None and self.start in {"pissa", "olora"}:
            raise ValueError(
                f"start: {self.start} changes the weights that quantize holds in 4 bits"
            )
        if self.start == "orthogonal" and self.r % 2:
            raise ValueError("start: orthogonal needs an even r")
        return self

    @property
    def label(self) -> str:
        """The method in a few words, for tables."""
        where = {
            "all-linear": "all linear layers",
            "attention-qv": "the query and value projections",
        }
        names = where[self.target] if isinstance(self.target, str) else ", ".join(self.target)
        kind = {
            (True, False): "rsLoRA",
            (False, True): "DoRA",
            (True, True): "rank-stabilised DoRA",
        }
        called = kind.get((self.rslora, self.dora), "LoRA")
        if self.quantize is not None:
            called = "QLoRA" if called == "LoRA" else f"{called} over 4 bits"
        return f"{called}, r {self.r} on {names}{self.learns}"

    def adapt(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, prompt: str
    ) -> PreTrainedModel:
        """Put the adapters beside the layers; see `TrainedConfig.adapt`.

        Over 4 bits, PEFT's `prepare_model_for_kbit_training` is left out: it freezes what
        `get_peft_model` freezes, and makes norms, embeddings and head float32, which doubles them
        and the activations between the layers. Here they compute as they do in LoRA over whole
        weights; norms and loss are worked out in float32 all the same.
        """
        from peft import LoraConfig as PeftLora
        from peft import get_peft_model

        adapted: PreTrainedModel = get_peft_model(
            model,
            PeftLora(
                task_type="CAUSAL_LM",
                r=self.r,
                lora_alpha=self.alpha,
                lora_dropout=self.dropout,
                target_modules=self._modules(model),
                fan_in_fan_out="Conv1D" in {type(layer).__name__ for layer in model.modules()},
                use_rslora=self.rslora,
                use_dora=self.dora,
                init_lora_weights=True if self.start == "default" else self.start,
            ),
        )
        return adapted

    def _modules(self, model: PreTrainedModel) -> str | list[str]:
        """The layers that get adapters, as PEFT wants to be told.

        Raises:
            ModelError: The model has no such layers.
        """
        from peft.utils import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING as ATTENTION
        from torch.nn import Linear

        if self.target == "all-linear":
            return "all-linear"
        linear = {
            name.rpartition(".")[2]
            for name, layer in model.named_modules()
            if isinstance(layer, Linear) or type(layer).__name__ == "Conv1D"
        }
        kind = model.config.model_type
        wanted = list(self.target) if isinstance(self.target, tuple) else ATTENTION.get(kind, ["?"])
        missing = [name for name in wanted if name.rpartition(".")[2] not in linear]
        if missing:
            raise ModelError(
                f"a model of type {kind} has no layers named {', '.join(missing)}",
                where="target",
                todo=f"name some of: {', '.join(sorted(linear))}; or write all-linear",
            )
        return wanted
