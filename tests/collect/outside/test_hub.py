from __future__ import annotations

import json
from collections import Counter

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outside_reading import extra, read_all
from tunesmith.collect.outside.hub import HubSource
from tunesmith.collect.outside.shapes import shaped
from tunesmith.errors import SourceError

CARD = "---\nlicense: cc-by-4.0\ntags: [a]\n---\n# A set\n"


def read(tmp_path, **more):  # type: ignore[no-untyped-def]
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    return read_all(HubSource(name="hub", path="set", **more), tmp_path, work)


def put(tmp_path, **files: str | bytes):  # type: ignore[no-untyped-def]
    (tmp_path / "set").mkdir(exist_ok=True)
    for name, content in files.items():
        path = tmp_path / "set" / name.replace("__", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"question": "q", "answer": "a"}, [("q", "a", None)]),
        ({"instruction": "do", "input": "x", "output": "y"}, [("do\n\nx", "y", None)]),
        ({"instruction": "do", "input": "", "output": "y"}, [("do", "y", None)]),
        ({"text": "words", "label": 3}, [(None, None, "words")]),
        ({"context": "c", "question": "q", "answers": [{"text": "a"}, {"text": "b"}]}, [("c\n\nq", "a", None)]),
        ({"question": "q", "answers": {"text": ["a"]}}, [("q", "a", None)]),
        ({"prompt": "p", "chosen": "good", "rejected": "bad"}, [("p", "good", None)]),
        (
            {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"},
                          {"role": "user", "content": [{"type": "text", "text": "q2"}]}, {"role": "assistant", "content": "a2"}]},
            [("q", "a", None), ("Customer: q\n\nAgent: a\n\nq2", "a2", None)],
        ),
        ({"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}, [("q", "a", None)]),
        ({"conversations": [{"from": "human", "value": "q"}], "chosen": {"from": "gpt", "value": "a"}}, [("q", "a", None)]),
    ],
)  # fmt: skip
def test_shapes(values, expected) -> None:
    assert [(one.question, one.answer, one.text) for one in shaped(values)] == expected


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"a": 1}, "no column holds a question, an answer or a text"),
        ({"instruction": "do"}, "the answer is missing"),
        (
            {"messages": [{"role": "user", "content": "q"}]},
            "no question of the conversation is answered",
        ),
        ({"messages": ["q"]}, "a turn of the conversation is not an object"),
        (
            {"messages": [{"role": "user", "content": "q"}], "label": False},
            "marked as an answer that is not wanted",
        ),
    ],
)
def test_rows_that_are_left_out(values, problem) -> None:
    assert [one.problem for one in shaped(values)] == [problem]


@given(st.recursive(st.none() | st.text(max_size=4) | st.integers() | st.booleans(),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["messages", "role", "content", "from", "value", "text", "answers", "question", "instruction"]), inner),
                    max_leaves=15))  # fmt: skip
def test_any_row_has_one_end(value) -> None:
    if isinstance(value, dict):
        found = shaped(value)
        assert found
        assert all(
            (one.problem is not None) != (one.answer is not None or one.text is not None)
            for one in found
        )


def test_every_format_with_the_card_s_licence(tmp_path) -> None:
    rows = [
        {"id": "1", "question": "q1", "answer": "a1", "category": "x"},
        {"id": "2", "question": "q2", "answer": "a2", "category": "y"},
    ]
    frame = pl.DataFrame(rows)
    put(
        tmp_path,
        README__md=CARD,
        a__jsonl="\n".join(map(json.dumps, rows)),
        b__json=json.dumps(rows),
        c__json=json.dumps({"data": rows}),
    )
    put(tmp_path, e__csv=frame.write_csv())
    frame.write_parquet(tmp_path / "set" / "f.parquet")
    table = frame.to_arrow().cast(pa.schema([(name, pa.string()) for name in frame.columns]))
    with (
        pa.OSFile(str(tmp_path / "set" / "g.arrow"), "wb") as file,
        pa.ipc.new_stream(file, table.schema) as writer,
    ):
        writer.write_table(table)
    with (
        pa.OSFile(str(tmp_path / "set" / "h.arrow"), "wb") as file,
        pa.ipc.new_file(file, table.schema) as writer,
    ):
        writer.write_table(table)
    found, fates = read(tmp_path)
    assert Counter(found["file"]) == {
        f"set/{name}": 2
        for name in ("a.jsonl", "b.json", "c.json", "e.csv", "f.parquet", "g.arrow", "h.arrow")
    }
    assert set(found["license"]) == {"CC-BY-4.0"}
    assert set(found["category"]) == {"x", "y"}
    assert fates["file"].to_list() == ["set/README.md"]


