"""What a checkpoint holds beside weights, as safetensors and JSON: reading it runs no code.

Every number comes back with the bits it had, so that a resumed training ends like one that was
never interrupted. Tensors are kept by the names of the parameters that they belong to.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.optim.lr_scheduler import LRScheduler

from tunesmith.io import read_json, write_json
from tunesmith.tune.launch import ranks
from tunesmith.tune.launch.whole import sharded_like, whole

OPTIMIZER_FILE = "optimizer.safetensors"
OPTIMIZER_SETTINGS_FILE = "optimizer.json"
SCHEDULER_FILE = "scheduler.json"
RANDOM_FILE = "random.safetensors"
RANDOM_SETTINGS_FILE = "random.json"
ARGUMENTS_FILE = "training_args.json"


def save_optimizer(folder: Path, optimizer: torch.optim.Optimizer, *, names: Sequence[str]) -> None:
    """Write the moments and step counts of Adam, and its settings: whole, by the first process.

    Args:
        folder: The checkpoint.
        optimizer: All of its state is tensors.
        names: Of its parameters, in their order. `NAME.exp_avg` and `NAME.exp_avg_sq` have the
            shape of parameter NAME, `NAME.step` has none.
    """
    state = optimizer.state_dict()
    tensors = {
        f"{names[i]}.{kind}": whole(tensor)
        for i, kinds in state["state"].items()
        for kind, tensor in kinds.items()
    }
    if ranks.number() == 0:
        write_moments(folder, tensors, state["param_groups"])


def write_moments(
    folder: Path, tensors: dict[str, torch.Tensor], groups: Sequence[dict[str, Any]]
) -> None:
    """Write an optimizer's state, named as by `save_optimizer`, and the settings of its groups."""
    save_file(tensors, folder / OPTIMIZER_FILE)
    settings = [{key: value for key, value in group.items() if key != "params"} for group in groups]
    write_json(folder / OPTIMIZER_SETTINGS_FILE, settings)


def read_moments(folder: Path) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]]]:
    """What `write_moments` wrote."""
    settings = read_json(folder / OPTIMIZER_SETTINGS_FILE)
    groups = [{**group, "betas": tuple(group["betas"])} for group in settings]
    return load_file(folder / OPTIMIZER_FILE), groups


def load_optimizer(folder: Path, optimizer: torch.optim.Optimizer, *, names: Sequence[str]) -> None:
    """Give an optimizer the state that `save_optimizer` wrote.

    Raises:
        KeyError: The checkpoint has a parameter that `names` has not.
    """
    place = {name: i for i, name in enumerate(names)}
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, torch.Tensor]] = {}
    tensors, saved = read_moments(folder)
    for key, tensor in tensors.items():
        name, kind = key.rsplit(".", 1)
        like = parameters[place[name]]
        state.setdefault(place[name], {})[kind] = sharded_like(tensor, like)
    own = optimizer.state_dict()["param_groups"]
    groups = [
        {**settings, "params": group["params"]} for settings, group in zip(saved, own, strict=True)
    ]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def save_scheduler(folder: Path, scheduler: LRScheduler) -> None:
    """Write where the learning rate's schedule is."""
    write_json(folder / SCHEDULER_FILE, scheduler.state_dict())


def load_scheduler(folder: Path, scheduler: LRScheduler) -> None:
    """Take a schedule to where `save_scheduler` found it."""
    scheduler.load_state_dict(read_json(folder / SCHEDULER_FILE))


def save_random(folder: Path, *, rank: int = 0) -> None:
    """Write the states of the random numbers of Python, NumPy, torch and each GPU.

    Args:
        folder: The checkpoint.
        rank: Which of the processes that train together; each has numbers of its own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    version, words, gauss = random.getstate()
    numpy = np.random.get_state(legacy=False)
    tensors = {
        "python": torch.tensor(words, dtype=torch.int64),
        "numpy": torch.from_numpy(numpy["state"]["key"].astype(np.int64)),
        "torch": torch.get_rng_state(),
    }
    for i, state in enumerate(torch.cuda.get_rng_state_all()):
        tensors[f"cuda.{i}"] = state
    save_file(tensors, _of(rank, folder / RANDOM_FILE))
    settings = {
        "python": {"version": version, "gauss": gauss},
        "numpy": {**numpy, "state": {"pos": numpy["state"]["pos"]}},
    }
    write_json(_of(rank, folder / RANDOM_SETTINGS_FILE), settings)


def load_random(folder: Path, *, rank: int = 0) -> None:
    """Set all random numbers to where `save_random` found them.

    A GPU or a process that the checkpoint does not know is left alone: on other hardware a training
    continues, but not bit for bit.
    """
    if not _of(rank, folder / RANDOM_FILE).exists():
        return
    tensors = load_file(_of(rank, folder / RANDOM_FILE))
    settings = read_json(_of(rank, folder / RANDOM_SETTINGS_FILE))
    python, numpy = settings["python"], settings["numpy"]
    random.setstate((python["version"], tuple(tensors["python"].tolist()), python["gauss"]))
    numpy["state"]["key"] = tensors["numpy"].numpy().astype(np.uint32)
    np.random.set_state(numpy)
    torch.set_rng_state(tensors["torch"])
    for i in range(torch.cuda.device_count()):
        if f"cuda.{i}" in tensors:
            torch.cuda.set_rng_state(tensors[f"cuda.{i}"], i)


def _of(rank: int, file: Path) -> Path:
    """The first process's file has the plain name."""
    return file if rank == 0 else file.with_name(f"{file.stem}-{rank}{file.suffix}")
