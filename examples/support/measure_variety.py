"""Measure how varied the tickets are, and how close test rows are to training rows.

    python examples/support/measure_variety.py [--write]

``--write`` puts the table into README.md, between the two ``measured`` marks. Rows are what a
cleaning run would keep: both sides there, English, public, an answer of 20 characters or more, HTML
and mojibake undone, exact and near duplicates (word 5-gram Jaccard of question and answer of at
least 0.8) taken out. Then one row in ten is drawn at random as test, and each test question is
compared with every training question. Splitting at random, not by thread, is the harsher test: the
real split keeps threads and customers together.
"""

from __future__ import annotations

import argparse
import csv
import html
import io
import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median

import pyarrow.parquet as pq
from slots import Dice

HERE = Path(__file__).parent
SPLIT_SEED = 13
START, END = "<!-- measured: start -->", "<!-- measured: end -->"

Row = tuple[str, str, str]  # id, question, answer


def raw_rows(folder: Path) -> list[Row]:
    """Read the rows that can be read from the four raw files."""
    text = (folder / "tickets-2025.csv").read_bytes().decode()
    lines = [line for line in csv.reader(io.StringIO(text, newline="")) if len(line) == 13]
    rows = [(line[0], line[6], line[7]) for line in lines[1:]]
    text = (folder / "tickets-legacy.csv").read_bytes().decode("cp1252")
    rows += [(r[0], r[2], r[3]) for r in csv.reader(io.StringIO(text, newline=""), delimiter=";")][
        1:
    ]
    for line in (folder / "chat-export.jsonl").read_bytes().split(b"\n"):
        try:
            chat = json.loads(line)
            rows.append(
                (chat["conversation"]["id"], chat["question"]["text"], chat["answer"]["text"])
            )
        except (ValueError, TypeError):
            continue  # The broken lines are the example's own; the README counts them.
    for case in pq.read_table(folder / "crm.parquet").to_pylist():
        rows.append((case["case_id"], case["customer_text"], case["reply_text"]))
    return [(i, plain(question or ""), plain(answer or "")) for i, question, answer in rows]


def plain(text: str) -> str:
    """Undo markup, mojibake and stray characters, roughly as a cleaning run does."""
    if any(sign in text for sign in ("\u00e2\u20ac", "\u00c3", "\u00f0\u0178")):
        text = text.encode("cp1252").decode()
    text = html.unescape(re.sub(r"<[^>]+>", " ", text)).replace("\u2019", "'")
    return " ".join(re.sub(r"[\u200b\ufeff\x00-\x08\x0b-\x1f]", " ", text).split())


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9$']+", text.lower())


def shingles(text: str, size: int) -> frozenset[tuple[str, ...]]:
    tokens = words(text)
    return frozenset(tuple(tokens[i : i + size]) for i in range(max(1, len(tokens) - size + 1)))


def jaccard(a: frozenset[tuple[str, ...]], b: frozenset[tuple[str, ...]]) -> float:
    both = len(a & b)
    return both / (len(a) + len(b) - both) if both else 0.0


def kept_rows(rows: Sequence[Row], planted: dict[str, dict[str, list[str]]]) -> list[Row]:
    """Take out what cannot be trained on, and then exact and near duplicates."""
    unfit = {"other_language", "internal_note", "empty_question", "missing_answer", "short_answer"}
    kept: list[Row] = []
    seen: set[tuple[str, ...]] = set()
    sets: list[frozenset[tuple[str, ...]]] = []
    for row in rows:
        key, grams = tuple(words(row[1])), shingles(f"{row[1]} {row[2]}", 5)
        if unfit & set(planted["rows"].get(row[0], ())) or key in seen:
            continue
        if any(jaccard(grams, other) >= 0.8 for other in sets):
            continue
        seen.add(key)
        sets.append(grams)
        kept.append(row)
    return kept


def token_f1(a: Counter[str], b: Counter[str]) -> float:
    """Overlap of two bags of words (Rajpurkar et al. 2016)."""
    both = sum((a & b).values())
    return 2 * both / (a.total() + b.total()) if both else 0.0


