"""The training job: `python -m tunesmith.tune.trainer`, started by `tune`.

TRL's `SFTTrainer` does the loop, PEFT the adapters. Ours are the tokens and labels, the order of
the rows, the loss, whose head sees answer tokens only, and what is in a checkpoint.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from trl import SFTConfig, SFTTrainer

from tunesmith.io import write_json
from tunesmith.models import compute_dtype, load_model, load_tokenizer
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.prompting.example import Example
from tunesmith.prompting.template import PromptConfig, question_messages
from tunesmith.tune.checkpoint import (
    ARGUMENTS_FILE,
    load_optimizer,
    load_random,
    load_scheduler,
    save_optimizer,
    save_random,
    save_scheduler,
)
from tunesmith.tune.formats import Encoded, encode_examples
from tunesmith.tune.forward import answer_nll
from tunesmith.tune.masters import Masters
from tunesmith.tune.methods import TrainedConfig, trained_method
from tunesmith.tune.order import training_order
from tunesmith.tune.recorder import STATE_FILE, Measured, Recorder, read_measured
from tunesmith.tune.save import parameters, save_tuned, sync
from tunesmith.worker import Emit, serve

_VALIDATION_BATCH = 16


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


def train(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Train one method from scratch or from its last complete checkpoint."""
    config = trained_method.validate_python(request["method"])
    work = Path(request["work"])
    tokenizer = load_tokenizer(Path(request["model"]))
    encoded, validation = _encode(request, config, tokenizer)
    steps = config.total_steps(len(encoded.rows))
    lengths = [len(row["input_ids"]) for row in encoded.rows]
    order = training_order(
        lengths,
        steps=steps,
        batch_size=config.batch_size,
        accumulation=config.gradient_accumulation,
        seed=request["seed"],
    )
    resume = _last_checkpoint(work)
    measured = read_measured(resume) if resume else Measured()
    trainer = _trainer(
        request,
        config,
        tokenizer=tokenizer,
        rows=Dataset.from_list(encoded.rows).select(order),
        steps=steps,
    )
    recorder = Recorder(
        emit=emit,
        validate=(lambda: _validation_loss(trainer, validation)) if validation else None,
        eval_steps=config.eval_steps or max(1, -(-steps // 4)),
        step_tokens=_sums([lengths[i] for i in order], steps),
        measured=measured,
    )
    trainer.recorder = recorder
    trainer.add_callback(recorder)
    trainable, total = parameters(trainer.model)
    done = int(measured.curve[-1]["step"]) if measured.curve else 0
    predicted = _predict(trainer, encoded, order, config=config, validation=validation)
    emit(
        {
            "plan": {
                "steps": steps,
                "done": done,
                "examples": len(encoded.rows),
                "too_long": encoded.too_long,
                "trainable_parameters": trainable,
                "left_s": predicted * (1 - done / steps),
            }
        }
    )
    trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    recorder.finish()
    if isinstance(trainer.model, PeftModel):  # a model of its own is saved as it computes
        trainer.masters.give_back()
    saved_mib = save_tuned(trainer.model, tokenizer, work, base=request["model_name"])
    seconds = measured.step_seconds + measured.other_seconds
    return {
        "seconds": round(seconds, 3),
        "predicted_s": round(predicted, 3),
        "steps": steps,
        "epochs": round(len(order) / len(encoded.rows), 3),
        "examples": len(encoded.rows),
        "examples_too_long": encoded.too_long,
        "tokens": measured.tokens,
        "tokens_per_s": round(measured.tokens / measured.step_seconds, 2),
        "trainable_parameters": trainable,
        "total_parameters": total,
        "adapter_mib": saved_mib,
        "precision": compute_dtype(config.precision),
        "threads": torch.get_num_threads(),
        "resumed_from_step": done or None,
        "settings": config.model_dump(mode="json"),
        "curve": measured.curve,
        "validation": measured.validation,
    }


def _encode(
    request: dict[str, Any], config: TrainedConfig, tokenizer: PreTrainedTokenizerBase
) -> tuple[Encoded, list[dict[str, list[int]]]]:
    encoder = ChatEncoder(tokenizer)
    prompt = PromptConfig.model_validate(request["prompt"])

    def encode(rows: list[dict[str, Any]]) -> Encoded:
        examples = [Example.from_row(row) for row in rows]
        return encode_examples(encoder, examples, prompt=prompt, max_length=config.max_length)

    held = request["validation"]
    chosen = np.random.default_rng(request["seed"]).permutation(len(held))[: config.validation_rows]
    validation = encode([held[i] for i in chosen]).rows if len(chosen) else []
    return encode(request["train"]), sorted(validation, key=lambda row: len(row["input_ids"]))


def _trainer(
    request: dict[str, Any],
    config: TrainedConfig,
    *,
    tokenizer: PreTrainedTokenizerBase,
    rows: Dataset,
    steps: int,
) -> AnswerTrainer:
    arguments = SFTConfig(
        output_dir=request["work"],
        max_steps=steps,
        per_device_train_batch_size=config.batch_size,
        gradient_accumulation_steps=config.gradient_accumulation,
        train_sampling_strategy="sequential",  # the order is ours
        learning_rate=config.learning_rate,
        lr_scheduler_type=config.scheduler,
        warmup_steps=round(config.warmup * steps) if config.warmup < 1 else round(config.warmup),
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        activation_checkpointing=config.gradient_checkpointing,
        bf16=False,  # the weights already are; autocast on top was slower
        fp16=False,
        use_cpu=not torch.cuda.is_available(),
        dataloader_pin_memory=torch.cuda.is_available(),
        logging_steps=1,
        logging_nan_inf_filter=False,  # the recorder stops at the first
        save_strategy="steps",
        save_steps=config.save_steps or max(1, -(-steps // 10)),
        save_total_limit=2,
        eval_strategy="no",
        report_to="none",
        push_to_hub=False,
        disable_tqdm=True,
        seed=request["seed"],
        data_seed=request["seed"],
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
    )
    arguments.mixed_precision = "no"  # whatever ACCELERATE_MIXED_PRECISION asks for
    torch.manual_seed(request["seed"])  # the new weights
    trainer = AnswerTrainer(
        model=_adapted(request, config, tokenizer),
        args=arguments,
        train_dataset=rows,
        processing_class=tokenizer,
    )
    dtype = getattr(torch, compute_dtype(config.precision))
    trainer.masters = Masters(trainer.model, dtype)
    return trainer


def _adapted(
    request: dict[str, Any], config: TrainedConfig, tokenizer: PreTrainedTokenizerBase
) -> PreTrainedModel:
    """The base model, ready to be trained."""
    model = load_model(Path(request["model"]), precision=config.precision)
    prompt = PromptConfig.model_validate(request["prompt"])
    begin = ChatEncoder(tokenizer).text(question_messages("", prompt))
    return config.adapt(model, tokenizer, prompt=begin)


def _validation_loss(trainer: AnswerTrainer, rows: list[dict[str, list[int]]]) -> float:
    """Mean loss a labelled token over all validation rows, in nats."""
    trainer.model.eval()
    loss, tokens = 0.0, 0
    with torch.no_grad():
        for start in range(0, len(rows), _VALIDATION_BATCH):
            batch = trainer.data_collator(rows[start : start + _VALIDATION_BATCH])
            batch = {key: value.to(trainer.args.device) for key, value in batch.items()}
            part, count = answer_nll(trainer.model, **batch)
            loss, tokens = loss + float(part), tokens + count
    trainer.model.train()
    return loss / tokens


def _predict(
    trainer: AnswerTrainer,
    encoded: Encoded,
    order: list[int],
    *,
    config: TrainedConfig,
    validation: list[dict[str, list[int]]],
) -> float:
    """Seconds that the whole training will take, from one batch of median length.

    The second of two passes is timed: the first also pays for warming up.
    """
    lengths = [len(row["input_ids"]) for row in encoded.rows]
    median = sorted(range(len(lengths)), key=lengths.__getitem__)
    middle = len(median) // 2
    some = (median[max(0, middle - config.batch_size // 2) :])[: config.batch_size]
    batch = trainer.data_collator([encoded.rows[i] for i in some])
    batch = {key: value.to(trainer.args.device) for key, value in batch.items()}
    trainer.model.train()
    seconds = 0.0
    with torch.random.fork_rng():
        for _ in range(2):
            begin = time.monotonic()
            torch.autograd.backward(trainer.compute_loss(trainer.model, batch))
            trainer.model.zero_grad()
            seconds = time.monotonic() - begin
    a_token: float = seconds / batch["input_ids"].numel()
    size = config.batch_size
    padded = sum(
        size * max(lengths[i] for i in order[start : start + size])
        for start in range(0, len(order), size)
    )
    forward = sum(len(row["input_ids"]) for row in validation) / 3  # the backward pass costs two
    return a_token * (padded + 5 * forward)


def _last_checkpoint(work: Path) -> Path | None:
    """The newest complete checkpoint; torn ones are removed."""
    complete = []
    for folder in work.glob("checkpoint-*"):
        if (folder / STATE_FILE).exists():
            complete.append(folder)
        else:
            shutil.rmtree(folder)
    return max(complete, key=lambda folder: int(folder.name.rsplit("-", 1)[1]), default=None)


def _sums(values: list[int], parts: int) -> list[int]:
    """The sums of `parts` equal slices."""
    return [int(part) for part in np.asarray(values).reshape(parts, -1).sum(axis=1)]


if __name__ == "__main__":
    serve(train)
