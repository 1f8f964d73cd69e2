"""Time left: what a stage knows, else the share that is done."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tunesmith.progress import BarProgress, LineProgress


def test_lines_say_what_the_stage_knows(capsys: pytest.CaptureFixture[str]) -> None:
    with LineProgress(every_s=0).stage("train", 10) as stage:
        stage.advance(9)  # an earlier run's
        stage.left(7800)
        stage.advance(1, note="loss 1.000")
    first, second, _ = capsys.readouterr().err.splitlines()
    assert "about 0 s left" in first
    assert "10/10 about 2 h 10 min left (loss 1.000)" in second


def test_bars_count_down_from_what_the_stage_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    from io import StringIO

    from rich.console import Console

    out = StringIO()
    progress = BarProgress(Console(file=out, force_terminal=True, width=120))
    with progress.stage("train", 10) as stage:
        stage.advance(1)
        stage.left(185)
        bars: Any = stage.bars  # type: ignore[attr-defined]
        bars.refresh()
        assert "3 min 05 s" in out.getvalue() or "3 min 04 s" in out.getvalue()
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now + 125)
        bars.refresh()
        assert "1 min 00 s" in out.getvalue() or "59 s" in out.getvalue()
