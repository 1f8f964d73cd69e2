"""Compiled kernels: NumPy code over the Arrow buffers of text columns, through Numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

_F = TypeVar("_F", bound=Callable[..., Any])


def kernel(function: _F) -> _F:
    """Compile a function on its first call and keep the machine code for the next process."""
    return cast("_F", numba.njit(cache=True, nogil=True)(function))


def buffers(texts: pl.Series) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The UTF-8 bytes of a column of texts, and the offset where each text begins (n + 1)."""
    array = texts.fill_null("").rechunk().to_arrow().cast("large_string")
    _, offsets, data = array.buffers()
    starts = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    bytes_ = np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, np.uint8)
    return bytes_, starts
