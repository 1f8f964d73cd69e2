from __future__ import annotations

from tunesmith.evaluate.behaviour.history import past, remember
from tunesmith.io import read_jsonl


def audit(fingerprint: str, method: str = "lora", failed: int = 0) -> dict:
    suites = [
        {"name": f"default/{name}", "kind": "safety", "n": 8, "failed": failed, "unscored": 0, "limit": 0.1, "passed": not failed}
        for name in ("a", "b")
    ]  # fmt: skip
    return {"at": "2026-01-01T00:00:00+00:00", "method": method, "model": "m", "fingerprint": fingerprint, "suites": suites}  # fmt: skip


def test_history_grows_by_a_line_a_suite_and_not_by_what_it_knows(tmp_path) -> None:
    dataset = {"version": 3, "fingerprint": "f"}
    assert remember(tmp_path, audit("one"), dataset=dataset) == 2
    assert remember(tmp_path, audit("one"), dataset=dataset) == 0
    assert remember(tmp_path, audit("two", failed=2), dataset=dataset) == 2
    assert remember(tmp_path, audit("one", "base"), dataset=None) == 2
    assert remember(tmp_path, audit("one"), dataset=dataset) == 2
    lines = read_jsonl(tmp_path / "audits" / "history.jsonl")
    assert [line["fingerprint"] for line in past(tmp_path, "lora")] == ["one"] * 2 + ["two"] * 2 + ["one"] * 2  # fmt: skip
    assert len(lines) == 8
    assert lines[2]["failed"] == 2
    assert lines[0]["dataset"] == dataset
    assert past(tmp_path / "nowhere", "lora") == []
