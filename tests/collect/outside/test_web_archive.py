from __future__ import annotations

import gzip
import random
import time
import tracemalloc
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outside_reading import read_all
from tunesmith.collect.base import Place
from tunesmith.collect.outside.warc import Records
from tunesmith.collect.outside.web_archive import WebArchiveSource

HTML = b"<html><head><title>T</title></head><body><main><h1>Title %d</h1><p>Some words of a page.</p></main></body></html>"


def record(
    number: int, body: bytes | None = None, kind: str = "response", http: str = "", **headers: str
) -> bytes:
    page = HTML % number if body is None else body
    if kind == "response":
        page = (
            f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n{http}\r\n".encode()
            + page
        )
    named = {
        "WARC-Type": kind, "WARC-Record-ID": f"<urn:{number}>", "WARC-Target-URI": f"http://a.example/{number}",
        "WARC-Date": "2024-05-18T01:58:10Z", "Content-Length": str(len(page)),
        "Content-Type": "application/http; msgtype=response" if kind == "response" else "text/plain",
    }  # fmt: skip
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"WARC/1.0\r\n{head}\r\n".encode() + page + b"\r\n\r\n"


def read(tmp_path, raw: bytes, **more):  # type: ignore[no-untyped-def]
    (tmp_path / "a.warc").write_bytes(raw)
    return read_all(WebArchiveSource(name="web", path="a.warc", **more), tmp_path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_captures_become_documents(tmp_path, pack) -> None:
    licensed = (
        HTML.replace(
            b"<h1>", b'<a rel="license" href="//creativecommons.org/licenses/by-sa/4.0/">l</a><h1>'
        )
        % 1
    )
    records = [
        record(0, b"x", "warcinfo"),
        record(1, licensed),
        record(2, b"plain words", "conversion"),
        record(3, b"x", "request"),
    ]
    rows, fates = read(tmp_path, b"".join(map(pack, records)))
    assert rows["license"].to_list() == ["CC-BY-SA-4.0", None]
    assert rows["source_id"].to_list() == ["http://a.example/1", "http://a.example/2"]
    assert rows["timestamp"].to_list() == [datetime(2024, 5, 18, 1, 58, 10, tzinfo=UTC)] * 2
    assert [place.split(" at ")[0] for place in rows["position"]] == ["record 2", "record 3"]
    assert fates["reason"].to_list() == [
        "1 'request' records hold no page",
        "1 'warcinfo' records hold no page",
    ]


def test_transfer_and_content_codings(tmp_path) -> None:
    page = HTML % 7
    chunked = b"5\r\n" + page[:5] + b"\r\n%x\r\n" % (len(page) - 5) + page[5:] + b"\r\n0\r\n\r\n"
    records = [
        record(1, chunked, http="Transfer-Encoding: chunked\r\n"),
        record(2, page, http="Transfer-Encoding: chunked\r\n"),
        record(3, gzip.compress(page), http="Content-Encoding: gzip\r\n"),
        record(4, page, http="Content-Encoding: gzip\r\n"),
        record(5, b"\x00\x01", http="Content-Encoding: br\r\n"),
        record(6, gzip.compress(bytes(50_000_000)), http="Content-Encoding: gzip\r\n"),
        record(7, page, http="TDM-Reservation: 1\r\n"),
    ]
    rows, fates = read(tmp_path, b"".join(records), max_record_mib=1)
    assert rows["text"].to_list() == ["# Title 7\n\nSome words of a page."] * 4
    assert fates["reason"].to_list() == [
        "the page is in a content coding that is not read",
        "the page has more than 1,048,576 bytes",
        "the server reserves text and data mining",
    ]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (
            lambda raw: raw.replace(b"Content-Length", b"Content-Langth"),
            "the record does not say how long it is",
        ),
        (
            lambda raw: raw.replace(b"Content-Length: ", b"Content-Length: -"),
            "the record does not say how long it is",
        ),
        (
            lambda raw: raw.replace(b"Content-Length: ", b"Content-Length: 1"),
            "the record is shorter than it says",
        ),
        (lambda raw: b"\0garbage" * 3_000 + b"\r\n", "what stands here is no record"),
        (lambda raw: raw[:200], None),
        (
            lambda raw: raw.replace(b"HTTP/1.1 200 OK", b"nothing of HTTP"),
            "the record holds no HTTP answer",
        ),
    ],
)
def test_a_damaged_record_costs_only_itself(tmp_path, damage, reason) -> None:
    raw = b"".join([record(1), record(2), damage(record(3)), record(4), record(5), record(6)])
    rows, fates = read(tmp_path, raw)
    assert {1, 2, 4, 5, 6} - {int(place.rpartition("/")[2]) for place in rows["source_id"]} <= (
        {4} if reason is None else set()
    )
    if reason is not None:
        assert reason in fates["reason"].to_list()
        assert rows.height == 5


