"""The least that a step can take: its bare matrix products, measured in the model's shapes.

Each linear layer's product forward and, for the gradient of its input, backward; for full
fine-tuning that of its weight as well; for LoRA those of the adapters; the head for answer tokens
alone. No attention, norm, activation, optimizer or Python.
"""

from __future__ import annotations

import time
from collections import Counter

from benchmarks.training.rows import base_model

_RANK = 16


def seconds_a_step(target: str, *, tokens: int, answer_share: float) -> float:
    """Seconds of the products of one step.

    Args:
        target: `qv`, `all` or `full`.
        tokens: Tokens of a step.
        answer_share: The share of them that the head sees.
    """
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base_model(), dtype=torch.bfloat16)
    shapes: Counter[tuple[int, int, int]] = Counter()
    for name, layer in model.named_modules():
        if not isinstance(layer, torch.nn.Linear):
            continue
        out, width = layer.weight.shape
        head = name.endswith("lm_head")
        rows = round(tokens * answer_share) if head else tokens
        shapes[rows, width, out] += 1
        shapes[rows, out, width] += 1
        if target == "full":
            shapes[out, rows, width] += 1
        elif not head and (target == "all" or name.endswith(("q_proj", "v_proj"))):
            for pair in ((width, _RANK), (_RANK, out)):
                shapes[rows, *pair] += 1
                shapes[rows, *pair[::-1]] += 1
                shapes[pair[0], rows, pair[1]] += 1
    with torch.no_grad():
        return sum(count * _product(*shape) for shape, count in shapes.items())


def _product(rows: int, width: int, out: int) -> float:
    """Seconds of one product in bfloat16: the fastest of several."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    left = torch.randn(rows, width, dtype=torch.bfloat16, device=device)
    right = torch.randn(out, width, dtype=torch.bfloat16, device=device)
    best = float("inf")
    for _ in range(6):
        begin = time.perf_counter()
        torch.nn.functional.linear(left, right)
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - begin)
    return best
