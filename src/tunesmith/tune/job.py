"""The training job: `python -m tunesmith.tune.job`, started by `tune`.

TRL's `SFTTrainer` does the loop, PEFT the adapters. Ours are the tokens and labels, the order of
the rows, the loss, whose head sees answer tokens only, and what is in a checkpoint.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from trl import SFTConfig

from tunesmith.models import compute_dtype, load_model, load_tokenizer
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.prompting.example import Example
from tunesmith.prompting.template import PromptConfig, question_messages
from tunesmith.tune.budget import Budget
from tunesmith.tune.formats import IGNORED, Encoded, encode_examples
from tunesmith.tune.masters import Masters
from tunesmith.tune.methods import LoraConfig, TrainedConfig, trained_method
from tunesmith.tune.order import training_order
from tunesmith.tune.predict import predicted_seconds
from tunesmith.tune.recorder import STATE_FILE, Measured, Recorder, read_measured
from tunesmith.tune.room import gpu_peak_mib
from tunesmith.tune.save import parameters, save_tuned
from tunesmith.tune.trainer import AnswerTrainer, validation_loss
from tunesmith.worker import Emit, serve


def train(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Train one method from scratch or from its last complete checkpoint."""
    config = trained_method.validate_python(request["method"])
    work = Path(request["work"])
    tokenizer = load_tokenizer(Path(request["model"]))
    encoded, validation = _encode(request, config, tokenizer)
    steps = config.total_steps(len(encoded.rows))
    lengths = [len(row["input_ids"]) for row in encoded.rows]
    answers = [len(row["labels"]) - row["labels"].count(IGNORED) for row in encoded.rows]
    order = training_order(
        lengths,
        steps=steps,
        batch_size=config.batch_size,
        accumulation=config.gradient_accumulation,
        seed=request["seed"],
    )
    budget = Budget(config, model=Path(request["model"]), encoded=encoded, validation=validation)
    memory = budget.check(order, seed=request["seed"])
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
        validate=(lambda: validation_loss(trainer, validation)) if validation else None,
        eval_steps=config.eval_steps or max(1, -(-steps // 4)),
        step_tokens=_sums([lengths[i] for i in order], steps),
        measured=measured,
    )
    trainer.recorder = recorder
    trainer.add_callback(recorder)
    trainable, total = parameters(trainer.model)
    done = int(measured.curve[-1]["step"]) if measured.curve else 0
    predicted = predicted_seconds(trainer, encoded, order, config=config, validation=validation)
    emit(
        {
            "plan": {
                "steps": steps,
                "done": done,
                "examples": len(encoded.rows),
                "too_long": encoded.too_long,
                "trainable_parameters": trainable,
                "left_s": predicted * (1 - done / steps),
                "memory": memory,
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
        "predicted_memory": memory,
        "peak_gpu_memory_mib": gpu_peak_mib(),
        "steps": steps,
        "epochs": round(len(order) / len(encoded.rows), 3),
        "examples": len(encoded.rows),
        "examples_too_long": encoded.too_long,
        "tokens": measured.tokens,
        "answer_tokens": sum(answers[i] for i in order),
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
    quantize = config.quantize if isinstance(config, LoraConfig) else None
    model = load_model(Path(request["model"]), precision=config.precision, quantize=quantize)
    prompt = PromptConfig.model_validate(request["prompt"])
    begin = ChatEncoder(tokenizer).text(question_messages("", prompt))
    return config.adapt(model, tokenizer, prompt=begin)


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
