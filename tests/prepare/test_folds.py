"""The folds of a dataset that was really prepared, and what formats learn from in them."""

from __future__ import annotations

from typing import Any

import pytest

from factory import recipe, tickets, write_csv
from tunesmith.errors import TunesmithError
from tunesmith.evaluate.cross_validation.config import CrossValidationConfig
from tunesmith.evaluate.facets import SlicesConfig
from tunesmith.io import write_jsonl
from tunesmith.prepare import Prepared, prepare
from tunesmith.prepare.facets import row_facets
from tunesmith.prepare.folds import dataset_folds, fold_rows
from tunesmith.progress import SilentProgress
from tunesmith.recipe import LoadedRecipe, load
from tunesmith.tune import LoraConfig
from tunesmith.tune.formats import ChatFormat, PreferenceFormat

CONFIG = CrossValidationConfig(folds=3)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> tuple[Prepared, LoadedRecipe]:
    folder = tmp_path_factory.mktemp("folds")
    rows = [
        row | {"thread": f"t{n // 3}", "tier": ("gold", "basic")[n % 2], "boss": f"boss {n % 3}"}
        for n, row in enumerate(tickets(90))
    ]
    write_csv(folder / "t.csv", rows)
    columns = {"question": "question", "answer": "answer", "category": "category",
               "thread": "thread", "id": "number"}  # fmt: skip
    source = {"path": "t.csv", "columns": columns, "personal_columns": ["boss"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUNESMITH_SECRET", "a secret for tests only")
        loaded = load(recipe(folder, source))
        return prepare(loaded, folder / "out", SilentProgress()), loaded


def test_folds_are_of_training_and_validation_rows_unless_all_are_asked_for(dataset: Any) -> None:
    data, loaded = dataset
    learning = {row.id for name in ("train", "validation") for row in data.examples(name)}
    folds = dataset_folds(data, CONFIG, loaded.recipe.split)
    for fold in folds:
        assert set(fold.splits) == learning
    everything = learning | {row.id for row in data.examples("test")}
    config = CONFIG.model_copy(update={"over": "all"})
    for fold in dataset_folds(data, config, loaded.recipe.split):
        assert set(fold.splits) == everything


def test_examples_are_those_of_the_dataset(dataset: Any) -> None:
    data, loaded = dataset
    known = {row.id: row for name in ("train", "validation") for row in data.examples(name)}
    fold = dataset_folds(data, CONFIG, loaded.recipe.split)[0]
    for name in ("train", "validation", "test"):
        assert all(known[row.id] == row for row in fold.examples(name))


def test_conversations_stay_in_one_part_of_a_fold(dataset: Any) -> None:
    data, loaded = dataset
    for fold in dataset_folds(data, CONFIG, loaded.recipe.split):
        method = LoraConfig(format=ChatFormat())
        learned = fold_rows(data, fold, method, SilentProgress(), loaded=loaded)
        for part, name in ((learned.train, "train"), (learned.validation, "validation")):
            turns = {turn.question for talk in part for turn in _turns(talk, fold, name)}
            assert turns == {row.question for row in fold.examples(name)}


def _turns(talk: Any, fold: Any, name: str) -> Any:
    asked = {message["content"] for message in talk.messages if message["role"] == "user"}
    return [row for row in fold.examples(name) if row.question in asked]


def test_preference_pairs_near_held_out_questions_are_left_out(dataset: Any) -> None:
    data, loaded = dataset
    folds = dataset_folds(data, CONFIG, loaded.recipe.split)
    asked = folds[0].examples("test")[0].question
    others = [f"Is cup {n} for tea or for coffee?" for n in range(8)]
    write_jsonl(
        loaded.base / "pairs.jsonl",
        [
            {"question": text, "chosen": "It is.", "rejected": "Who knows?"}
            for text in [asked, *others]
        ],
    )
    method = LoraConfig(format=PreferenceFormat(preferences="pairs.jsonl"))
    for fold in folds:
        learned = fold_rows(data, fold, method, SilentProgress(), loaded=loaded)
        seen = {pair.question for pair in [*learned.train, *learned.validation]}
        assert (asked in seen) == (fold.number != 1)


def test_rows_are_told_apart_by_columns_of_the_data(dataset: Any) -> None:
    data, loaded = dataset
    rows = data.examples("train")
    config = SlicesConfig(by=("extra.tier", "source"), min_rows=2)
    tier, source = row_facets(data, rows, config, loaded.recipe).facets
    assert tier.order == ("basic", "gold")
    assert set(tier.of) == {row.id for row in rows}
    assert source.order == ("tickets",)
    with pytest.raises(TunesmithError, match="names people"):
        row_facets(data, rows, SlicesConfig(by=("extra.boss",)), loaded.recipe)
    with pytest.raises(TunesmithError, match=r"there are .*tier"):
        row_facets(data, rows, SlicesConfig(by=("extra.plan",)), loaded.recipe)
