"""TRL's `SFTTrainer` as its documentation shows it, and with its fastest options."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.training.rows import RATES, SYSTEM, base_model, chosen
from tunesmith.worker import peak_memory_mib


def held_loss(model: Any, held: list[dict[str, str]]) -> float:
    """The loss of held-out answers, a token (nats), by the measure that ours uses."""
    import torch

    from tunesmith.models import load_tokenizer
    from tunesmith.prompting import Example, PromptConfig
    from tunesmith.prompting.encode import ChatEncoder
    from tunesmith.tune.formats import encode_examples
    from tunesmith.tune.forward import answer_nll

    examples = [Example("", row["question"], row["answer"], None, None) for row in held]
    encoder = ChatEncoder(load_tokenizer(base_model()))
    rows = encode_examples(
        encoder, examples, prompt=PromptConfig(system=SYSTEM), max_length=1024
    ).rows
    total, count = 0.0, 0
    model.eval()
    with torch.no_grad():
        for row in rows:
            ids = torch.tensor([row["input_ids"]], device=model.device)
            loss, tokens = answer_nll(
                model,
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                labels=torch.tensor([row["labels"]], device=model.device),
            )
            total, count = total + float(loss), count + tokens
    return total / count


def peak_mib() -> float:
    """Of the GPU what PyTorch has reserved; of a processor the whole process."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_reserved() / 2**20
    return peak_memory_mib()


def main() -> None:
    """Train and tell."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    request = json.load(sys.stdin)
    train, held = chosen(request["rows"], request["held"])
    target, best, skip = request["target"], request["best"], request["skip"]

    def dataset(rows: list[dict[str, str]]) -> Dataset:
        return Dataset.from_list(
            [
                {
                    "prompt": [
                        {"role": "system", "content": SYSTEM},
                        {"role": "user", "content": row["question"]},
                    ],
                    "completion": [{"role": "assistant", "content": row["answer"]}],
                }
                for row in rows
            ]
        )

    options: dict[str, Any] = {}
    if best:
        options = {
            "gradient_checkpointing": False, "bf16": False,
            "train_sampling_strategy": "group_by_length",
        }  # fmt: skip
    arguments = SFTConfig(
        output_dir=request["folder"], max_steps=request["steps"],
        per_device_train_batch_size=request["batch_size"], learning_rate=RATES[target],
        warmup_steps=round(0.05 * request["steps"]), per_device_eval_batch_size=16,
        eval_strategy="no", save_strategy="no", report_to="none", disable_tqdm=True,
        logging_strategy="no", seed=request["seed"],
        use_cpu=not torch.cuda.is_available(), **options,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_pretrained(
        base_model(), dtype=torch.bfloat16 if best else "auto", local_files_only=True
    )
    modules = {"qv": ["q_proj", "v_proj"], "all": "all-linear"}
    trainer = SFTTrainer(
        model=model,
        args=arguments,
        train_dataset=dataset(train),
        eval_dataset=dataset(held),
        peft_config=None
        if target == "full"
        else LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules=modules[target]),
    )
    seen: list[tuple[float, int]] = []
    tokens = 0
    collate = trainer.data_collator

    def counted(rows: list[Any]) -> Any:
        nonlocal tokens
        tokens += sum(len(row["input_ids"]) for row in rows)
        return collate(rows)

    class Clock(TrainerCallback):  # type: ignore[misc]
        """Notes when each step ends, and the tokens so far."""

        def on_step_end(self, *_: Any, **__: Any) -> None:
            """Note it."""
            seen.append((time.monotonic(), tokens))

    trainer.data_collator = counted
    trainer.add_callback(Clock())
    trainer.train()
    first, last = seen[skip - 1], seen[-1]
    loss = held_loss(trainer.model, held)
    Path(request["told"]).write_text(
        json.dumps(
            {
                "tokens_per_s": (last[1] - first[1]) / (last[0] - first[0]),
                "peak_memory_mib": peak_mib(),
                "validation_loss": loss,
            }
        )
    )


if __name__ == "__main__":
    main()