def nearest(test: Sequence[str], train: Sequence[str]) -> tuple[list[float], list[float]]:
    """Highest word 3-gram Jaccard and highest token F1 of each test text in the training texts."""
    grams = [shingles(text, 3) for text in train]
    bags = [Counter(words(text)) for text in train]
    by_jaccard, by_f1 = [], []
    for text in test:
        mine, bag = shingles(text, 3), Counter(words(text))
        by_jaccard.append(max(jaccard(mine, other) for other in grams))
        by_f1.append(max(token_f1(bag, other) for other in bags))
    return by_jaccard, by_f1


def self_bleu(texts: Sequence[str], sample: int = 150) -> float:
    """Mean BLEU-4 of a text against all the others (Zhu et al. 2018, Texygen); 1 is all alike."""
    tokens = [words(text) for text in texts]
    best: list[dict[tuple[str, ...], list[tuple[int, int]]]] = [{} for _ in range(4)]
    for at, line in enumerate(tokens):
        for size in range(1, 5):
            for gram, count in ngrams(line, size).items():
                found = [*best[size - 1].get(gram, []), (count, at)]
                best[size - 1][gram] = sorted(found, reverse=True)[:2]
    scores = []
    for at in range(0, len(tokens), max(1, len(tokens) // sample)):
        logs = []
        for size in range(1, 5):
            mine = ngrams(tokens[at], size)
            hit = sum(
                min(count, next((c for c, who in best[size - 1][gram] if who != at), 0))
                for gram, count in mine.items()
            )
            # Add-one on the higher orders keeps short texts from scoring nought (Lin and Och 2004).
            smooth = 0 if size == 1 else 1
            logs.append(math.log((hit + smooth or 1e-9) / (mine.total() + smooth or 1)))
        scores.append(math.exp(fmean(logs)))
    return fmean(scores)


def ngrams(tokens: Sequence[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1))


def distinct_2(texts: Sequence[str]) -> float:
    """Share of word pairs that are different (Li et al. 2016)."""
    pairs: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        pairs.update(ngrams(words(text), 2))
    return len(pairs) / pairs.total()


def measure(folder: Path = HERE) -> dict[str, str]:
    """Return every figure of the README's table, as it is printed there."""
    planted = json.loads((folder / "planted.json").read_text("utf-8"))
    rows = raw_rows(folder / "raw")
    kept = kept_rows(rows, planted)
    shuffled = Dice(SPLIT_SEED).shuffled(kept)
    cut = len(kept) // 10
    test, train = shuffled[:cut], shuffled[cut:]
    figures = {
        "Readable rows": str(len(rows)),
        "Rows after cleaning and removing duplicates": str(len(kept)),
        "Topics among them": str(len({planted["rules"][row[0]] for row in kept})),
    }
    for name, column in (("questions", 1), ("answers", 2)):
        texts = [row[column] for row in kept]
        tokens = [token for text in texts for token in words(text)]
        near, f1 = nearest([row[column] for row in test], [row[column] for row in train])
        figures |= {
            f"Distinct {name}": str(len({tuple(words(text)) for text in texts})),
            f"Mean length of {name}, characters": f"{fmean(map(len, texts)):.0f}",
            f"Longest of the {name}, characters": str(max(map(len, texts))),
            f"Different words in {name}": str(len(set(tokens))),
            f"Distinct-2 of {name}": f"{distinct_2(texts):.3f}",
            f"Self-BLEU of {name}": f"{self_bleu(texts):.2f}",
            f"Test {name} with a training neighbour of Jaccard 0.8 or more": share(near, 0.8),
            f"Test {name} with a training neighbour of Jaccard 0.5 or more": share(near, 0.5),
            f"Median nearest Jaccard, {name}": f"{median(near):.2f}",
            f"Mean nearest token F1, {name}": f"{fmean(f1):.2f}",
        }
    return figures


def share(values: Sequence[float], least: float) -> str:
    hits = sum(value >= least for value in values)
    return f"{hits} of {len(values)} ({100 * hits / len(values):.1f}%)"


def table(figures: dict[str, str]) -> str:
    lines = [f"| {name} | {value} |" for name, value in figures.items()]
    return "\n".join(["| Figure | Value |", "|---|---|", *lines])


def main() -> None:
    """Print the table, and write it into the README when asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    text = table(measure())
    print(text)
    if parser.parse_args().write:
        readme = HERE / "README.md"
        before, rest = readme.read_text("utf-8").split(START)
        after = rest.split(END)[1]
        readme.write_text(f"{before}{START}\n{text}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
