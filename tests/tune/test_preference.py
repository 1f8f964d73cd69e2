"""The loss of preference pairs, against a plain implementation and TRL's own trainer."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from token_rows import PROMPT, SHORT, plain_nll
from tunesmith.models import BaseModel, load_model, load_tokenizer
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.tune import FullConfig, LoraConfig, PrefixTuningConfig, PromptTuningConfig
from tunesmith.tune.formats import Pair, PreferenceFormat
from tunesmith.tune.preference import PairCollator, add_references, preference_loss

torch = pytest.importorskip("torch")

PAIRS = [
    Pair("a", "where is my parcel?", "On its way.", "How should I know? Ask somebody else."),
    Pair("b", "a refund, please", "You get it within five days, to your card.", "No."),
    Pair("c", "invoice?", "Here it is.", "There it is not."),
]
CPU = torch.device("cpu")


@pytest.fixture
def pairs(encoder: ChatEncoder) -> list[dict[str, Any]]:
    return PreferenceFormat().encode(encoder, PAIRS, prompt=PROMPT, max_length=512).rows


def likelihood(model: Any, ids: list[int], labels: list[int]) -> float:
    with torch.no_grad():
        return -plain_nll(model(torch.tensor([ids])).logits[0], labels)


def test_references_are_the_likelihoods_of_a_plain_loop(
    tiny_model: BaseModel, pairs: list[dict[str, Any]]
) -> None:
    model = load_model(tiny_model.path, precision="float32")
    add_references(model, pairs, collator=PairCollator(2), batch_size=2, device=CPU)
    for pair in pairs:
        assert pair["reference"] == pytest.approx(
            [
                likelihood(model, pair[f"{kind}input_ids"], pair[f"{kind}labels"])
                for kind in ("", "rejected_")
            ],
            rel=1e-5,
        )


def test_the_loss_is_that_of_a_plain_loop(
    tiny_model: BaseModel, pairs: list[dict[str, Any]]
) -> None:
    """Rafailov et al. 2023, equation 7, one row at a time."""
    model = load_model(tiny_model.path, precision="float32")
    references = [[-30.0, -90.0], [-120.0, -10.0], [-40.0, -41.0]]
    for pair, reference in zip(pairs, references, strict=True):
        pair["reference"] = reference
    total, count = preference_loss(model, **PairCollator(2)(pairs), beta=0.05)
    wanted = 0.0
    for pair in pairs:
        chosen = likelihood(model, pair["input_ids"], pair["labels"])
        rejected = likelihood(model, pair["rejected_input_ids"], pair["rejected_labels"])
        margin = (chosen - pair["reference"][0]) - (rejected - pair["reference"][1])
        wanted += math.log1p(math.exp(-0.05 * margin))
    assert count == 3
    assert float(total.detach()) == pytest.approx(wanted, rel=1e-5)


def test_loss_and_gradients_are_those_of_trls_trainer(
    tiny_model: BaseModel, pairs: list[dict[str, Any]], tmp_path: Path
) -> None:
    """TRL's `DPOTrainer` with precomputed references, on the same tokens."""
    from datasets import Dataset
    from trl import DPOConfig, DPOTrainer

    reference = load_model(tiny_model.path, precision="float32")
    add_references(reference, pairs, collator=PairCollator(2), batch_size=3, device=CPU)
    encoder = ChatEncoder(load_tokenizer(tiny_model.path))

    def moved() -> Any:
        """The model some way from its reference."""
        model = load_model(tiny_model.path, precision="float32")
        torch.manual_seed(3)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter), alpha=0.02)
        return model

    texts = [
        {
            "prompt": encoder.text(
                [
                    {"role": "system", "content": "Help."},
                    {"role": "user", "content": pair.question},
                ]
            ),
            "chosen": pair.chosen,
            "rejected": pair.rejected,
        }
        for pair in PAIRS
    ]
    trl = DPOTrainer(
        model=moved(),
        ref_model=reference,
        args=DPOConfig(
            output_dir=str(tmp_path),
            per_device_train_batch_size=3,
            max_steps=1,
            use_cpu=True,
            bf16=False,
            beta=0.3,
            max_length=None,
            report_to="none",
            activation_checkpointing=False,
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_list(texts),
        processing_class=encoder.tokenizer,
    )
    batch = trl.data_collator([trl.train_dataset[i] for i in range(3)])
    trl.model.train()
    theirs = trl.compute_loss(trl.model, dict(batch))
    torch.autograd.backward(theirs)

    model = moved()
    total, count = preference_loss(model, **PairCollator(2)(pairs), beta=0.3)
    torch.autograd.backward(total / count)
    loss = float(theirs.detach())
    assert float(total.detach()) / count == pytest.approx(loss, rel=1e-5)
    assert abs(loss - math.log(2)) > 0.01  # not the loss of any model at its reference
    gradients = dict(trl.model.named_parameters())
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients[name].grad, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    "config",
    [
        LoraConfig(r=4, dropout=0.2, **SHORT),
        FullConfig(**SHORT),
        PrefixTuningConfig(virtual_tokens=4, **SHORT),
        PromptTuningConfig(virtual_tokens=4, **SHORT),
    ],
    ids=lambda config: config.kind,
)
def test_training_starts_at_the_reference_and_leaves_it(
    train: Any, tmp_path: Path, config: Any
) -> None:
    """A model that is its own reference has the loss ln 2."""
    rows = [Pair(f"{pair.id}{n}", pair.question, pair.chosen, pair.rejected)
            for n in range(8) for pair in PAIRS]  # fmt: skip
    fast = {"learning_rate": 0.002 if config.kind == "full" else 0.02, "warmup": 0}
    dpo = config.model_copy(update={"format": PreferenceFormat(), "max_steps": 8, **fast})
    result = train(dpo, tmp_path, rows=rows)
    assert result["validation"][0]["loss"] == pytest.approx(math.log(2), abs=1e-4)
    assert result["validation"][-1]["loss"] < 0.95 * math.log(2)
    assert result["examples"] == 18


def test_accumulated_batches_are_the_mean_over_all_pairs(train: Any, tmp_path: Path) -> None:
    """One step over the same four pairs: in one batch, in two and in four."""
    rows = [Pair(f"{n}", f"question {n}?", "So it is." * n, "No.") for n in range(1, 5)]
    learned = []
    for size, accumulation in ((4, 1), (2, 2), (1, 4)):
        config = FullConfig(
            **{**SHORT, "max_steps": 1, "batch_size": size, "validation_rows": 0},
            gradient_accumulation=accumulation,
            learning_rate=0.002,
            warmup=0,
            format=PreferenceFormat(),
        )
        work = tmp_path / f"{size}"
        (point,) = train(config, work, rows=rows)["curve"]
        assert point["loss"] == pytest.approx(math.log(2), abs=1e-4)
        learned.append(load_file(work / "model" / "model.safetensors"))
    for other in learned[1:]:
        for name, weight in learned[0].items():
            torch.testing.assert_close(weight, other[name], rtol=1e-3, atol=1e-3)
