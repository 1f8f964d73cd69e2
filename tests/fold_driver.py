"""A small cross-validation of a tiny model; as a program, one that a test can kill.

python tests/fold_driver.py MODEL OUT
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from factory import pairs, tickets
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.cross_validation.config import CrossValidationConfig
from tunesmith.evaluate.cross_validation.folds import make_folds
from tunesmith.evaluate.cross_validation.run import FoldResult, Setup, run_folds
from tunesmith.models import BaseModel
from tunesmith.prepare.training import TrainingRows
from tunesmith.progress import Progress, SilentProgress
from tunesmith.prompting import PromptConfig
from tunesmith.split import SplitConfig
from tunesmith.tune import LoraConfig, Method
from tunesmith.tune.launch import LaunchConfig

CONFIG = CrossValidationConfig(folds=2, rows_per_fold=3)
SHORT = LoraConfig(r=2, max_steps=2, batch_size=2, validation_rows=2)
EVALUATION = EvaluateConfig(max_new_tokens=2, resamples=200, metrics=("token_f1", "perplexity"))


def cross_validate(
    model: Path,
    out: Path,
    progress: Progress | None = None,
    *,
    methods: dict[str, Method] | None = None,
    only: int = CONFIG.folds,
    **settings: Any,
) -> list[FoldResult]:
    """The first `only` of two folds of twenty tickets; LoRA of two steps, or the last of others."""
    methods = methods or {"lora": SHORT}
    config = CONFIG.model_copy(update=settings)
    rows = pairs(
        *({name: row[name] for name in ("question", "answer", "category")} for row in tickets(20))
    )
    setup = Setup(
        methods=methods,
        chosen=(list(methods)[-1],),
        rows_of=lambda fold, _method, _progress: TrainingRows(
            fold.examples("train"), fold.examples("validation")
        ),
        model=BaseModel(name="tiny", path=model, fingerprint="tiny", source="folder"),
        out=out,
        evaluation=EVALUATION,
        config=config,
        metric="token_f1",
        prompt=PromptConfig(system="Help."),
        seed=13,
        launch=LaunchConfig(),
    )
    folds = make_folds(rows, config, SplitConfig())[:only]
    return run_folds(folds, setup, progress or SilentProgress())


if __name__ == "__main__":
    cross_validate(Path(sys.argv[1]), Path(sys.argv[2]))
