from __future__ import annotations

import csv
import json
import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dedup_frames import Merged, One
from factory import pairs, recipe, tickets, write_csv
from tunesmith.dedup.against import AgainstConfig, EvaluationSet, read
from tunesmith.dedup.clusters import find
from tunesmith.dedup.config import DedupConfig
from tunesmith.errors import RecipeError, SourceError
from tunesmith.prepare import prepare
from tunesmith.progress import SilentProgress
from tunesmith.recipe import check, load


def against(frame: pl.DataFrame, config: AgainstConfig, base) -> Merged:
    found = find(One(frame), DedupConfig(near=None), sets=[read(config, base)])
    return Merged(*found.outcome(0), [])


def write_jsonl(path, rows) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def jaccard(one: str, other: str, size: int = 3) -> float:
    def shingles(text):
        words = text.split()
        width = min(size, len(words))
        return {tuple(words[n : n + width]) for n in range(len(words) - width + 1)}

    left, right = shingles(one), shingles(other)
    return len(left & right) / len(left | right) if words_in(one) and words_in(other) else 0.0


def words_in(text: str) -> bool:
    return bool(text.split())


def test_real_questions_of_an_evaluation_set(shared_data, tmp_path) -> None:
    """Every tenth real question is in the set, half of them with a word more."""
    with (shared_data / "bitext-support" / "tickets.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if len(row["instruction"].split()) > 5]
    frame = pairs(*({"question": r["instruction"], "answer": r["response"]} for r in rows[:1500]))
    held = frame["question"].to_list()[::10]
    changed = [f"{text} please" if n % 2 else text.upper() for n, text in enumerate(held)]
    write_jsonl(tmp_path / "eval.jsonl", [{"messages": [{"content": text}]} for text in changed])
    config = AgainstConfig(
        path="eval.jsonl", match="question", columns=["messages.0.content"], threshold=0.75
    )
    merged = against(frame, config, tmp_path)
    dropped = merged.fates.filter(pl.col("step") == "against")
    assert set(frame["id"].to_list()[::10]) <= set(dropped["id"])
    assert dropped["reason"].unique().to_list() == ["is in 'eval.jsonl'"]
    assert (dropped["value"] >= 0.75).all()
    from tunesmith.dedup.normalise import comparable

    asked = comparable(frame, ["question"]).to_list()
    known = comparable(pl.DataFrame({"t": changed}), ["t"]).to_list()
    truth = {n for n, q in enumerate(asked) if max(jaccard(q, k) for k in known) >= 0.75}
    found = {int(name.removeprefix("row")) for name in dropped["id"]}
    assert found <= truth
    assert len(found) >= 0.99 * len(truth)


@pytest.mark.parametrize(
    ("match", "gone"),
    [("question", {"row00000"}), ("answer", {"row00001"}), ("pair", set()), ("text", set())],
)
def test_what_is_compared(tmp_path, match, gone) -> None:
    frame = pairs(
        {"question": "Where is the nearest shop to me?", "answer": "It is behind the old harbour."},
        {"question": "What is it you do sell there?", "answer": "We sell lamps, rugs and chairs."},
        {"kind": "document", "question": None, "answer": None, "text": "A page about something."},
    )
    row = {
        "question": "where is the nearest SHOP to me",
        "answer": "we sell lamps rugs and chairs",
        "text": "nothing of this is in any of the rows",
    }
    write_jsonl(tmp_path / "e.jsonl", [row])
    merged = against(frame, AgainstConfig(path="e.jsonl", match=match), tmp_path)
    assert set(merged.fates["id"]) == gone


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("abcd"), max_size=9).map(" ".join), min_size=1, max_size=6),
    st.lists(st.lists(st.sampled_from("abcd"), max_size=9).map(" ".join), min_size=1, max_size=6),
    st.sampled_from([0.3, 0.5, 0.8, 1.0]),
)
def test_the_similarity_is_the_greatest_true_one(rows, known, threshold) -> None:
    one = EvaluationSet(AgainstConfig(path="e", threshold=threshold), pl.Series(known))
    values = one.judge(pl.Series(rows)).similarity
    for row, value in zip(rows, values, strict=True):
        truth = max(jaccard(row, other) for other in known)
        assert value == 0 or (value == pytest.approx(truth) or threshold <= value <= truth)
        if truth == 1.0:
            assert value == 1.0


