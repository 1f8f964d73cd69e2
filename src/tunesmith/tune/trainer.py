"""One trainer for every method and format: TRL's loop, our loss and our checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from trl import SFTTrainer

from tunesmith.io import sync_folder, write_json
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
from tunesmith.tune.launch import ranks
from tunesmith.tune.launch.spread import is_sharded
from tunesmith.tune.launch.wrapped import called, is_wrapped, my_batches
from tunesmith.tune.masters import Masters
from tunesmith.tune.packing import PackedCollator, check_isolation
from tunesmith.tune.preference import REFERENCE
from tunesmith.tune.recorder import Recorder
from tunesmith.tune.weights import unweighted

VALIDATION_BATCH = 16
"""The most rows that are validated at once; never more than are trained on at once, so that a
validation needs less memory than a step."""


Objective = Callable[..., tuple[torch.Tensor, int]]
"""`objective(model, **batch)`: the sum of a loss, and the number of items that it sums over."""


class AnswerTrainer(SFTTrainer):  # type: ignore[misc]
    """`SFTTrainer` whose output head computes the answers' tokens alone (`forward`).

    Its checkpoints are safetensors and JSON; it never gets to the code of transformers that
    reads or writes them in a form that can hold code.
    """

    objective: Objective = staticmethod(answer_nll)
    """The format's loss: of the labelled tokens, unless `give_objective` sets another."""
    recorder: Recorder
    masters: Masters
    sweep_from: float | None = None
    """The learning rate that a range test starts with; it ends with the one of the settings."""
    optimizer: Any
    """None until training starts, then accelerate's wrapper of `create_optimizer`'s."""

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """The mean of the objective: of most formats the labelled tokens' negative log-likelihood.

        Args:
            model: The model that is trained.
            inputs: `input_ids`, `labels`, and `attention_mask` or, of packed rows, `position_ids`:
                integers of shape (batch, tokens).
            return_outputs: Not supported: no logits are kept.
            num_items_in_batch: Items (labelled tokens, or pairs) of the whole optimizer step; None:
                of this batch.
        """
        if return_outputs:
            raise NotImplementedError("the loss is computed without keeping logits")
        total, count = self.summed(model if is_wrapped(model) else self.model, **inputs)
        if num_items_in_batch is None:
            return total / count
        return total * ranks.count() / num_items_in_batch  # gradients are averaged over processes

    def summed(self, model: torch.nn.Module, **batch: torch.Tensor) -> tuple[torch.Tensor, int]:
        """The objective's sum and items over a batch, through what wraps the model, if anything."""
        return called(model, lambda inner: self.objective(inner, **batch))

    def learn_nothing(self, loss: torch.Tensor) -> None:
        """Work out a loss's gradients and forget them."""
        torch.autograd.backward(loss)
        self.model.zero_grad()

    def _move_model_to_device(self, model: torch.nn.Module, device: torch.device) -> None:
        if not is_sharded(model):  # else it is where it belongs
            super()._move_model_to_device(model, device)

    def _get_num_items_in_batch(
        self, batch_samples: list[dict[str, torch.Tensor]], device: torch.device
    ) -> torch.Tensor | int | None:
        if batch_samples and REFERENCE in batch_samples[0]:  # pairs count, not their tokens
            batch_samples = [
                {**batch, "shift_labels": torch.zeros(len(batch[REFERENCE]) // 2)}
                for batch in batch_samples
            ]
        items: torch.Tensor | int | None = super()._get_num_items_in_batch(batch_samples, device)
        return items

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

    def create_scheduler(
        self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None
    ) -> torch.optim.lr_scheduler.LRScheduler:
        """The schedule of the settings, or the rise of a range test."""
        if self.sweep_from is not None:
            ratio = self.sweep_from / self.args.learning_rate
            last = max(1, num_training_steps - 1)
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(
                optimizer or self.optimizer, lambda step: ratio ** max(0.0, 1 - step / last)
            )
        scheduler: torch.optim.lr_scheduler.LRScheduler = super().create_scheduler(
            num_training_steps, optimizer
        )
        return scheduler

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        self.masters.save(folder)
        ranks.wait()  # every process has written its random numbers
        if ranks.number() == 0:
            sync_folder(folder)
            self.recorder.save(folder)
        ranks.wait()

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
        if ranks.number() == 0:
            save_scheduler(Path(output_dir), self.lr_scheduler)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            load_optimizer(Path(checkpoint), self.optimizer, names=list(self.masters.copies))
            load_scheduler(Path(checkpoint), self.lr_scheduler)

    def _save_rng_state(self, output_dir: str) -> None:
        save_random(Path(output_dir), rank=ranks.number())

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            load_random(Path(checkpoint), rank=ranks.number())


def pack(trainer: AnswerTrainer, rows: Sequence[dict[str, list[int]]], *, dtype: Any) -> None:
    """Let a trainer pack the rows of a batch, if its model keeps them apart.

    Args:
        trainer: Its model is ready to be trained.
        rows: Some of the training rows: what the model is tried on.
        dtype: The number format that it computes in.

    Raises:
        ModelError: The model lets packed rows see each other.
    """
    trainer.model.eval()
    check_isolation(
        partial(trainer.summed, trainer.model),
        [unweighted(row) for row in rows],
        dtype=dtype,
        device=trainer.args.device,
    )
    trainer.model.train()
    trainer.data_collator = PackedCollator()


def validation_loss(trainer: AnswerTrainer, rows: list[dict[str, Any]]) -> float:
    """Mean loss over all validation rows: a labelled token, or a pair, in nats.

    Processes that train together have a share of the batches each.
    """
    trainer.model.eval()
    loss, items = 0.0, 0
    with torch.no_grad():
        size = min(VALIDATION_BATCH, trainer.args.per_device_train_batch_size)
        for start, counts in my_batches(len(rows), size):
            batch = trainer.data_collator(rows[start : start + size])
            batch = {key: value.to(trainer.args.device) for key, value in batch.items()}
            part, count = trainer.summed(trainer.model, **batch)
            if counts:
                loss, items = loss + float(part), items + count
    trainer.model.train()
    total, number = ranks.sums(loss, items)
    return total / number
