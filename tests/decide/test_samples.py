from __future__ import annotations

from tunesmith.decide.samples import samples


def rows(count, categories=5, category=None):
    """Row i shares i of its 99 words with the reference."""
    reference = " ".join(f"w{k}" for k in range(99))
    return [
        {
            "id": f"t{i:03d}", "category": category or f"c{i % categories}", "question": f"q{i}",
            "reference": reference,
            "prediction": " ".join(f"w{k}" if k < i else "no" for k in range(99)),
        }
        for i in range(count)
    ]  # fmt: skip


def test_the_best_the_worst_and_typical_rows_are_among_ten():
    found = samples({"lora": rows(99), "base": rows(99)[::1]}, "lora", 10)
    assert [s["why"] for s in found] == ["best"] * 3 + ["typical"] * 4 + ["worst"] * 3
    assert found[0]["id"] == "t098"
    assert found[-1]["id"] == "t000"
    assert "t049" in {s["id"] for s in found if s["why"] == "typical"}
    assert {s["category"] for s in found} == {f"c{i}" for i in range(5)}
    assert len({s["id"] for s in found}) == 10


def test_a_sample_holds_every_methods_answer_and_score():
    other = [{**row, "prediction": None} for row in rows(20)]
    sample = samples({"lora": rows(20), "base": other}, "lora", 10)[0]
    assert set(sample) == {
        "id", "category", "question", "reference", "why", "answers", "token_f1"
    }  # fmt: skip
    assert sample["answers"]["base"] is None
    assert sample["token_f1"]["base"] is None
    assert sample["token_f1"]["lora"] == 19 / 99


def test_the_order_of_rows_does_not_change_the_choice():
    there, back = rows(50), rows(50)[::-1]
    ids = [[s["id"] for s in samples({"lora": r}, "lora", 10)] for r in (there, back)]
    assert ids[0] == ids[1]


def test_few_rows_one_category_and_unscored_rows():
    few = rows(4, category="only")
    assert len(samples({"lora": few}, "lora", 10)) == 4
    assert {s["why"] for s in samples({"lora": few}, "lora", 3)} == {"best", "typical", "worst"}
    assert [s["why"] for s in samples({"lora": few}, "lora", 1)] == ["best"]
    assert samples({"lora": few}, "lora", 0) == []
    unscored = [{**row, "prediction": None} for row in few]
    assert samples({"lora": unscored}, "lora", 10) == []
