"""The configuration written for accelerate is what accelerate itself reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunesmith.models import BaseModel
from tunesmith.tune.launch.files import ACCELERATE_FILE, write_files
from tunesmith.tune.launch.hardware import Chosen

pytest.importorskip("torch")


def chosen(**given: object) -> Chosen:
    settings = {"processes": 2, "strategy": "ddp", "gpus": True, "reshard": True, "offload": False}
    return Chosen(**{**settings, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("launch", "kind"),
    [
        (chosen(), "MULTI_GPU"),
        (chosen(gpus=False), "MULTI_CPU"),
        (chosen(strategy="fsdp", offload=True), "FSDP"),
        (chosen(strategy="fsdp", reshard=False), "FSDP"),
        (chosen(strategy="deepspeed"), "DEEPSPEED"),
    ],
)
def test_accelerate_reads_the_file_as_it_is_meant(
    tmp_path: Path, launch: Chosen, kind: str
) -> None:
    from accelerate.commands.config.config_args import load_config_from_file

    write_files(tmp_path, launch, nodes=2)
    read = load_config_from_file(str(tmp_path / ACCELERATE_FILE))
    assert read.distributed_type.value == kind
    assert (read.num_machines, read.num_processes) == (2, 4)
    assert (read.mixed_precision, read.use_cpu) == ("no", not launch.gpus)
    if launch.strategy == "fsdp":
        assert read.fsdp_config["fsdp_version"] == 2
        assert read.fsdp_config["fsdp_reshard_after_forward"] is launch.reshard


def test_accelerate_launch_takes_it_and_torch_can_make_the_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`accelerate launch`'s own steps from the file to the environment of a process."""
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser
    from accelerate.utils import FullyShardedDataParallelPlugin
    from accelerate.utils.launch import prepare_multi_gpu_env

    write_files(tmp_path, chosen(strategy="fsdp", offload=True), nodes=1)
    config = str(tmp_path / ACCELERATE_FILE)
    given = ["--config_file", config, "--main_process_port", "0", "-m", "some.module"]
    arguments, _, _ = _validate_launch_command(launch_command_parser().parse_args(given))
    told = prepare_multi_gpu_env(arguments)
    assert (told["ACCELERATE_USE_FSDP"], told["FSDP_VERSION"]) == ("true", "2")
    for name, value in told.items():
        if name.startswith(("FSDP_", "ACCELERATE_")):
            monkeypatch.setenv(name, value)
    plugin = FullyShardedDataParallelPlugin()
    assert plugin.fsdp_version == 2
    assert plugin.reshard_after_forward is True
    assert plugin.cpu_offload


@pytest.mark.parametrize("reshard", [True, False])
def test_accelerate_and_deepspeed_read_deepspeeds_settings(
    tmp_path: Path,
    tiny_model: BaseModel,
    monkeypatch: pytest.MonkeyPatch,
    reshard: bool,
) -> None:
    pytest.importorskip("deepspeed")
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser
    from accelerate.utils import DeepSpeedPlugin
    from accelerate.utils.launch import prepare_multi_gpu_env
    from deepspeed.runtime.config import DeepSpeedConfig

    from tunesmith.tune import LoraConfig
    from tunesmith.tune.launch.zero import zero_settings

    launch = chosen(strategy="deepspeed", reshard=reshard, offload=True)
    method = LoraConfig(batch_size=4, gradient_accumulation=3, max_grad_norm=0.5)
    settings = zero_settings(method, launch.as_config(), model=tiny_model.path, processes=2)
    write_files(tmp_path, launch, nodes=1, deepspeed=settings)
    given = ["--config_file", str(tmp_path / ACCELERATE_FILE), "-m", "some.module"]
    arguments, _, _ = _validate_launch_command(launch_command_parser().parse_args(given))
    assert arguments.use_deepspeed
    for name, value in prepare_multi_gpu_env(arguments).items():
        if name.startswith("ACCELERATE_"):
            monkeypatch.setenv(name, value)
    read = DeepSpeedPlugin(hf_ds_config=arguments.deepspeed_config_file).deepspeed_config
    assert read["zero_optimization"]["stage"] == (3 if reshard else 2)
    assert read["gradient_accumulation_steps"] == 3
    config = DeepSpeedConfig({**settings, "train_batch_size": 2 * 3})  # of one process
    assert config.gradient_clipping == 0.5
    assert config.zero_config.stage == (3 if reshard else 2)
    assert config.zero_config.offload_optimizer.device == "cpu"
    assert (config.zero_config.offload_param is not None) is reshard
