from __future__ import annotations

from pathlib import Path

import pytest

from token_rows import PROMPT, SHORT
from tunesmith.errors import ModelError
from tunesmith.models import BaseModel, load_tokenizer
from tunesmith.prompting import Example
from tunesmith.tune.remember import check_serving, remember


@pytest.fixture
def learned(tmp_path: Path) -> Path:
    remember(
        tmp_path,
        template="{{ messages }}",
        prompt={"system": None},
        kind={"kind": "qa"},
        base="small",
        fingerprint="one",
        after="domain",
    )
    return tmp_path


def test_the_same_template_and_model_are_taken(learned: Path) -> None:
    check_serving(learned, template="{{ messages }}", fingerprint="one")
    check_serving(learned, template="{{ messages }}", fingerprint=None)


def test_another_template_is_refused(learned: Path) -> None:
    with pytest.raises(ModelError, match="the chat template is not the one") as refused:
        check_serving(learned, template="{{ messages }} ", fingerprint="one")
    assert "trained.json" in str(refused.value.todo)


def test_another_model_is_refused(learned: Path) -> None:
    with pytest.raises(ModelError, match="on 'small', after method 'domain'"):
        check_serving(learned, template="{{ messages }}", fingerprint="two")


def test_folders_of_other_tools_are_taken_as_they_are(tmp_path: Path) -> None:
    check_serving(tmp_path, template="x", fingerprint="y")


def test_evaluation_refuses_another_template(
    tiny_model: BaseModel, train, in_process: None, examples: list[Example], tmp_path: Path
) -> None:
    """The job itself, with a base model whose tokenizer has been changed after training."""
    import shutil

    from tunesmith.evaluate.generate import generate
    from tunesmith.tune import LoraConfig, tuned

    config = LoraConfig(r=2, **SHORT)
    train(config, tmp_path / "work")
    other = tmp_path / "other"
    shutil.copytree(tiny_model.path, other)
    tokenizer = load_tokenizer(other)
    tokenizer.chat_template = tokenizer.chat_template + "{# #}"
    tokenizer.save_pretrained(other)
    with pytest.raises(ModelError, match="the chat template is not the one"):
        generate(
            config,
            examples[:2],
            model=BaseModel("tiny", other, "tiny", "folder"),
            out=tmp_path / "out",
            weights=tuned(tmp_path / "work"),
            prompt=PROMPT,
        )