def test_a_damaged_gzip_member_costs_only_itself(tmp_path) -> None:
    members = [gzip.compress(record(number)) for number in range(1, 7)]
    members[2] = members[2][:60] + bytes([members[2][60] ^ 0xFF]) + members[2][61:]
    members[4] = members[4][:80]
    rows, fates = read(tmp_path, b"".join(members))
    found = {int(place.rpartition("/")[2]) for place in rows["source_id"]}
    assert {1, 2, 4} <= found
    assert "a gzip member is damaged" in fates["reason"].to_list()
    offset = len(members[0]) + len(members[1])
    assert any(place.endswith(f"at byte {offset}") for place in fates["position"])


def test_large_records_and_bombs_take_no_memory(tmp_path) -> None:
    large = record(2, b"a" * 30_000_000, "conversion")
    bomb = gzip.compress(
        record(3, b"", "conversion", Content_Length="200000000") + bytes(100_000_000)
    )
    raw = b"".join([gzip.compress(record(1)), gzip.compress(large), bomb, gzip.compress(record(4))])
    del large
    (tmp_path / "a.warc").write_bytes(raw)
    source = WebArchiveSource(name="web", path="a.warc", max_record_mib=2)
    tracemalloc.start()
    chunks = list(source.read(Place.file(tmp_path / "a.warc", "a.warc", datetime.now(UTC))))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert chunks[0].frame["source_id"].to_list() == ["http://a.example/1", "http://a.example/4"]
    assert peak < 24 << 20
    assert "more than the limit" in chunks[0].fates["reason"][0]


def test_any_damage_ends_in_time(tmp_path) -> None:
    """What is cut out, doubled, overwritten and swapped anywhere, in both forms of an archive."""
    dice = random.Random(7)
    plain = b"".join(record(number) for number in range(12))
    packed = b"".join(gzip.compress(record(number)) for number in range(12))
    start = time.process_time()
    for round_ in range(300):
        raw = bytearray(plain if round_ % 2 else packed)
        for _ in range(dice.randrange(1, 6)):
            at = dice.randrange(len(raw))
            size = dice.randrange(1, 400)
            raw[at : at + size] = dice.choice([b"", raw[at : at + size] * 2, dice.randbytes(size), b"WARC/1.0\r\n", b"\r\n\r\n", b"\x1f\x8b\x08"])  # fmt: skip
        rows, fates = read(tmp_path, bytes(raw))
        assert rows.height + fates.height >= 1
    assert time.process_time() - start < 30


@pytest.mark.parametrize("unit", [b"WARC/1.0\r\n", b"\r\n", b"\x1f\x8b\x08\x00", b"filedesc://a\n", b"WARC/1.0\r\nContent-Length: 0\r\n\r\n",
                                  b"WARC/1.0\r\nContent-Length: 9\r\n\r\n", b"http://a 1.1.1.1 20140101000000 a 1\n", b"a", b"\n "])  # fmt: skip
def test_time_grows_with_the_length(tmp_path, unit) -> None:
    start = time.process_time()
    for lead in (b"", b"WARC/1.0\r\n", b"filedesc://a 1.1.1.1 20140101000000 text/plain 0\n"):
        read(tmp_path, lead + unit * (600_000 // len(unit)))
    assert time.process_time() - start < 12


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"WARC/1.0\r\n", b"\x1f\x8b\x08\x00", b"filedesc:"]),
)
def test_any_bytes_end_as_rows_or_reasons(tmp_path, raw, start) -> None:
    rows, fates = read(tmp_path, start + raw)
    assert rows.height + fates.height >= 1


