import pytest

from tunesmith.prompting import Example, FewShotConfig, select_shots


def test_similar_examples_come_nearest_last(examples: list[Example]) -> None:
    asked = Example("test", "where is my order refund parcel?", "?", "orders")
    [shots] = select_shots(FewShotConfig(k=2), train=examples, questions=[asked])
    assert shots[-1].question == "where is my order refund parcel?"
    assert len(shots) == 2


def test_every_question_of_a_category_gets_the_same_examples_of_it(
    examples: list[Example],
) -> None:
    config = FewShotConfig(k=3, select="category")
    questions = [Example(str(i), f"question {i}", "?", "billing") for i in range(3)]
    chosen = select_shots(config, train=examples, questions=questions)
    assert chosen[0] == chosen[1] == chosen[2]
    assert {shot.category for shot in chosen[0]} == {"billing"}
    assert len({shot.id for shot in chosen[0]}) == 3


def test_a_category_unknown_to_training_gets_examples_of_the_whole_split(
    examples: list[Example],
) -> None:
    config = FewShotConfig(k=3, select="category")
    [shots] = select_shots(config, train=examples, questions=[Example("x", "q", "a", "new")])
    assert len(shots) == 3


@pytest.mark.parametrize("select", ["similarity", "category"])
def test_answers_of_the_questions_play_no_part(examples: list[Example], select: str) -> None:
    config = FewShotConfig.model_validate({"select": select})
    plain = [Example(str(i), f"where is my parcel {i}", "a", "orders") for i in range(4)]
    told = [Example(row.id, row.question, "the refund", row.category) for row in plain]
    assert select_shots(config, train=examples, questions=plain) == select_shots(
        config, train=examples, questions=told
    )


def test_the_order_of_the_training_rows_does_not_change_a_categorys_examples(
    examples: list[Example],
) -> None:
    config = FewShotConfig(k=2, select="category")
    asked = [Example("x", "q", "a", "orders")]
    assert select_shots(config, train=examples, questions=asked) == select_shots(
        config, train=examples[::-1], questions=asked
    )


def test_no_training_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="training examples"):
        select_shots(FewShotConfig(), train=[], questions=[Example("x", "q", "a")])


def test_of_equal_examples_the_one_that_counts_whole_is_shown() -> None:
    light = Example("a", "Where is my parcel?", "It is late.", "delivery", weight=0.5)
    whole = Example("b", "Where is my parcel?", "It comes today.", "delivery")
    asked = [Example("q", "Where is the parcel?", "", "delivery")]
    for select in ("similarity", "category"):
        config = FewShotConfig(k=1, select=select)
        assert select_shots(config, train=[light, whole], questions=asked) == [[whole]]
