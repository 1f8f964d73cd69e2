"""The predicted memory: its parts, added up by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tunesmith.models import DEFAULT_MODEL, BaseModel, resolve
from tunesmith.prompting import Example
from tunesmith.tune import FullConfig, LoraConfig, PromptTuningConfig, TrainedConfig, tune

torch = pytest.importorskip("torch")

MIB = 2**20
#: Numbers of the tiny model, and of its linear layers: its head and embeddings are not tied.
ALL, LINEAR = 2 * 259 * 32 + 32 + 2 * (2 * 32 + 3072 + 6144), 2 * (3072 + 6144)
#: Of its adapters of rank 4 beside all of them.
ADAPTERS = 2 * 4 * (64 + 2 * 48 + 64 + 3 * 96)


def predicted(model: BaseModel, config: TrainedConfig, **given: Any) -> Any:
    from tunesmith.tune.memory import Batch, predict_memory

    batches = {"train": [Batch(4, 100, 80)], "validation": [], "process_mib": 0.0}
    return predict_memory(config, model=model.path, **{**batches, **given})


@pytest.mark.parametrize(("precision", "width"), [("float32", 4), ("bfloat16", 2)])
def test_the_parts_of_full_fine_tuning(tiny_model: BaseModel, precision: Any, width: int) -> None:
    memory = predicted(tiny_model, FullConfig(max_steps=1, precision=precision))
    parts = memory.parts_mib
    assert memory.moment == "backward"
    assert parts["weights"] * MIB == width * ALL
    assert parts["masters"] * MIB == 4 * ALL
    assert parts["optimizer"] * MIB == 8 * ALL
    assert (
        parts["gradients"] * MIB == width * 259 * 32
    )  # the head's; the others replace activations
    assert parts["logits"] * MIB == 80 * 259 * (8 + width)  # all fit in one piece
    assert memory.trainable_state_mib * MIB == (2 * width + 12) * ALL
    step = width * ALL + 4 * ALL + 8 * ALL + width * ALL + (4 * ALL if width == 2 else 0)
    assert memory.moments_mib["step"] == pytest.approx(
        step / MIB + memory.parts_mib["process"], rel=1e-6
    )


def test_the_parts_of_adapters_over_4_bits(tiny_model: BaseModel) -> None:
    given: dict[str, Any] = {"r": 4, "max_steps": 1, "precision": "bfloat16"}
    whole = predicted(tiny_model, LoraConfig(**given))
    small = predicted(tiny_model, LoraConfig(quantize="nf4", **given))
    assert whole.parts_mib["weights"] * MIB == 2 * (ALL + ADAPTERS)
    in_4_bits = LINEAR * (0.5 + 1 / 64 + 4 / (64 * 256))
    assert small.parts_mib["weights"] * MIB == 2 * (ALL - LINEAR + ADAPTERS) + in_4_bits
    assert small.parts_mib["activations"] == whole.parts_mib["activations"]


def test_checkpointing_keeps_the_inputs_of_layers_and_one_layer(tiny_model: BaseModel) -> None:
    given: dict[str, Any] = {"max_steps": 1, "precision": "float32"}
    plain = predicted(tiny_model, LoraConfig(**given)).parts_mib["activations"]
    saving = predicted(tiny_model, LoraConfig(gradient_checkpointing=True, **given))
    inputs = 2 * 4 * 100 * 32 * 4 / MIB
    assert saving.parts_mib["activations"] == pytest.approx(plain / 2 + inputs, rel=0.1)


def test_the_worst_batch_counts(tiny_model: BaseModel) -> None:
    """A batch of few tokens may be the worst, where most of them are answers."""
    from tunesmith.tune.memory import Batch

    config = PromptTuningConfig(max_steps=1)
    long, talkative = Batch(4, 60, 4), Batch(4, 50, 190)
    one = predicted(tiny_model, config, train=[long]).peak_mib
    two = predicted(tiny_model, config, train=[talkative]).peak_mib
    both = predicted(tiny_model, config, train=[long, talkative]).peak_mib
    assert both == pytest.approx(max(one, two), rel=0.02)


def test_summed_gradients_are_there_all_the_time(tiny_model: BaseModel) -> None:
    config = FullConfig(max_steps=1, precision="float32", gradient_accumulation=2)
    assert predicted(tiny_model, config).parts_mib["gradients"] * MIB == 4 * ALL


def test_on_a_gpu_neither_files_nor_libraries_count(tiny_model: BaseModel) -> None:
    memory = predicted(tiny_model, LoraConfig(max_steps=1), process_mib=600.0, cuda=True)
    assert memory.where == "cuda"
    assert memory.parts_mib["process"] == 600
    assert memory.moments_mib["loading"] < 601


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize(
    "config",
    [LoraConfig(max_steps=2), LoraConfig(max_steps=2, gradient_checkpointing=True),
     FullConfig(max_steps=2)],
    ids=["lora", "checkpointing", "full"],
)  # fmt: skip
def test_a_real_training_peaks_near_what_was_predicted(
    tmp_path: Path, config: TrainedConfig
) -> None:
    """The whole process's peak by the kernel's count, of the default model on rows of one length."""
    model = resolve(DEFAULT_MODEL)
    rows = [
        Example(str(n), "order " * 110, f"{n} " + "refund " * 110, None, None) for n in range(8)
    ]
    done = tune(config, train=rows, validation=[], model=model, out=tmp_path / "out")
    predicted = done["predicted_memory"]["peak_mib"]
    assert 0.75 * predicted < done["peak_memory_mib"] < 1.05 * predicted
