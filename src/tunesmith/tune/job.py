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
from transformers import PreTrainedModel
from trl import SFTConfig

from tunesmith.heads import check_head
from tunesmith.models import compute_dtype, load_model, load_tokenizer
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.prompting.template import PromptConfig, question_messages
from tunesmith.tune.best import Best
from tunesmith.tune.budget import Budget
from tunesmith.tune.fast import make_faster
from tunesmith.tune.folders import tuned
from tunesmith.tune.formats import WEIGHTS, Encoded, Format
from tunesmith.tune.heap import HeapKeeper
from tunesmith.tune.launch import ranks
from tunesmith.tune.launch.config import share
from tunesmith.tune.launch.spread import gathered, is_sharded, settled, spread, spread_random
from tunesmith.tune.launch.zero import ZeroMasters, ZeroTrainer, zero_settings
from tunesmith.tune.masters import Masters
from tunesmith.tune.methods import LoraConfig, TrainedConfig, trained_method
from tunesmith.tune.objective import give_objective
from tunesmith.tune.order import training_order
from tunesmith.tune.predict import predicted_seconds
from tunesmith.tune.recorder import STATE_FILE, Measured, Recorder, read_measured
from tunesmith.tune.remember import remember
from tunesmith.tune.room import gpu_peak_mib
from tunesmith.tune.samples import Sampler, sample_rows
from tunesmith.tune.save import parameters, save_tuned
from tunesmith.tune.trainer import AnswerTrainer, pack, validation_loss
from tunesmith.tune.watch import Watch
from tunesmith.tune.weights import WeightedCollator, unweighted
from tunesmith.worker import Emit, serve


