"""One trainer for every method and format: TRL's loop, our loss and our checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from trl import SFTTrainer

from tunesmith.io import write_json
from tunesmith.tune.checkpoint import (
    ARGUMENTS_FILE,
    load_optimizer,
    load_random,
    load_scheduler,
    save_optimizer,
    save_random,
    save_scheduler,
)
from tunesmith.tune.forward import answer_nll
from tunesmith.tune.masters import Masters
from tunesmith.tune.recorder import Recorder
from tunesmith.tune.save import sync

VALIDATION_BATCH = 16
"""The most rows that are validated at once; never more than are trained on at once, so that a
validation needs less memory than a step."""


class AnswerTrainer(SFTTrainer):  # type: ignore[misc]
    """`SFTTrainer` whose output head computes the answers' tokens alone (`forward`).

    Its checkpoints are safetensors and JSON; it never gets to the code of transformers that
    reads or writes them in a form that can hold code.
    """

    recorder: Recorder
    masters: Masters
    optimizer: Any
    """None until training starts, then accelerate's wrapper of `create_optimizer`'s."""

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """The mean negative log-likelihood of the labelled tokens, in nats.

        Args:
            model: The model that is trained.
            inputs: `input_ids`, `attention_mask`, `labels`: integers of shape (batch, tokens).
            return_outputs: Not supported: no logits are kept.
            num_items_in_batch: Labelled tokens of the whole optimizer step; None: of this batch.
        """
        if return_outputs:
            raise NotImplementedError("the loss is computed without keeping logits")
        total, count = answer_nll(
            self.model,
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            labels=inputs["labels"],
        )
        return total / (count if num_items_in_batch is None else num_items_in_batch)

    def create_model_card(self, *args: Any, **kwargs: Any) -> None:
        """Write none: tunesmith's report says what was trained, and on what."""

    def create_optimizer(self, model: torch.nn.Module | None = None) -> torch.optim.Optimizer:
        """AdamW on the float32 copies of the trainable parameters."""
        if self.optimizer is None:
            self.optimizer = self.masters.optimizer(
                learning_rate=self.args.learning_rate, weight_decay=self.args.weight_decay
            )
        optimizer: torch.optim.Optimizer = self.optimizer
        return optimizer

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        self.masters.save(folder)
        sync(folder)
        self.recorder.save(folder)

    def _save(self, output_dir: str, state_dict: dict[str, torch.Tensor] | None = None) -> None:
        if isinstance(self.model, PeftModel):  # else the masters are all there is to a model
            self.model.save_pretrained(output_dir, state_dict=state_dict)
        self.processing_class.save_pretrained(output_dir)
        write_json(Path(output_dir) / ARGUMENTS_FILE, self.args.to_dict())

    def _load_from_checkpoint(
        self, resume_from_checkpoint: str, model: torch.nn.Module | None = None
    ) -> None:
        self.masters.load(Path(resume_from_checkpoint))

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        save_optimizer(Path(output_dir), self.optimizer, names=list(self.masters.copies))
        save_scheduler(Path(output_dir), self.lr_scheduler)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            load_optimizer(Path(checkpoint), self.optimizer, names=list(self.masters.copies))
            load_scheduler(Path(checkpoint), self.lr_scheduler)

    def _save_rng_state(self, output_dir: str) -> None:
        save_random(Path(output_dir))

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            load_random(Path(checkpoint))


def validation_loss(trainer: AnswerTrainer, rows: list[dict[str, list[int]]]) -> float:
    """Mean loss a labelled token over all validation rows, in nats."""
    trainer.model.eval()
    loss, tokens = 0.0, 0
    with torch.no_grad():
        size = min(VALIDATION_BATCH, trainer.args.per_device_train_batch_size)
        for start in range(0, len(rows), size):
            batch = trainer.data_collator(rows[start : start + size])
            batch = {key: value.to(trainer.args.device) for key, value in batch.items()}
            part, count = answer_nll(trainer.model, **batch)
            loss, tokens = loss + float(part), tokens + count
    trainer.model.train()
    return loss / tokens
