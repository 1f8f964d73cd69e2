"""The configuration of a launch for accelerate and DeepSpeed, where a user can take it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tunesmith.io import write_json, write_text
from tunesmith.tune.launch.hardware import Chosen

ACCELERATE_FILE = "accelerate.yaml"
DEEPSPEED_FILE = "deepspeed.json"
_HEAD = """\
# How this method's training is shared by processes, for `accelerate launch` of accelerate 1.15:
#   accelerate launch --config_file {file} --machine_rank 0 --main_process_ip HOST \\
#     -m tunesmith.tune.launch.rank REQUEST
# REQUEST is work/{request} of the method's folder; see "Many GPUs" in the documentation.
# Weights compute in the number format that the recipe names: mixed_precision stays no.
"""


def write_files(
    folder: Path, launch: Chosen, *, nodes: int, deepspeed: dict[str, Any] | None = None
) -> None:
    """Write `accelerate.yaml` into a folder, and of `deepspeed` the engine's own settings."""
    settings = accelerate_settings(launch, nodes=nodes)
    if deepspeed is not None:
        write_json(folder / DEEPSPEED_FILE, deepspeed)
        file = str((folder / DEEPSPEED_FILE).resolve())
        settings["deepspeed_config"] = {"deepspeed_config_file": file, "zero3_init_flag": False}
    text = yaml.safe_dump(settings, sort_keys=False)
    head = _HEAD.format(file=ACCELERATE_FILE, request="request.json")
    write_text(folder / ACCELERATE_FILE, head + text)


def accelerate_settings(launch: Chosen, *, nodes: int) -> dict[str, Any]:
    """The fields of accelerate's `ClusterConfig` that say the same as `launch`."""
    alone = "MULTI_GPU" if launch.gpus else "MULTI_CPU"
    kind = {"ddp": alone, "fsdp": "FSDP", "deepspeed": "DEEPSPEED"}[launch.strategy]
    settings: dict[str, Any] = {
        "compute_environment": "LOCAL_MACHINE",
        "distributed_type": kind,
        "num_machines": nodes,
        "num_processes": nodes * launch.processes,
        "machine_rank": 0,
        "main_process_port": 29500,
        "same_network": True,
        "rdzv_backend": "static",
        "mixed_precision": "no",
        "use_cpu": not launch.gpus,
        "debug": False,
        "downcast_bf16": "no",
        "enable_cpu_affinity": False,
        "main_training_function": "main",
    }
    if launch.strategy == "fsdp":
        settings["fsdp_config"] = {
            "fsdp_version": 2,
            "fsdp_auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
            "fsdp_reshard_after_forward": launch.reshard,
            "fsdp_offload_params": launch.offload,
            "fsdp_state_dict_type": "FULL_STATE_DICT",
            "fsdp_cpu_ram_efficient_loading": False,
            "fsdp_activation_checkpointing": False,
        }
    return settings
