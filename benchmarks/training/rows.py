"""The rows and the model that every case trains: tickets, held-out ones among them."""

from __future__ import annotations

import os
import random
from pathlib import Path

from benchmarks.inputs import tickets

SYSTEM = "You are a helpful customer support assistant. Answer the question."
RATES = {"qv": 2e-3, "all": 2e-3, "full": 2e-4}
MODEL_VARIABLE = "TUNESMITH_BENCH_MODEL"
"""The environment variable that names the model's folder; without it, the default model."""


def chosen(rows: int, held: int) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Training rows and held-out rows, the same in every process."""
    every = [row for row in tickets()[1] if len(row["question"]) + len(row["answer"]) < 3_000]
    random.Random(0).shuffle(every)
    return every[held : held + rows], every[:held]


def base_model() -> Path:
    """The model's folder."""
    from tunesmith.models import DEFAULT_MODEL, resolve

    return resolve(os.environ.get(MODEL_VARIABLE, DEFAULT_MODEL)).path


def random_model(folder: Path) -> Path:
    """A Llama in the shape of Llama 3.2 1B with random weights and the default tokenizer.

    What it learns means nothing; how fast, and in how much memory, is that of trained weights.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from tunesmith.models import DEFAULT_MODEL, load_tokenizer, resolve

    tokenizer = load_tokenizer(resolve(DEFAULT_MODEL).path)
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=2048,
            intermediate_size=8192,
            num_hidden_layers=16,
            num_attention_heads=32,
            num_key_value_heads=8,
            max_position_embeddings=8192,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    ).to(torch.bfloat16)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
