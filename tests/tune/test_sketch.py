"""A model without weights keeps what the same model with weights keeps."""

from __future__ import annotations

from typing import Any

import pytest

from tunesmith.models import BaseModel
from tunesmith.tune import (
    FullConfig,
    LoraConfig,
    PrefixTuningConfig,
    PromptTuningConfig,
    TrainedConfig,
)

torch = pytest.importorskip("torch")

SETTINGS: dict[str, Any] = {"max_steps": 1, "precision": "float32"}
METHODS: dict[str, TrainedConfig] = {
    "lora": LoraConfig(r=4, **SETTINGS),
    "dropout": LoraConfig(r=4, dropout=0.1, target="attention-qv", **SETTINGS),
    "dora": LoraConfig(r=4, dora=True, **SETTINGS),
    "full": FullConfig(**SETTINGS),
    "prefix": PrefixTuningConfig(virtual_tokens=5, start="random", **SETTINGS),
    "projected": PrefixTuningConfig(virtual_tokens=5, start="random", projection=True, **SETTINGS),
    "prompt": PromptTuningConfig(virtual_tokens=5, start="random", **SETTINGS),
}


def really_kept(model: Any, rows: int, length: int) -> int:
    """Bytes of the distinct memory, parameters left out, that autograd holds after a real pass."""
    from tunesmith.tune.forward import hidden_states

    own = {t.untyped_storage().data_ptr() for t in [*model.parameters(), *model.buffers()]}
    held: dict[int, Any] = {}

    def keep(tensor: Any) -> Any:
        place = tensor.untyped_storage().data_ptr()
        if place not in own:
            held[place] = tensor
        return tensor

    mask = torch.ones(rows, length, dtype=torch.long)
    mask[0, -1] = 0  # without padding, transformers leaves the mask out
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        last = hidden_states(model.train(), torch.zeros_like(mask), mask)
    assert last.requires_grad
    return sum(tensor.untyped_storage().nbytes() for tensor in held.values())


@pytest.mark.parametrize("config", METHODS.values(), ids=METHODS)
def test_it_counts_what_a_real_pass_keeps(tiny_model: BaseModel, config: TrainedConfig) -> None:
    from tunesmith.models import load_model, load_tokenizer
    from tunesmith.tune.fast import make_faster
    from tunesmith.tune.save import parameters
    from tunesmith.tune.sketch import sketch

    sizes = sketch(config, tiny_model.path, dtype=torch.float32, rows=3, length=40)
    model = load_model(tiny_model.path, precision="float32")
    model = config.adapt(model, load_tokenizer(tiny_model.path), prompt="A prompt.")
    make_faster(model)
    assert (sizes.trainable, sizes.numbers) == parameters(model)
    assert sizes.kept == pytest.approx(really_kept(model, 3, 40), rel=0.02)
    assert sizes.inputs == 2 * 4 * 3 * (45 if "prompt" in config.kind else 40) * 32
    assert sizes.vocabulary == 259
    assert sizes.outside + sizes.layer < sizes.kept <= sizes.outside + 2 * sizes.layer


def test_linear_layers_are_those_that_can_be_quantised(tiny_model: BaseModel) -> None:
    from tunesmith.tune.sketch import sketch

    sizes = sketch(METHODS["lora"], tiny_model.path, dtype=torch.bfloat16, rows=1, length=8)
    a_layer = 2 * 32 * 32 + 2 * 32 * 16 + 3 * 32 * 64
    assert sizes.linear == 2 * a_layer
    assert sizes.largest == 32 * 64


def test_weights_are_not_read(tiny_model: BaseModel, tmp_path: Any) -> None:
    from tunesmith.tune.sketch import sketch

    (tmp_path / "config.json").write_bytes((tiny_model.path / "config.json").read_bytes())
    assert sketch(METHODS["full"], tmp_path, dtype=torch.float32, rows=1, length=8).numbers > 0
