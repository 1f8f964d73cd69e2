from __future__ import annotations

import pytest

from tunesmith.errors import TunesmithError
from tunesmith.tune.formats.base import IGNORED, collected


@pytest.mark.parametrize(
    "row",
    [
        {"input_ids": [1, 2, 3], "labels": [IGNORED] * 3},
        # the first token has nothing before it to be predicted from
        {"input_ids": [1, 2, 3], "labels": [1, IGNORED, IGNORED]},
        {
            "input_ids": [1, 2],
            "labels": [IGNORED, 2],
            "rejected_input_ids": [1, 2],
            "rejected_labels": [IGNORED, IGNORED],
        },
    ],
)
def test_a_row_without_a_token_to_learn_is_refused(row: dict[str, list[int]]) -> None:
    good = {"input_ids": [1, 2], "labels": [IGNORED, 2]}
    with pytest.raises(TunesmithError, match="no token to learn") as refused:
        collected([("good", good), ("bad", row)], max_length=10)
    assert "row bad" in str(refused.value)


def test_figures_count_both_answers_of_a_pair() -> None:
    row = {
        "input_ids": [1, 2],
        "labels": [IGNORED, 2],
        "rejected_input_ids": [1, 2, 3],
        "rejected_labels": [IGNORED, 2, 3],
    }
    encoded = collected([("a", row)], max_length=3)
    assert (encoded.tokens, encoded.answer_tokens, encoded.lengths) == (5, 3, [5])
