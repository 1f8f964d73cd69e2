"""Mending wrong decodings: tunesmith beside ftfy, whose decisions it takes.

tunesmith hands ftfy only the texts that can be implausible; the question is whether the same texts
come out. One text in ten was spoilt on purpose: UTF-8 read as Windows-1252 or Latin-1.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.inputs import tickets
from benchmarks.kernels.languages import sentences
from benchmarks.measure import Job, Work, measure
from benchmarks.table import Section


def prepared(folder: Path, most: int = 20_000) -> tuple[str, Path]:
    """Half tickets, half sentences of many languages, one in ten spoilt."""
    what, rows = tickets()
    answers = [row["answer"] for row in rows]
    told, found = sentences()
    lines = [text for text, _ in found]
    texts = []
    for number in range(most):
        source = answers if number % 2 else lines
        texts.append(source[(number // 2) % len(source)])
    spoilt = [
        text if number // 2 % 10 else spoil(text, latin=bool(number // 20 % 2))
        for number, text in enumerate(texts)
    ]
    path = folder / "encoding.json"
    path.write_text(json.dumps(spoilt), encoding="utf-8")
    return f"{what} and {told}, one in ten spoilt", path


def spoil(text: str, *, latin: bool) -> str:
    """UTF-8 read as Latin-1, or as Windows-1252 where that is possible."""
    data = text.encode()
    try:
        return data.decode("latin-1" if latin else "cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def work(path: str, *, tool: str) -> Work:
    """Mending every text, after a warm-up."""
    import ftfy
    import polars as pl

    from tunesmith.clean.text import Mojibake

    texts = json.loads(Path(path).read_text(encoding="utf-8"))

    def ours() -> list[str]:
        mended: list[str] = Mojibake().rewrite(pl.Series(texts)).to_list()
        return mended

    tools: dict[str, Callable[[], list[str]]] = {
        "tunesmith": ours,
        "fix_encoding": lambda: [ftfy.fix_encoding(text) for text in texts],
        "fix_text": lambda: [ftfy.fix_text(text) for text in texts],
    }
    Mojibake().rewrite(pl.Series(texts[:200]))
    ftfy.fix_text(texts[0])

    def judge(mended: list[str]) -> dict[str, Any]:
        wanted = tools["fix_encoding"]()
        return {
            "texts changed": sum(one != text for one, text in zip(mended, texts, strict=True)),
            "same as fix_encoding": sum(map(str.__eq__, mended, wanted)) / len(texts),
        }

    return Work(len(texts), tools[tool], least_s=0.5, judge=judge)


def section(folder: Path, rounds: int, say: Callable[[str], object]) -> Section:
    """Measure the tools."""
    what, path = prepared(folder)
    jobs = [
        Job(name, "benchmarks.kernels.encoding:work", {"path": str(path), "tool": tool})
        for name, tool in (
            ("tunesmith", "tunesmith"),
            ("ftfy.fix_encoding", "fix_encoding"),
            ("ftfy.fix_text, all its defaults", "fix_text"),
        )
    ]
    results = measure(jobs, rounds, say)
    return Section(f"Encoding repair: {results[0].items:,} {what}", "texts", results, "tunesmith")
