"""Files that can run code when they are read have no place in the package."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
FORBIDDEN = re.compile(
    r"pickle|joblib|\bdill\b|\bshelve\b|\bmarshal\b"
    r"|\btorch\s*\.\s*(?:save|load)\b"
    r"|from\s+torch(?:\.serialization)?\s+import\s+[^\n]*\b(?:save|load)\b",
    re.IGNORECASE,
)


def test_no_source_file_mentions_a_format_that_runs_code() -> None:
    files = [file for file in SOURCE.rglob("*.py") if file.is_file()]
    assert SOURCE / "tunesmith" / "tune" / "checkpoint.py" in files
    found = [
        f"{file.relative_to(SOURCE)}:{number}: {line.strip()}"
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if FORBIDDEN.search(line)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "import cloudpickle as cp",
        "np.load(path, allow_pickle=True)",
        "joblib.dump(model, path)",
        "torch.save(state, path)",
        "state = torch.load(path, weights_only=True)",
        "from torch import load",
    ],
)
def test_the_pattern_finds_each(line: str) -> None:
    assert FORBIDDEN.search(line)


@pytest.mark.parametrize(
    "line", ["from safetensors.torch import load_file, save_file", "safetensors.torch.load_file(f)"]
)
def test_the_pattern_leaves_safetensors_alone(line: str) -> None:
    assert not FORBIDDEN.search(line)
