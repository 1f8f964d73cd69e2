"""Semantic duplicates: rows whose sentence embeddings point the same way (extra `semantic`).

The back end is a static embedding model in a local folder, as `model2vec` saves it: a tokenizer
(`tokenizer.json`) and one vector for each token (`model.safetensors`, tensor `embeddings`, shape
(tokens, dimensions)). A text is the mean of its tokens' vectors, of length 1 (Tulkens and van
Dongen, Model2Vec, 2024). Nothing is downloaded.

Every pair is compared, in blocks: memory grows with the rows, time with their square.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from tunesmith.config import Config
from tunesmith.dedup.linking import join_new, roots
from tunesmith.dedup.near import Links
from tunesmith.errors import MissingExtraError, ModelError
from tunesmith.io import file_sha256

F32 = NDArray[np.float32]

#: Rows of a block: two blocks and their products take about 20 MiB at 256 dimensions.
BLOCK_ROWS = 2_048


class SemanticConfig(Config):
    """How rows that say the same in other words are found."""

    model: str
    """A folder with a static embedding model (`tokenizer.json`, `model.safetensors`); relative to
    the recipe."""
    threshold: float = Field(default=0.95, gt=0, le=1)
    """The least cosine similarity of two duplicates; the right value depends on the model."""

    def identity(self, base: Path) -> dict[str, Any]:
        """What the outcome depends on: settings and the content of the model.

        Raises:
            ModelError: The folder lacks a file.
        """
        files = [file_sha256(path) for path in model_files(base / Path(self.model).expanduser())]
        return {"threshold": self.threshold, "model": files}


class Embedder(Protocol):
    """A back end."""

    def embed(self, texts: pl.Series) -> F32:
        """Vectors of length 1, shape (texts, dimensions); of length 0 for a text it cannot read."""
        ...


def model_files(folder: Path) -> list[Path]:
    """The files of a static embedding model.

    Raises:
        ModelError: One is missing.
    """
    files = [folder / "tokenizer.json", folder / "model.safetensors"]
    missing = [path.name for path in files if not path.is_file()]
    if missing:
        raise ModelError(
            f"there is no {' and no '.join(missing)}",
            where=f"dedup.semantic.model '{folder.name}'",
            todo="name a folder that model2vec's save_pretrained wrote",
        )
    return files


class StaticEmbedder:
    """The mean of token vectors.

    Args:
        folder: The model.

    Raises:
        ModelError: The folder holds no such model.
        MissingExtraError: The extra `semantic` is not installed.
    """

    def __init__(self, folder: Path) -> None:
        tokenizer, weights = model_files(folder)
        try:
            from safetensors.numpy import load_file
            from tokenizers import Tokenizer
        except ImportError as error:
            raise MissingExtraError(error.name or "tokenizers", "semantic") from error
        tensors = load_file(weights)
        if "embeddings" not in tensors or tensors["embeddings"].ndim != 2:
            raise ModelError(
                "there is no tensor 'embeddings' of shape (tokens, dimensions)",
                where=f"dedup.semantic.model '{folder.name}'",
            )
        self._vectors: F32 = tensors["embeddings"].astype(np.float32)
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        if self._tokenizer.get_vocab_size() > len(self._vectors):
            raise ModelError(
                f"{self._tokenizer.get_vocab_size()} tokens but {len(self._vectors)} vectors",
                where=f"dedup.semantic.model '{folder.name}'",
            )

    def embed(self, texts: pl.Series) -> F32:
        """See `Embedder`."""
        read = self._tokenizer.encode_batch(texts.to_list(), add_special_tokens=False)
        found = np.zeros((len(read), self._vectors.shape[1]), dtype=np.float32)
        for row, text in enumerate(read):
            if text.ids:
                found[row] = self._vectors[text.ids].mean(axis=0)
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        np.divide(found, lengths, out=found, where=lengths > 0)
        return found


def link_embedded(vectors: F32, threshold: float, fixed: NDArray[np.bool_]) -> Links:
    """Join the rows whose cosine similarity reaches the threshold; every pair is compared.

    Args:
        vectors: Vectors of length 1 (or 0), shape (rows, dimensions); may be mapped from disk.
        threshold: The least cosine similarity.
        fixed: Rows that are never compared with each other.
    """
    parents = np.arange(len(vectors), dtype=np.int64)
    none = np.empty(0, np.int64)
    lefts, rights, values = [none], [none], [np.empty(0)]
    for first, second, products in _blocks(vectors):
        near = np.argwhere(products >= threshold)
        left, right = near[:, 0] + first, near[:, 1] + second
        wanted = (left < right) & ~(fixed[left] & fixed[right])
        left, right, near = left[wanted], right[wanted], near[wanted]
        new = join_new(parents, left, right)
        lefts.append(left[new])
        rights.append(right[new])
        values.append(np.minimum(products[near[new, 0], near[new, 1]].astype(np.float64), 1.0))
    return Links(
        np.concatenate(lefts), np.concatenate(rights), np.concatenate(values), roots(parents)
    )


def _blocks(vectors: F32) -> Iterator[tuple[int, int, F32]]:
    for first in range(0, len(vectors), BLOCK_ROWS):
        mine = np.asarray(vectors[first : first + BLOCK_ROWS])
        for second in range(first, len(vectors), BLOCK_ROWS):
            yield first, second, mine @ np.asarray(vectors[second : second + BLOCK_ROWS]).T