def test_a_saved_data_set(tmp_path) -> None:
    datasets = pytest.importorskip("datasets")
    made = datasets.Dataset.from_list(
        [{"question": "q", "answer": "a"}, {"question": "q2", "answer": "a2"}]
    )
    datasets.DatasetDict({"train": made}).save_to_disk(str(tmp_path / "set"))
    rows, fates = read(tmp_path, license="MIT")
    assert rows["question"].to_list() == ["q", "q2"]
    assert set(rows["license"]) == {"MIT"}
    assert set(fates["fate"]) == {"dropped"}


def test_mapped_columns(tmp_path) -> None:
    put(tmp_path, a__jsonl='{"frage": "q", "antwort": "a", "more": "m"}\n')
    rows, _ = read(tmp_path, columns={"question": "frage", "answer": "antwort"})
    assert rows.select("question", "answer").rows() == [("q", "a")]
    assert extra(rows.row(0, named=True), "more") == "m"


def test_licences_of_cards_and_files(tmp_path) -> None:
    put(tmp_path, a__jsonl='{"text": "t"}\n', README__md="---\nlicense:\n- apache-2.0\n---\n")
    assert read(tmp_path)[0]["license"].to_list() == ["Apache-2.0"]
    put(tmp_path, README__md="---\nlicense: other\n---\n")
    assert read(tmp_path)[0]["license"].to_list() == ["other"]
    put(tmp_path, README__md="no card", LICENSE="Attribution 4.0 International")
    assert read(tmp_path)[0]["license"].to_list() == ["CC-BY-4.0"]


def test_bad_files_cost_only_themselves(tmp_path) -> None:
    put(tmp_path, a__jsonl='{"text": "t"}\nnot json\n[1]\n', b__json="{", c__parquet=b"PAR1", d__arrow=b"ARROW1 nothing", e__json="3",
        f__json="[1, {}]", g__arrow=b"\xff\xff\xff\xff\xff\xff\xff\x7f", h__jsonl=b"")  # fmt: skip
    rows, fates = read(tmp_path)
    assert rows["text"].to_list() == ["t"]
    assert {name.partition("/")[2] for name in fates["file"]} == {
        "a.jsonl",
        "b.json",
        "c.parquet",
        "d.arrow",
        "e.json",
        "f.json",
        "g.arrow",
        "h.jsonl",
    }


def test_a_named_data_set_without_a_network(tmp_path, monkeypatch) -> None:
    pytest.importorskip("huggingface_hub")
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    source = HubSource(name="hub", dataset="nobody/nothing-here")
    with pytest.raises(SourceError, match="nobody/nothing-here") as error:
        source.gather(tmp_path, tmp_path)
    assert "offline" in str(error.value)
    with pytest.raises(ValueError, match="either path or dataset"):
        HubSource(name="hub")


@pytest.mark.parametrize(
    ("folder", "rows", "license_"),
    [("training-formats", 3583, "Apache-2.0"), ("squad-format", 1190, "CC-BY-SA-4.0"), ("banking77", 10003, "CC-BY-4.0"), ("judge-and-bookings", 200, "Apache-2.0")],
)  # fmt: skip
def test_real_data_sets(tmp_path, shared_data, folder, rows, license_) -> None:
    found, _ = read_all(HubSource(name="hub", path=folder), shared_data, tmp_path)
    assert found.height == rows
    assert set(found["license"]) == {license_}
