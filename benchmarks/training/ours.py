"""A case of ours: `tunesmith.tune.tune`, and the share that it reaches of the ceiling."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.training.ceiling import seconds_a_step
from benchmarks.training.rows import RATES, SYSTEM, base_model, chosen


def main() -> None:
    """Train and tell."""
    from tunesmith.models import resolve
    from tunesmith.prompting import Example, PromptConfig
    from tunesmith.tune import FullConfig, LoraConfig, tune

    request = json.load(sys.stdin)
    train, held = chosen(request["rows"], request["held"])
    target = request["target"]
    settings: dict[str, Any] = {
        "max_steps": request["steps"], "batch_size": request["batch_size"], "warmup": 0.05,
        "learning_rate": RATES[target], "eval_steps": request["steps"], "scheduler": "linear",
        "save_steps": request["steps"], "validation_rows": request["held"], "seed": request["seed"],
    }  # fmt: skip
    if target == "full":
        method: Any = FullConfig(**settings)
    else:
        layers = "attention-qv" if target == "qv" else "all-linear"
        method = LoraConfig(**settings, target=layers)

    def examples(rows: list[dict[str, str]]) -> list[Example]:
        return [
            Example(str(number), row["question"], row["answer"], None, None)
            for number, row in enumerate(rows)
        ]

    done = tune(
        method,
        train=examples(train),
        validation=examples(held),
        model=resolve(str(base_model())),
        out=Path(request["folder"], "out"),
        prompt=PromptConfig(system=SYSTEM),
    )
    curve = done["curve"]
    skip = request["skip"]
    seconds = curve[-1]["seconds"] - curve[skip - 1]["seconds"]
    share = done["tokens"] / done["steps"]
    rate = share * (len(curve) - skip) / seconds
    answer_share = done["answer_tokens"] / done["tokens"]
    least = seconds_a_step(target, tokens=round(share), answer_share=answer_share)
    Path(request["told"]).write_text(
        json.dumps(
            {
                "tokens_per_s": rate,
                "ceiling_share": rate / (share / least),
                "peak_memory_mib": done["peak_gpu_memory_mib"] or done["peak_memory_mib"],
                "validation_loss": done["validation"][-1]["loss"],
            }
        )
    )


if __name__ == "__main__":
    main()