def train(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Train one method from scratch or from its last complete checkpoint."""
    config = trained_method.validate_python(request["method"])
    work = Path(request["work"])
    encoder = ChatEncoder(load_tokenizer(Path(request["model"])))
    encoded, validation = _encode(request, config, encoder)
    steps = config.total_steps(len(encoded.rows))
    lengths, answers = encoded.lengths, encoded.answers
    order = training_order(
        lengths,
        steps=steps,
        batch_size=config.batch_size,
        accumulation=config.gradient_accumulation,
        seed=request["seed"],
    )
    budget = Budget(
        config,
        model=Path(request["model"]),
        encoded=encoded,
        validation=validation,
        launch=settled(request),
    )
    memory = budget.check(order, seed=request["seed"])
    resume = ranks.first_alone(lambda: _last_checkpoint(work))
    measured = read_measured(resume) if resume else Measured()
    trainer = _trainer(
        request,
        config,
        encoder=encoder,
        rows=Dataset.from_list(encoded.rows).select(order),
        steps=steps,
    )
    give_objective(trainer, config, rows=encoded.rows, validation=validation, order=order)
    trainer.sweep_from = request.get("sweep_from")
    best = Best(trainer.masters, work) if config.keep == "best" else None
    if best is not None:
        best.resume(resume)
    samples = sample_rows(validation, config.sample_rows)
    recorder = Recorder(
        emit=emit,
        validate=(lambda: validation_loss(trainer, validation)) if validation else None,
        eval_steps=config.eval_steps or max(1, -(-steps // 4)),
        step_tokens=_sums([lengths[i] for i in order], steps),
        measured=measured,
        watch=Watch(
            learning_rate=trainer.args.learning_rate,
            patience=config.patience,
            min_improvement=config.min_improvement,
        ),
        best=best,
        sample=Sampler(trainer.model, encoder, samples) if samples else None,
    )
    trainer.recorder = recorder
    if memory.get("where") == "cpu":
        trainer.add_callback(HeapKeeper(memory["peak_mib"]))
    trainer.add_callback(recorder)
    trainable, total = parameters(trainer.model)
    done = measured.steps
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
    spread_random(request["seed"])
    if measured.stopped and resume:  # killed after it had stopped early
        trainer.masters.load(resume)
    else:
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    recorder.finish()
    kept_step = recorder.kept_step()
    order = order[: measured.steps * config.batch_size * config.gradient_accumulation]
    whole = None
    if isinstance(trainer.model, PeftModel):  # a model of its own is saved as it computes
        trainer.masters.give_back()
    else:
        whole = gathered(trainer.model)
    saved_mib = ranks.only_first(lambda: _save(trainer, request, encoder, weights=whole))
    seconds = measured.step_seconds + measured.other_seconds
    return {
        "seconds": round(seconds, 3),
        "predicted_s": round(predicted, 3),
        "predicted_memory": memory,
        "peak_gpu_memory_mib": gpu_peak_mib(),
        "steps": measured.steps,
        "planned_steps": steps,
        "kept_step": kept_step,
        "kept_loss": next((p["loss"] for p in measured.validation if p["step"] == kept_step), None),
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
    request: dict[str, Any], config: TrainedConfig, encoder: ChatEncoder
) -> tuple[Encoded, list[dict[str, Any]]]:
    prompt = PromptConfig.model_validate(request["prompt"])

    kind: Format = config.format

    def encode(rows: list[dict[str, Any]]) -> Encoded:
        read = [kind.read(row) for row in rows]
        return kind.encode(encoder, read, prompt=prompt, max_length=config.max_length)

    held = request["validation"]
    chosen = np.random.default_rng(request["seed"]).permutation(len(held))[: config.validation_rows]
    watched = encode([held[i] for i in chosen]).rows if len(chosen) else []
    validation = [unweighted(row) for row in watched]  # what is measured counts whole
    return encode(request["train"]), sorted(validation, key=lambda row: len(row["input_ids"]))


def _trainer(
    request: dict[str, Any],
    config: TrainedConfig,
    *,
    encoder: ChatEncoder,
    rows: Dataset,
    steps: int,
) -> AnswerTrainer:
    mine = share(
        batch_size=config.batch_size,
        accumulation=config.gradient_accumulation,
        processes=ranks.count(),
    )
    arguments = SFTConfig(
        output_dir=request["work"],
        max_steps=steps,
        per_device_train_batch_size=mine.batch_size,
        gradient_accumulation_steps=mine.accumulation,
        average_tokens_across_devices=True,
        ddp_find_unused_parameters=False,
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
        remove_unused_columns=False,  # a format's rows hold what its loss needs
        seed=request["seed"],
        data_seed=request["seed"],
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
    )
    arguments.mixed_precision = "no"  # whatever ACCELERATE_MIXED_PRECISION asks for
    dtype = getattr(torch, compute_dtype(config.precision))
    torch.manual_seed(request["seed"])  # the new weights
    model = spread(_adapted(request, config, encoder), settled(request))
    kind, masters = AnswerTrainer, None
    if _by_deepspeed(request):
        kind, masters = ZeroTrainer, _zero_masters(request, config, model, dtype)
    trainer = kind(
        model=model,
        args=arguments,
        train_dataset=rows,
        processing_class=encoder.tokenizer,
    )
    trainer.is_distributed_loading_by_transformers = is_sharded(model)  # nor is it wrapped again
    trainer.masters = masters or Masters(trainer.model, dtype)
    if WEIGHTS in rows.column_names:
        trainer.data_collator = WeightedCollator(trainer.data_collator)
    if config.packing:
        pack(trainer, rows.select(range(min(len(rows), 64))), dtype=dtype)
    return trainer


def _by_deepspeed(request: dict[str, Any]) -> bool:
    return ranks.count() > 1 and settled(request).strategy == "deepspeed"


def _zero_masters(
    request: dict[str, Any], config: TrainedConfig, model: Any, dtype: torch.dtype
) -> ZeroMasters:
    settings = zero_settings(
        config, settled(request), model=Path(request["model"]), processes=ranks.count()
    )
    return ZeroMasters(
        model,
        dtype,
        settings=settings,
        learning_rate=float(config.learning_rate),
        weight_decay=config.weight_decay,
    )


def _adapted(
    request: dict[str, Any], config: TrainedConfig, encoder: ChatEncoder
) -> PreTrainedModel:
    """The base model, ready to be trained."""
    quantize = config.quantize if isinstance(config, LoraConfig) else None
    model = load_model(Path(request["model"]), precision=config.precision, quantize=quantize)
    check_head(model)
    prompt = PromptConfig.model_validate(request["prompt"])
    begin = encoder.text(question_messages("", prompt))
    adapted = config.adapt(model, encoder.tokenizer, prompt=begin)
    if not _by_deepspeed(request):  # which gathers a layer's weights at its own call alone
        make_faster(adapted)
    return adapted


def _save(
    trainer: AnswerTrainer,
    request: dict[str, Any],
    encoder: ChatEncoder,
    *,
    weights: dict[str, torch.Tensor] | None,
) -> float:
    """Write what was learned, and what it must be used with; returns the size in MiB."""
    work = Path(request["work"])
    size = save_tuned(
        trainer.model, encoder.tokenizer, work, base=request["model_name"], weights=weights
    )
    config = trained_method.validate_python(request["method"])
    learned = tuned(work)
    if learned is None:
        raise AssertionError("the trainer has saved nothing")
    remember(
        learned,
        template=encoder.template,
        prompt=request["prompt"],
        kind=config.format.model_dump(mode="json"),
        base=request["model_name"],
        fingerprint=request.get("model_fingerprint"),
        after=config.after,
    )
    return size


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
