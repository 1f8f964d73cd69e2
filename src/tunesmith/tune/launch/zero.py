"""Training whose gradients and optimizer, or weights too, DeepSpeed's ZeRO shards.

DeepSpeed (https://www.deepspeed.ai) brings an engine of its own: it does the backward pass and the
step, and holds the float32 weights. Here it does that inside the same trainer, on the same steps,
and its checkpoints are those of every other strategy: whole tensors in safetensors, instead of its
own file of each process. accelerate starts DeepSpeed on GPUs alone; called directly, it runs on
processors too, which is how it is tested.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers import AutoConfig

from tunesmith.models import compute_dtype
from tunesmith.tune.checkpoint import load_scheduler, read_moments, save_scheduler, write_moments
from tunesmith.tune.forward import base_of
from tunesmith.tune.launch import ranks
from tunesmith.tune.launch.config import LaunchConfig, share
from tunesmith.tune.launch.wrapped import work_through_engine
from tunesmith.tune.masters import MASTERS_FILE, Masters
from tunesmith.tune.methods import TrainedConfig
from tunesmith.tune.trainer import AnswerTrainer

_MOMENTS = ("exp_avg", "exp_avg_sq")


def zero_settings(
    method: TrainedConfig, launch: LaunchConfig, *, model: Path, processes: int
) -> dict[str, Any]:
    """DeepSpeed's configuration for a training.

    Sizes that are not said are DeepSpeed's own; those that it should have by the width of the model
    are what transformers' `auto` stands for.

    Args:
        method: What is trained, and how.
        launch: `reshard` says the stage (3 with it, 2 without), `offload` what is kept in the
            machine's memory: the optimizer, and with stage 3 the weights too.
        model: The base model's folder.
        processes: All that train together.
    """
    mine = share(
        batch_size=method.batch_size,
        accumulation=method.gradient_accumulation,
        processes=processes,
    )
    width: int = AutoConfig.from_pretrained(model).get_text_config().hidden_size
    zero: dict[str, Any] = {"stage": 2, "contiguous_gradients": True}
    if launch.reshard:
        zero |= {
            "stage": 3,
            "reduce_bucket_size": width * width,
            "stage3_prefetch_bucket_size": int(0.9 * width * width),
            "stage3_param_persistence_threshold": 10 * width,
        }
    if launch.offload:
        zero["offload_optimizer"] = {"device": "cpu"}
        if launch.reshard:
            zero["offload_param"] = {"device": "cpu"}
    return {
        "train_micro_batch_size_per_gpu": mine.batch_size,
        "gradient_accumulation_steps": mine.accumulation,
        "gradient_clipping": method.max_grad_norm,
        "bf16": {"enabled": compute_dtype(method.precision) == "bfloat16"},
        "zero_optimization": zero,
        "zero_force_ds_cpu_optimizer": False,  # PyTorch's AdamW, which needs no compiler
        "zero_allow_untested_optimizer": True,
    }


class ZeroMasters(Masters):
    """The float32 weights and the optimizer of a model that DeepSpeed trains.

    Args:
        model: Whole; its trainable parameters are float32 when this is made.
        compute: The number format that they compute in from now on.
        settings: What `zero_settings` says.
        learning_rate: The optimizer's.
        weight_decay: The optimizer's.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        compute: torch.dtype,
        *,
        settings: dict[str, Any],
        learning_rate: float,
        weight_decay: float,
    ) -> None:
        import deepspeed

        super().__init__(model, compute)
        exact = self.copies
        self.adam = torch.optim.AdamW(
            self.compute.values(), lr=learning_rate, weight_decay=weight_decay, fused=True
        )
        if settings["zero_optimization"]["stage"] == 3:  # used outside of its own layer's call
            head = base_of(model).get_output_embeddings()
            for parameter in head.parameters():
                deepspeed.zero.register_external_parameter(model, parameter)
        self.engine, *_ = deepspeed.initialize(
            model=model, optimizer=self.adam, config=settings, dist_init_required=False
        )
        work_through_engine(model, self.engine)
        self._put(exact)
        self._forget_moments()
        stand_in = torch.zeros((), device=self.engine.device)
        self.copies = {
            name: torch.nn.Parameter(stand_in.expand(copy.shape), requires_grad=False)
            for name, copy in exact.items()
        }

    def learn(self, loss: torch.Tensor, *, last: bool) -> None:
        """Work out a batch's gradients; with the last batch of a step, make the step."""
        self.engine.set_gradient_accumulation_boundary(is_boundary=last)
        self.engine.backward(loss, scale_wrt_gas=False)
        if last:
            self.engine.step()

    def learn_nothing(self, loss: torch.Tensor) -> None:
        """What `learn` does with a last batch, without a trace."""
        rates = [group["lr"] for group in self.adam.param_groups]
        for group in self.adam.param_groups:
            group["lr"] = 0.0
        self.learn(loss, last=True)
        for group, rate in zip(self.adam.param_groups, rates, strict=True):
            group["lr"] = rate
        self._forget_moments()

    def gradient_norm(self) -> float:
        """The length of the last step's gradient, before it was clipped."""
        return float(self.engine.get_global_grad_norm())

    def optimizer(self, *, learning_rate: float, weight_decay: float) -> torch.optim.Optimizer:
        """What a schedule sets the learning rate of; the engine makes its steps."""
        from accelerate.utils.deepspeed import DeepSpeedOptimizerWrapper

        if (learning_rate, weight_decay) != (
            self.adam.defaults["lr"],
            self.adam.defaults["weight_decay"],
        ):
            raise AssertionError("the engine has been made for other settings")
        wrapper: Any = DeepSpeedOptimizerWrapper(self.adam)
        wrapper._is_accelerate_prepared = True  # noqa: SLF001 - a second wrapper would ask for state
        return wrapper  # type: ignore[no-any-return]

    def state(self) -> dict[str, torch.Tensor]:
        """The float32 weights by parameter name, whole; all processes call together."""
        from deepspeed.utils import safe_get_full_fp32_param

        return {
            name: safe_get_full_fp32_param(parameter).cpu()
            for name, parameter in self.compute.items()
        }

    def give_back(self) -> None:
        """Training is over: the model's own parameters become the float32 weights."""
        for name, weight in self.state().items():
            self.compute[name].data = weight

    def load(self, folder: Path) -> None:
        """Read the float32 weights of a checkpoint, and give them to the engine and the model."""
        self._put(load_file(folder / MASTERS_FILE))

    def save_moments(self, folder: Path) -> None:
        """Write the optimizer into a checkpoint, as `checkpoint.save_optimizer` would."""
        from deepspeed.utils import safe_get_full_optimizer_state

        done = next(iter(self.adam.state.values()))["step"].detach().cpu()
        tensors = {}
        for name, parameter in self.compute.items():
            for kind in _MOMENTS:
                whole = safe_get_full_optimizer_state(parameter, kind)
                tensors[f"{name}.{kind}"] = whole.cpu().contiguous()
            tensors[f"{name}.step"] = done.clone()
        if ranks.number() == 0:
            write_moments(folder, tensors, self.adam.param_groups)

    def load_moments(self, folder: Path) -> None:
        """Read the optimizer of a checkpoint, whatever strategy wrote it."""
        from deepspeed.utils import safe_set_full_optimizer_state

        tensors, groups = read_moments(folder)
        for name, parameter in self.compute.items():
            for kind in _MOMENTS:
                value = tensors[f"{name}.{kind}"].to(self.engine.device)
                safe_set_full_optimizer_state(parameter, value, kind)
        (done,) = {float(value) for key, value in tensors.items() if key.endswith(".step")}
        for state in self.adam.state.values():
            state["step"].fill_(done)
        for own, saved in zip(self.adam.param_groups, groups, strict=True):
            own.update(saved)

    def _put(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Set the float32 weights, and what computes to them rounded."""
        from deepspeed.runtime.zero import GatheredParameters
        from deepspeed.utils import safe_set_full_fp32_param

        with torch.no_grad():
            for name, parameter in self.compute.items():
                weight = weights[name].to(self.engine.device)
                safe_set_full_fp32_param(parameter, weight)
                with GatheredParameters([parameter], modifier_rank=0):
                    parameter.data.copy_(weight.view_as(parameter))

    def _forget_moments(self) -> None:
        """Set the optimizer to where it was before its first step.

        Its state is there from now on: DeepSpeed knows where in it the moments of a parameter are.
        """
        for flat in self._flat():
            self.adam.state[flat] = {
                "step": torch.zeros((), dtype=torch.float32, device=flat.device),
                **{kind: torch.zeros_like(flat) for kind in _MOMENTS},
            }
        optimizer = self.engine.optimizer
        if self.engine.zero_optimization_stage() < 3:  # which keeps views of them
            optimizer._hp_optimizer_states_linked = False  # noqa: SLF001 - nothing else says it
            optimizer._lazy_init_hp_params_optimizer_state()  # noqa: SLF001

    def _flat(self) -> Iterable[torch.Tensor]:
        """The float32 numbers that this process's optimizer steps on."""
        optimizer = self.engine.optimizer
        found: Iterable[torch.Tensor] = (
            optimizer.fp32_partitioned_groups_flat
            if self.engine.zero_optimization_stage() == 3
            else optimizer.single_partition_of_fp32_groups
        )
        return found


class ZeroTrainer(AnswerTrainer):
    """`AnswerTrainer` whose backward passes and steps DeepSpeed makes."""

    masters: ZeroMasters

    def training_step(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """One batch, forward and backward, and a step with the last batch of one."""
        model.train()
        loss = self.compute_loss(
            model, self._prepare_inputs(inputs), num_items_in_batch=num_items_in_batch
        )
        self.masters.learn(loss, last=self.accelerator.sync_gradients)
        return loss.detach()

    def learn_nothing(self, loss: torch.Tensor) -> None:
        """Work out a loss's gradients and forget them."""
        self.masters.learn_nothing(loss)

    def _clip_grad_norm(self, model: torch.nn.Module) -> None:
        """The engine has clipped them."""

    def _get_grad_norm(self, model: torch.nn.Module, grad_norm: Any = None) -> float:
        return self.masters.gradient_norm()

    def _sync_replicated_trainable_parameters(self, model: torch.nn.Module) -> None:
        """The engine averages gradients."""

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        self.masters.save_moments(Path(output_dir))
        if ranks.number() == 0:
            save_scheduler(Path(output_dir), self.lr_scheduler)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            self.masters.load_moments(Path(checkpoint))
            load_scheduler(Path(checkpoint), self.lr_scheduler)
