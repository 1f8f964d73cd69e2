"""What one method has learned as the start of another: `python -m tunesmith.tune.chain`.

A model of its own is the start as it is; an adapter is merged into the weights it stands on, in
float32, once. What is learned on such a start remembers its fingerprint (`remember`), so that it
can only be put on the same one.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tunesmith.errors import TunesmithError
from tunesmith.io import file_sha256, fingerprint, read_json, sync_folder, write_json
from tunesmith.models import BaseModel, load_tokenizer
from tunesmith.tune.folders import MODEL, tuned, weight_files
from tunesmith.worker import Emit, run_job, serve

MERGED = "merged"
"""In a method's folder: what its adapter and the model that it stands on are together."""
_MARK = "tunesmith.json"


def start_from(model: BaseModel, folder: Path) -> BaseModel:
    """The model that a finished training has made, as the base model of another.

    Args:
        model: What the training started from.
        folder: The method's folder. Of an adapter, `merged/` in it gets the merged weights: a
            whole model in float32.

    Raises:
        TunesmithError: The method has not been trained, or has learned virtual tokens, which are no
            part of any weights.
    """
    learned = tuned(folder)
    if learned is None:
        raise TunesmithError(
            "the method that another one starts from has not been trained", where=folder.name
        )
    identity = fingerprint(
        {"model": model.fingerprint, "weights": [file_sha256(f) for f in weight_files(learned)]}
    )
    name = f"{model.name}+{folder.name}"
    if learned.name == MODEL:
        return BaseModel(name, learned.resolve(), identity, "folder")
    target = folder / MERGED
    if not ((target / _MARK).exists() and read_json(target / _MARK) == identity):
        work = folder / f".{MERGED}"
        for old in (target, work):
            if old.exists():
                shutil.rmtree(old)
        work.mkdir()
        request = {"model": str(model.path), "adapter": str(learned), "out": str(work)}
        run_job("tunesmith.tune.chain", request, log=folder / "merge.log")
        write_json(work / _MARK, identity)
        work.rename(target)
    return BaseModel(name, target.resolve(), identity, "folder")


def merge(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Merge an adapter into the weights that it stands on."""
    from peft import PeftConfig, PeftModel

    from tunesmith.models import load_model

    adapter, out = Path(request["adapter"]), Path(request["out"])
    if PeftConfig.from_pretrained(adapter).is_prompt_learning:
        raise TunesmithError(
            "what prefix tuning and prompt tuning learn stands before the prompt: it cannot be "
            "merged into weights for another method to start from",
            where=adapter.parent.name,
            todo="start after a method of kind lora or full",
        )
    base: Any = load_model(Path(request["model"]), precision="float32")
    merged: Any = PeftModel.from_pretrained(base, adapter).merge_and_unload()
    merged.save_pretrained(out)
    load_tokenizer(Path(request["model"])).save_pretrained(out)
    sync_folder(out)
    return {}


if __name__ == "__main__":
    serve(merge)
