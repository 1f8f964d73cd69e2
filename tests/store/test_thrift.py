"""Footers are read and written again as they were."""

from __future__ import annotations

import io

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.store.thrift import (
    BINARY,
    DOUBLE,
    FALSE,
    I16,
    I32,
    I64,
    LIST,
    STRUCT,
    TRUE,
    read_struct,
    write_struct,
)

WHOLE = st.integers(-(2**63), 2**63 - 1)
PLAIN = st.one_of(
    st.tuples(st.sampled_from([I16, I32, I64]), WHOLE),
    st.tuples(st.just(BINARY), st.binary(max_size=200)),
    st.tuples(st.just(DOUBLE), st.floats(allow_nan=False)),
    st.tuples(st.sampled_from([TRUE, FALSE]), st.none()),
    st.tuples(st.just(LIST), st.tuples(st.just(I64), st.lists(WHOLE, max_size=40))),
)
STRUCTS = st.recursive(
    st.dictionaries(st.integers(1, 400), PLAIN, max_size=6),
    lambda inner: st.dictionaries(
        st.integers(1, 40),
        PLAIN
        | st.tuples(st.just(STRUCT), inner)
        | st.tuples(st.just(LIST), st.tuples(st.just(STRUCT), st.lists(inner, max_size=20))),
        max_size=4,
    ),
    max_leaves=8,
)


@given(STRUCTS, st.binary(max_size=5))
def test_what_was_written_is_read(fields, before) -> None:
    out = bytearray(before)
    write_struct(fields, out)
    assert read_struct(bytes(out), len(before)) == (fields, len(out))


@pytest.mark.parametrize("writer", ["polars", "pyarrow"])
def test_footers_of_other_writers_come_out_byte_for_byte(writer) -> None:
    """The independent reference is what the writers of Polars and Arrow (C++) give."""
    table = pl.DataFrame(
        {"a": range(3000), "b": ["x", None, "z"] * 1000, "c": [[1.5, None]] * 3000}
    )
    file = io.BytesIO()
    if writer == "polars":
        table.write_parquet(file, row_group_size=700)
    else:
        pq.write_table(pa.table(table.to_arrow()), file, row_group_size=700)
    data = file.getvalue()
    size = int.from_bytes(data[-8:-4], "little")
    footer = data[-8 - size : -8]
    fields, end = read_struct(footer)
    assert end == size
    out = bytearray()
    write_struct(fields, out)
    assert bytes(out) == footer


def test_a_type_that_no_footer_has_is_refused() -> None:
    with pytest.raises(ValueError, match="type 11"):
        read_struct(bytes([0x1B, 0x00]))
