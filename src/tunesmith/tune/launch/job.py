"""The training job as `tune` starts it: in this process, or in one for each processor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tunesmith.io import write_json
from tunesmith.tune.launch.config import LaunchConfig, share
from tunesmith.tune.launch.files import write_files
from tunesmith.tune.launch.hardware import chosen
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
    launch = chosen(
        LaunchConfig.model_validate(request["launch"]), method, model=Path(request["model"])
    )
    nodes = int(os.environ.get("NNODES", "1"))
    if launch.processes * nodes == 1:
        from tunesmith.tune.job import train as alone

        return {**alone(request, emit), "processes": 1}
    share(
        batch_size=method.batch_size,
        accumulation=method.gradient_accumulation,
        processes=launch.processes * nodes,
    )
    asked = {**request, "launch": launch.as_config().model_dump(mode="json")}
    work = Path(request["work"])
    write_files(work.parent / "launch", launch, nodes=nodes)
    if nodes > 1:  # what is started by hand on the other machines reads it
        write_json(work / REQUEST_FILE, asked)
    try:
        return train_together(
            asked, processes=launch.processes, log=work / "train.log", emit=emit
        )
    finally:
        (work / REQUEST_FILE).unlink(missing_ok=True)


if __name__ == "__main__":
    serve(train)
