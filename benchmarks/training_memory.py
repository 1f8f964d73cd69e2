"""Memory of training by each method: measured and predicted, with and without checkpointing.

    python -m benchmarks.training_memory
    python -m benchmarks.training_memory --only full lora-all --rows 4 --tokens 256

Every training is a process of its own (`tunesmith.tune.tune` starts one): two optimizer steps of
the default model on one batch, its rows of equal length, half of each an answer. The peak is the
kernel's (VmHWM), of the whole process: interpreter, libraries, loading and saving among it. The
trainable state is the weights that learn with their float32 copies, their gradients and the
optimizer's moments. QLoRA needs the extra `qlora` and is left out, and said so, where it is not
there.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measure import machine

SYSTEM = "You are a helpful customer support assistant. Answer the question."

#: By case, the kind of method and its settings.
CASES: dict[str, dict[str, Any]] = {
    "full": {"kind": "full"},
    "lora-qv": {"kind": "lora", "target": "attention-qv"},
    "lora-all": {"kind": "lora"},
    "qlora-all": {"kind": "lora", "quantize": "nf4"},
    "prompt": {"kind": "prompt_tuning"},
    "prefix": {"kind": "prefix_tuning"},
}


def rows_of(model: Any, *, rows: int, tokens: int) -> list[Any]:
    """Examples that have exactly so many tokens as conversations, half of them the answer's."""
    from tunesmith.models import load_tokenizer
    from tunesmith.prompting import Example, PromptConfig
    from tunesmith.prompting.encode import ChatEncoder
    from tunesmith.tune.formats import encode_examples

    encoder = ChatEncoder(load_tokenizer(model.path))
    prompt = PromptConfig(system=SYSTEM)

    def example(number: int, asked: int) -> Any:
        return Example(
            id=str(number),
            question="order" + " order" * asked,
            answer="refund" + " refund" * (tokens // 2 - 3),
            category=None,
            group=str(number),
        )

    def length(asked: int) -> int:
        one = encode_examples(encoder, [example(0, asked)], prompt=prompt, max_length=10**6)
        return one.tokens

    asked = tokens - length(0)
    if asked < 0 or length(asked) != tokens:
        sys.exit(f"rows of {tokens} tokens cannot be made with this tokenizer")
    return [example(number, asked) for number in range(rows)]


def measure(settings: dict[str, Any], *, rows: int, tokens: int, steps: int) -> dict[str, Any]:
    """Train once; what it took."""
    from tunesmith.models import DEFAULT_MODEL, resolve
    from tunesmith.prompting import PromptConfig
    from tunesmith.tune import tune
    from tunesmith.tune.methods import trained_method

    model = resolve(DEFAULT_MODEL)
    method = trained_method.validate_python(
        {
            **settings, "max_steps": steps, "batch_size": rows, "save_steps": steps,
            "learning_rate": 1e-4, "memory": "ignore",
        }
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        return tune(
            method,
            train=rows_of(model, rows=rows, tokens=tokens),
            validation=[],
            model=model,
            out=Path(folder, "method"),
            prompt=PromptConfig(system=SYSTEM),
        )


def cases(names: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """Each method without checkpointing of activations and with it, where it can be used."""
    found = []
    for name in names:
        if "quantize" in CASES[name] and importlib.util.find_spec("bitsandbytes") is None:
            print(f"{name}: left out, bitsandbytes is not installed", file=sys.stderr)
            continue
        found.append((name, CASES[name]))
        if CASES[name]["kind"] != "prefix_tuning":
            found.append(
                (f"{name}, checkpointing", {**CASES[name], "gradient_checkpointing": True})
            )
    return found


def table(found: dict[str, dict[str, Any]]) -> list[str]:
    """The rows of a table in Markdown, shares of the first case's figures among them."""
    first = next(iter(found.values()))
    whole, state = first["peak_memory_mib"], first["predicted_memory"]["trainable_state_mib"]
    columns = (
        "method", "peak MiB", "of full", "predicted MiB", "trained weights", "their state, MiB",
        "of full", "s",
    )  # fmt: skip
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for name, one in found.items():
        told = one["predicted_memory"]
        lines.append(
            f"| {name} | {one['peak_memory_mib']:,.0f} | {one['peak_memory_mib'] / whole:.0%} "
            f"| {told['peak_mib']:,.0f} | {one['trainable_parameters']:,} "
            f"| {told['trainable_state_mib']:,.1f} | {told['trainable_state_mib'] / state:.2%} "
            f"| {one['seconds']:.0f} (told {one['predicted_s']:.0f}) |"
        )
    return lines


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    for name, settings in cases(options.only):
        found[name] = measure(
            settings, rows=options.rows, tokens=options.tokens, steps=options.steps
        )
        print(f"{name}: {found[name]['peak_memory_mib']:,.0f} MiB", file=sys.stderr, flush=True)
        if options.json:
            options.json.write_text(json.dumps(found, indent=2) + "\n")
    print(f"{options.rows} rows of {options.tokens} tokens; {machine()}\n")
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
