"""Near duplicates: tunesmith beside datasketch and rensa, on the same normalised texts.

All are given texts of small words with one space between and look for pairs whose sets of
five-word shingles have a Jaccard similarity of at least 0.8, with 128 hash functions. What is
timed: shingles, signatures, index, queries, and for tunesmith and the lines `verified` the exact
similarity of each candidate. Of what came out, against every pair counted exactly: recall is the
share of true pairs that end in one cluster, precision the share of the pairs found that are true.
"""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.inputs import shared_data, tickets, write_tickets
from benchmarks.measure import Job, Work, measure
from benchmarks.table import Section

WORDS, THRESHOLD, FUNCTIONS = 5, 0.8, 128
#: Of the lines of rensa; its README shows 16.
BANDS = 16
Pair = tuple[int, int]


def documents(folder: Path, most: int = 2_000) -> tuple[str, list[str]]:
    """Texts with near duplicates among them, and what they are."""
    bitext = shared_data("bitext-support")
    mails = shared_data("spamassassin-email")
    policies = shared_data("company-policies-basecamp")
    if bitext and mails and policies:
        texts = []
        for name, rows in (("canned-replies.csv", 1200), ("tickets.csv", 300)):
            with (bitext / name).open(encoding="utf-8", newline="") as file:
                found = list(csv.DictReader(file))
            step = len(found) // rows
            texts += [f"{row['instruction']} {row['response']}" for row in found[::step]]
        for path in sorted(policies.rglob("*.md")):
            texts += [part for part in path.read_text("utf-8").split("\n\n") if len(part) > 80]
        for path in sorted(mails.rglob("*")):
            if path.is_file() and path.parent.name[-1].isdigit():
                texts.append(path.read_bytes().decode("latin-1"))
        return "replies, policies and mails", texts[:most]
    target = folder / "near.jsonl"
    write_tickets(target, most // 2)
    texts = [
        f"{row['question']} {row['answer']}"
        for row in map(json.loads, target.read_text("utf-8").splitlines())
    ]
    return f"{tickets()[0]}, half of them with one word more", [
        text + end for text in texts for end in ("", " indeed")
    ]


def prepared(folder: Path) -> tuple[str, Path]:
    """What the texts are, and a file with them, normalised, and every true pair."""
    import polars as pl

    from tunesmith.dedup import minhash
    from tunesmith.dedup.normalise import comparable

    what, texts = documents(folder)
    column = comparable(pl.DataFrame({"text": texts}), ["text"])
    flat, ends = minhash.shingles(column, WORDS)
    pairs = [
        pair
        for pair in itertools.combinations(range(len(texts)), 2)
        if minhash.jaccard(flat, ends, *pair) >= THRESHOLD
    ]
    path = folder / "near.json"
    path.write_text(json.dumps({"texts": column.to_list(), "pairs": pairs}), encoding="utf-8")
    return what, path


def shingles(text: str) -> set[str]:
    """The distinct shingles of a normalised text; a shorter text is one."""
    words = text.split()
    if len(words) <= WORDS:
        return {text} if words else set()
    return {" ".join(words[place : place + WORDS]) for place in range(len(words) - WORDS + 1)}


def ours(texts: list[str]) -> list[Pair]:
    """The verified pairs that tunesmith joins clusters by."""
    import polars as pl

    from tunesmith.dedup.near import NearConfig, link

    links = link(pl.Series(texts), NearConfig(threshold=THRESHOLD, shingle_words=WORDS))
    return list(zip(links.left.tolist(), links.right.tolist(), strict=True))


def with_datasketch(texts: list[str]) -> list[Pair]:
    """The candidates of datasketch's index, with the bands that it chooses itself."""
    from datasketch import MinHash, MinHashLSH

    sets = ([shingle.encode() for shingle in shingles(text)] for text in texts)
    sketches = MinHash.bulk(sets, num_perm=FUNCTIONS)
    index = MinHashLSH(threshold=THRESHOLD, num_perm=FUNCTIONS)
    with index.insertion_session() as session:
        for number, sketch in enumerate(sketches):
            session.insert(number, sketch)
    return upwards(index.query(sketch) for sketch in sketches)


def with_rensa(texts: list[str]) -> list[Pair]:
    """The candidates of rensa's index."""
    from rensa import RMinHash, RMinHashLSH

    sketches = RMinHash.from_token_sets([list(shingles(text)) for text in texts], FUNCTIONS, 42)
    index = RMinHashLSH(threshold=THRESHOLD, num_perm=FUNCTIONS, num_bands=BANDS)
    index.insert_many(sketches)
    return upwards(index.query_all(sketches))


def upwards(answers: Iterable[Iterable[int]]) -> list[Pair]:
    """Every pair once, from what the queries of the texts in turn answered."""
    return [(here, there) for here, found in enumerate(answers) for there in found if there > here]


def verified(texts: list[str], pairs: list[Pair]) -> list[Pair]:
    """The pairs that are as similar as they should be."""
    sets = {number: shingles(texts[number]) for pair in pairs for number in pair}

    def similarity(one: set[str], other: set[str]) -> float:
        both = len(one & other)
        return both / (len(one) + len(other) - both)

    return [
        (here, there)
        for here, there in pairs
        if sets[here] and sets[there] and similarity(sets[here], sets[there]) >= THRESHOLD
    ]


TOOLS: dict[str, Callable[[list[str]], list[Pair]]] = {
    "ours": ours,
    "datasketch": with_datasketch,
    "rensa": with_rensa,
}


def work(path: str, *, tool: str, verify: bool) -> Work:
    """Finding the pairs, after a warm-up."""
    given = json.loads(Path(path).read_text(encoding="utf-8"))
    texts, find = given["texts"], TOOLS[tool]
    find(texts[:100])

    def run() -> list[Pair]:
        pairs = find(texts)
        return verified(texts, pairs) if verify else pairs

    return Work(len(texts), run, least_s=0.5, judge=lambda pairs: judged(pairs, given["pairs"]))


def judged(found: list[Pair], true: list[list[int]]) -> dict[str, Any]:
    """Recall by cluster and precision by pair."""
    parents: dict[int, int] = {}

    def root(row: int) -> int:
        while (above := parents.get(row, row)) != row:
            row = above
        return row

    for here, there in found:
        low, high = sorted((root(here), root(there)))
        parents[high] = low
    known = {(here, there) for here, there in true}
    together = sum(root(here) == root(there) for here, there in known)
    right = sum((min(pair), max(pair)) in known for pair in found)
    return {
        "recall": together / len(known) if known else None,
        "precision": right / len(found) if found else None,
        "pairs found": len(found),
        "true pairs": len(known),
    }


def section(folder: Path, rounds: int, say: Callable[[str], object]) -> Section:
    """Measure the tools."""
    what, path = prepared(folder)
    lines = (
        ("tunesmith, verified", "ours", False),
        ("datasketch", "datasketch", False),
        ("datasketch, verified", "datasketch", True),
        (f"rensa, {BANDS} bands", "rensa", False),
        (f"rensa, {BANDS} bands, verified", "rensa", True),
    )
    jobs = [
        Job(name, "benchmarks.kernels.near:work",
            {"path": str(path), "tool": tool, "verify": verify})
        for name, tool, verify in lines
    ]  # fmt: skip
    results = measure(jobs, rounds, say)
    title = f"Near duplicates: {results[0].items:,} {what}"
    return Section(title, "texts", results, "tunesmith, verified")
