"""What many tests need: a tiny model and tokenizer, the public data, a secret for tests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tunesmith.models import BaseModel, load_model, load_tokenizer
from tunesmith.prompting import Example
from tunesmith.prompting.encode import ChatEncoder

sys.path.insert(0, str(Path(__file__).parent))  # tests import `factory`

# How long an example takes says how busy the machine is: deadlines are tested where they matter.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content']"
    " + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
WORDS = ("order", "refund", "parcel", "invoice", "account", "password", "delivery", "address")


def save_tokenizer(folder: Path, *, chat_template: str | None = CHATML) -> None:
    """A byte-level tokenizer of 260 tokens with ChatML's special ones."""
    from tokenizers import Tokenizer
    from tokenizers.decoders import ByteLevel as ByteLevelDecoder
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import PreTrainedTokenizerFast

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    vocabulary = {token: i for i, token in enumerate([*special, *sorted(ByteLevel.alphabet())])}
    backend = Tokenizer(BPE(vocab=vocabulary, merges=[]))
    backend.pre_tokenizer = ByteLevel(add_prefix_space=False)
    backend.decoder = ByteLevelDecoder()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
        unk_token="<|endoftext|>",
        model_max_length=512,
    )
    tokenizer.chat_template = chat_template
    tokenizer.save_pretrained(folder)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> BaseModel:
    """A Llama of two layers of width 32 with random weights, saved in a folder."""
    torch = pytest.importorskip("torch")
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("model") / "tiny"
    torch.manual_seed(7)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=259,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=512,
            initializer_range=0.5,  # random weights that still prefer some tokens clearly
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=2,
        )
    )
    model.save_pretrained(folder)
    save_tokenizer(folder)
    return BaseModel(name="tiny", path=folder, fingerprint="tiny", source="folder")


@pytest.fixture
def model(tiny_model: BaseModel) -> Any:
    """The tiny model in float32, ready to answer."""
    return load_model(tiny_model.path, precision="float32").eval()


@pytest.fixture
def encoder(tiny_model: BaseModel) -> ChatEncoder:
    """The tiny model's tokenizer and chat template."""
    return ChatEncoder(load_tokenizer(tiny_model.path))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Public data that is developed against and not part of the repository."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder ../shared/data with public data sets is not there")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests neither read nor make the user's own secret for pseudonyms."""
    monkeypatch.setenv("TUNESMITH_SECRET", "a secret for tests only")


@pytest.fixture
def examples() -> list[Example]:
    """Twenty-four short questions of uneven length with answers, in three categories."""
    return [
        Example(
            id=f"row-{number:02d}",
            question="where is my " + " ".join(WORDS[: 1 + number % 5]) + "?",
            answer=f"Your {WORDS[number % len(WORDS)]} number {number} is on its way.",
            category=("orders", "billing", "account")[number % 3],
            group=f"thread-{number // 2}",
        )
        for number in range(24)
    ]
