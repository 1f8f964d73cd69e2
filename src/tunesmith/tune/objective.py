"""The loss that a format trains with, given to the one trainer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from datasets import Dataset

from tunesmith.tune.formats import PreferenceFormat
from tunesmith.tune.methods import TrainedConfig
from tunesmith.tune.preference import PairCollator, add_references, preference_loss
from tunesmith.tune.trainer import AnswerTrainer


def give_objective(
    trainer: AnswerTrainer,
    config: TrainedConfig,
    *,
    rows: list[dict[str, Any]],
    validation: list[dict[str, Any]],
    order: Sequence[int],
) -> None:
    """Make the trainer ready for the method's format; the model has its start weights.

    Most formats need nothing: their loss is the trainer's own, over the labelled tokens. Pairs get
    the log-likelihoods of their reference, which is the model now (`rows` and `validation` change).

    Args:
        trainer: Its model has not learned anything yet, not even from a checkpoint.
        config: The method.
        rows: The training rows.
        validation: The validation rows.
        order: The order in which they are trained on.
    """
    if not isinstance(config.format, PreferenceFormat):
        return
    collator = PairCollator(pad_id=int(trainer.processing_class.pad_token_id))
    for some in (rows, validation):
        add_references(
            trainer.model,
            some,
            collator=collator,
            batch_size=config.batch_size,
            device=trainer.args.device,
        )
    trainer.objective = partial(preference_loss, beta=config.format.beta)
    trainer.data_collator = collator
    trainer.train_dataset = Dataset.from_list(rows).select(order)
