"""The training job as `tune` starts it: in this process, or in one for each processor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tunesmith.engine.config import RayConfig
from tunesmith.io import write_json
from tunesmith.tune.launch.config import LaunchConfig, share
from tunesmith.tune.launch.files import write_files
from tunesmith.tune.launch.hardware import check_strategy, chosen
from tunesmith.tune.launch.spawn import train_together
from tunesmith.tune.methods import trained_method
from tunesmith.worker import Emit, serve

REQUEST_FILE = "request.json"


def train(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Choose the processes and the strategy, and train.

    Args:
        request: What `tune.job.train` works on, with `launch`: a `LaunchConfig`.
        emit: Gets the events of the first process.
    """
    method = trained_method.validate_python(request["method"])
    config = LaunchConfig.model_validate(request["launch"])
    if config.ray is not None and isinstance(config.devices, int):
        return _on_ray(request, config, config.ray, processes=config.devices, emit=emit)
    launch = chosen(config, method, model=Path(request["model"]))
    nodes = int(os.environ.get("NNODES", "1"))
    if launch.processes * nodes == 1:
        from tunesmith.tune.job import train as alone

        return {**alone(request, emit), "processes": 1}
    check_strategy(launch.strategy, method, reshard=launch.reshard)
    share(
        batch_size=method.batch_size,
        accumulation=method.gradient_accumulation,
        processes=launch.processes * nodes,
    )
    asked = {**request, "launch": launch.as_config().model_dump(mode="json")}
    work = Path(request["work"])
    settings = None
    if launch.strategy == "deepspeed":
        from tunesmith.tune.launch.zero import zero_settings

        settings = zero_settings(
            method,
            launch.as_config(),
            model=Path(request["model"]),
            processes=launch.processes * nodes,
        )
    write_files(work.parent / "launch", launch, nodes=nodes, deepspeed=settings)
    write_json(work / REQUEST_FILE, asked)  # for what is started by hand, on other machines
    (work / REQUEST_FILE).chmod(0o600)  # it holds the rows
    return train_together(asked, processes=launch.processes, log=work / "train.log", emit=emit)


def _on_ray(
    request: dict[str, Any], config: LaunchConfig, cluster: RayConfig, *, processes: int, emit: Emit
) -> dict[str, Any]:
    import torch

    from tunesmith.tune.launch.ray import train_on_ray

    strategy = "ddp" if config.strategy == "auto" else config.strategy
    method = trained_method.validate_python(request["method"])
    check_strategy(strategy, method, reshard=config.reshard)
    settled = config.model_copy(update={"strategy": strategy})
    return train_on_ray(
        {**request, "launch": settled.model_dump(mode="json")},
        cluster=cluster,
        processes=processes,
        gpus=torch.cuda.is_available(),
        storage=Path(request["work"]) / "ray",
        emit=emit,
    )


if __name__ == "__main__":
    serve(train)
