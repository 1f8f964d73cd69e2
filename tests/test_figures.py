from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.figures import CONFIDENCE_EDGES, _confidence_bands


@given(st.lists(st.tuples(st.sampled_from(["qa", "document"]), st.none() | st.floats(0, 1))))
def test_every_row_with_a_confidence_is_in_one_band(rows) -> None:
    is_pair = np.array([kind == "qa" for kind, _ in rows], dtype=bool)
    known = np.array([np.nan if sure is None else sure for _, sure in rows], dtype=float)
    bands = _confidence_bands(is_pair, known)
    assert sum(band["rows"] for band in bands) == sum(sure is not None for _, sure in rows)
    for band in bands:
        inside = [
            kind == band["kind"]
            and sure is not None
            and (band["from"] <= sure < band["to"] or sure == band["to"] == CONFIDENCE_EDGES[-1])
            for kind, sure in rows
        ]
        assert band["rows"] == sum(inside)


def test_without_language_identification_there_are_no_bands() -> None:
    assert _confidence_bands(np.array([True]), np.array([np.nan])) == []