def test_a_long_page_that_holds_a_run_of_the_set(tmp_path) -> None:
    dice = random.Random(2)
    words = [f"w{dice.randrange(9999)}" for _ in range(600)]
    run = words[300:313]
    frame = pairs(
        {"kind": "document", "question": None, "answer": None, "text": " ".join(words)},
        {
            "kind": "document",
            "question": None,
            "answer": None,
            "text": " ".join([*words[:305], "x", *words[305:311]]),
        },
    )
    write_jsonl(tmp_path / "e.jsonl", [{"text": " ".join(["so", *run, "ends"])}, {"text": "w1 w2"}])
    config = AgainstConfig(path="e.jsonl", match="text", ngram=13, name="exam")
    merged = against(frame, config, tmp_path)
    fate = merged.fates.row(0, named=True)
    assert merged.fates.height == 1
    assert (fate["id"], fate["fate"], fate["value"]) == ("row00000", "dropped", 1.0)
    assert fate["reason"] == "shares 13 words in a row with 'exam'"
    assert against(frame, AgainstConfig(path="e.jsonl", match="text"), tmp_path).fates.height == 0


def test_a_set_that_cannot_be_read_whole_is_an_error(tmp_path) -> None:
    (tmp_path / "e.jsonl").write_text('{"question": "a b", "answer": "c"}\n{"question": \n')
    with pytest.raises(SourceError, match="line 2 cannot be read"):
        read(AgainstConfig(path="e.jsonl"), tmp_path)
    write_jsonl(tmp_path / "f.jsonl", [{"instruction": "a b c"}])
    with pytest.raises(SourceError, match="no row has 'question', 'answer'"):
        read(AgainstConfig(path="f.jsonl"), tmp_path)
    write_jsonl(tmp_path / "g.jsonl", [{"question": "?!"}])
    with pytest.raises(SourceError, match="no row has a word"):
        read(AgainstConfig(path="g.jsonl", match="question"), tmp_path)


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
def test_a_recipe_with_an_evaluation_set(tmp_path, form) -> None:
    rows = tickets(60)
    write_csv(tmp_path / "t.csv", rows)
    held = pl.DataFrame(rows[:5]).select("question", "answer")
    (tmp_path / "evals").mkdir()
    path = tmp_path / "evals" / f"set.{form}"
    {"csv": held.write_csv, "parquet": held.write_parquet, "jsonl": held.write_ndjson}[form](path)
    given = recipe(tmp_path, {"path": "t.csv"}, dedup={"against": [{"path": "evals", "name": "e"}]})
    loaded = load(given)
    check(loaded)
    done = prepare(loaded, tmp_path / "out", SilentProgress())
    fates = done.ledger.filter(pl.col("step") == "against")
    assert fates["source_id"].to_list() == [f"T-{n}" for n in range(5)]
    assert fates["similarity"].to_list() == [1.0] * 5
    assert done.counts["collected"] == 60


def test_a_set_that_is_not_there_is_named_before_the_run(tmp_path) -> None:
    write_csv(tmp_path / "t.csv", tickets(5))
    given = recipe(tmp_path, {"path": "t.csv"}, dedup={"against": [{"path": "nowhere.jsonl"}]})
    with pytest.raises(RecipeError, match=r"line \d+: .*no data file at .nowhere\.jsonl."):
        check(load(given))


def test_two_sets_need_two_names() -> None:
    with pytest.raises(ValidationError, match=r"two sets are named .e\.csv."):
        DedupConfig(against=[{"path": "a/e.csv"}, {"path": "b/e.csv"}])