REAL = {
    "CC-MAIN-2024-22.warc.paths.gz": (0, 1), "warcio/bad.arc": (0, 3), "warcio/example-bad-non-chunked.warc.gz": (1, 0),
    "warcio/example-bad.warc.gz.bad": (1, 0), "warcio/example-digest.warc": (0, 0), "warcio/example-iana.org-chunked.warc": (1, 0),
    "warcio/example-resource.warc.gz": (1, 0), "warcio/example-space-in-target-uri.warc.gz": (0, 0),
    "warcio/example-space-in-url.arc": (0, 1), "warcio/example-trunc.warc": (1, 1), "warcio/example-wget-bad-target-uri.warc.gz": (1, 0),
    "warcio/example-wrong-chunks.warc.gz": (1, 0), "warcio/example.arc": (1, 0), "warcio/example.arc.gz": (1, 0),
    "warcio/example.warc": (1, 0), "warcio/example.warc.gz": (1, 0), "warcio/post-test.warc.gz": (0, 0),
    "whirlwind.warc": (1, 0), "whirlwind.warc.gz": (1, 0), "whirlwind.warc.wat": (0, 0), "whirlwind.warc.wat.gz": (0, 0),
    "whirlwind.warc.wet": (1, 0), "whirlwind.warc.wet.gz": (1, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_real_archives(tmp_path, shared_data, name) -> None:
    source = WebArchiveSource(name="web", path=f"commoncrawl-warc/{name}")
    rows, fates = read_all(source, shared_data, tmp_path)
    assert (rows.height, fates["fate"].to_list().count("quarantined")) == REAL[name]
    if name.startswith("whirlwind.warc") and rows.height and ".wet" not in name:
        assert rows["license"].to_list() == ["CC-BY-SA-4.0"]


CLAIM = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: %d\r\n\r\n"


@pytest.mark.parametrize(
    ("raw", "count"),
    [
        (CLAIM % 8_000_000 * 160_000, 160_000),
        (CLAIM % 8_000_000 + record(1, b"", "conversion") * 60_000, 60_001),
        (gzip.compress(b"W", mtime=0) * 20_000, 1),
        (gzip.compress(CLAIM % 8_000_000) + gzip.compress(record(1, b"", "request")) * 15_000, 15_001),
        (b"\x1f\x8b\x08\0" * 50_000, 1),
        (b"WARC/1.0\r\n" + b"\n" * 9_000_000, 1),
    ],
    ids=["claims", "one claim", "tiny members", "claim in a member", "starts of members", "lines"],
)  # fmt: skip
def test_time_grows_with_the_file(tmp_path, raw: bytes, count: int) -> None:
    """What each record costs does not depend on what is held of the file behind it."""
    (tmp_path / "a.warc").write_bytes(raw)
    start = time.process_time()
    found = sum(1 for _ in Records(tmp_path / "a.warc", 16 << 20))
    assert time.process_time() - start < 15
    assert found == count


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_record_that_claims_to_be_vast_costs_only_itself(tmp_path, pack) -> None:
    records = [record(1), record(2, Content_Length="999999999999"), record(3)]
    rows, fates = read(tmp_path, b"".join(map(pack, records)))
    assert rows["source_id"].to_list() == ["http://a.example/1", "http://a.example/3"]
    [reason] = fates["reason"]
    assert reason in {"the record says that it is longer than the file", "the record is shorter than it says"}  # fmt: skip


def test_members_within_members_are_looked_for_within_bounds(tmp_path) -> None:
    """Stored blocks that each hold the start of another member, none of them whole."""
    start = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    nested = b"".join(start + b"\0\xf1\xff\x0e\0" + bytes(5) for _ in range(150_000))
    (tmp_path / "a.warc").write_bytes(nested)
    began = time.process_time()
    assert len(list(Records(tmp_path / "a.warc", 1 << 20))) >= 1
    assert time.process_time() - began < 20
