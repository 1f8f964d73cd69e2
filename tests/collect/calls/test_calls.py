from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tunesmith.collect.base import Place
from tunesmith.collect.calls import CallSource
from tunesmith.collect.calls.speech import Speech, filler_pattern, turns, without_fillers
from tunesmith.collect.talk import Talk

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def collect(base: Path, path: str, **more) -> tuple[pl.DataFrame, pl.DataFrame]:
    source = CallSource(name="calls", path=path, **more)
    chunks = [
        chunk
        for file in source.files(base)
        for chunk in source.read(Place.file(file, source.display_name(file, base), NOW))
    ]
    rows, fates = pl.concat([c.frame for c in chunks]), pl.concat([c.fates for c in chunks])
    ids = pl.concat([rows["id"], fates["id"]])
    assert ids.n_unique() == len(ids)
    return rows, fates


def said(base: Path, text: str | bytes, name: str = "a.vtt", **more) -> list[tuple]:
    (base / name).write_bytes(text.encode() if isinstance(text, str) else text)
    source = CallSource(name="calls", path=name, **more)
    found = []
    for one in source.talks(Place.file(base / name, name, NOW)):
        if isinstance(one, Talk):
            found += [(m.role, m.author, m.text) for m in one.messages]
        else:
            found.append(one.reason)
    return found


VTT = """WEBVTT - a call

NOTE made by a machine
over two lines

STYLE
::cue { color: red }

1
00:00:01.000 --> 00:00:02.500 align:start position:10%
<v Ann>Support, <i>hello</i> &amp; welcome.</v>

intro
00:03.000 --> 00:04.000
<v.loud Bob>My parcel is lost.</v>

00:00:05.000 --> 00:00:06.000
<v Bob>Since Monday.</v>

00:00:07.000 --> 00:00:08.000
Ann: It arrives at 10:30.
"""


def test_webvtt(tmp_path) -> None:
    assert said(tmp_path, VTT) == [
        ("agent", "Ann", "Support, hello & welcome."),
        ("customer", "Bob", "My parcel is lost. Since Monday."),
        ("agent", "Ann", "It arrives at 10:30."),
    ]


def test_a_row_says_when_and_where(tmp_path) -> None:
    (tmp_path / "a.vtt").write_text(VTT)
    rows, fates = collect(
        tmp_path, "a.vtt", started="2025-03-04 14:00", timezone="Europe/Berlin", license="MIT"
    )
    (row,) = rows.to_dicts()
    told = {
        "question": "My parcel is lost. Since Monday.", "answer": "It arrives at 10:30.",
        "position": "cue 2", "line": 13, "author": "Ann", "customer": "Bob", "role": "agent",
        "timestamp": datetime(2025, 3, 4, 13, 0, 3, tzinfo=UTC), "zone": "+01:00", "license": "MIT",
        "thread": "a.vtt",
    }  # fmt: skip
    assert {name: row[name] for name in told} == told
    assert {"key": "length_s", "value": "8"} in row["extra"]
    assert fates["reason"].to_list() == ["no question before it"]


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("GMT20250304-140000_Recording.transcript.vtt", datetime(2025, 3, 4, 14, 0, 3, tzinfo=UTC)),
        ("2025-03-04_14-00-00.vtt", datetime(2025, 3, 4, 13, 0, 3, tzinfo=UTC)),
        ("call 2025-03-04.vtt", datetime(2025, 3, 3, 23, 0, 3, tzinfo=UTC)),
        ("call 20259904-140000.vtt", None),
        ("call.vtt", None),
    ],
)
def test_the_name_says_when(tmp_path, name, at) -> None:
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / name).write_text(VTT)
    rows, _ = collect(tmp_path, "calls", timezone="Europe/Berlin")
    assert rows["timestamp"].to_list() == [at]


def test_srt_in_another_encoding(tmp_path) -> None:
    text = (
        "1\r\n00:00:01,000 --> 00:00:02,000\r\n- Jürg: Grüß Gott, wie kann ich für Sie da sein?\r\n\r\n"
        "2\r\n00:00:03,000 --> 00:00:04,000\r\nUte: Ich möchte die Tür zurückschicken.\r\n\r\n"
        "3\r\n00:00:05,000 --> 00:00:06,000\r\nJürg: Natürlich, das können wir für Sie ändern.\r\n"
    )
    found = said(tmp_path, text.encode("cp1252"), "a.srt")
    assert [one[:2] for one in found] == [("agent", "Jürg"), ("customer", "Ute"), ("agent", "Jürg")]
    assert said(tmp_path, text.encode("utf-16"), "b.srt") == found


def test_what_roles_speakers_have(tmp_path) -> None:
    cues = "".join(
        f"\n00:0{n}:00.000 --> 00:0{n}:01.000\n{who}: words {n}\n"
        for n, who in enumerate(["Cid", "Ann", "Bob", "Customer"])
    )
    roles = [one[0] for one in said(tmp_path, "WEBVTT\n" + cues)]
    assert roles == ["agent", "customer", "customer", "customer"]
    roles = [
        one[0]
        for one in said(tmp_path, "WEBVTT\n" + cues, speakers={"ann": "agent", "*": "customer"})
    ]
    assert roles == ["customer", "agent", "customer", "customer"]
    assert said(tmp_path, "WEBVTT\n" + cues, names_in_text=False)[0][2].startswith("Cid: words 0")


def test_turns_end_at_pauses_by_setting() -> None:
    pieces = [
        Speech("a", "1", "Ann", 0, 1), Speech("b", "2", "Ann", 2, 3), Speech("c", "3", None, 3, 4),
        Speech("d", "4", "Ann", 60, 61), Speech("e", "5", "Bob", 62, 63),
    ]  # fmt: skip
    assert [one.text for one in turns(pieces)] == ["a b c d", "e"]
    assert [one.text for one in turns(pieces, pause_s=30)] == ["a b c", "d", "e"]
    assert [one.pieces for one in turns(pieces)] == [4, 1]


@given(st.lists(st.tuples(st.sampled_from(["A", "B", None]), st.floats(0, 100)), max_size=30))
def test_every_piece_is_in_one_turn(pieces) -> None:
    given_ = [
        Speech(f"w{n}", str(n), who, start, start + 1) for n, (who, start) in enumerate(pieces)
    ]
    found = list(turns(given_, pause_s=5))
    assert " ".join(one.text for one in found).split() == [one.text for one in given_]
    assert sum(one.pieces for one in found) == len(given_)


@pytest.mark.parametrize(
    ("text", "languages", "expected"),
    [
        ("Um, I have, uh, a question, erm.", ["en"], "I have, a question."),
        ("Uhm. Hmm", ["en"], ""),
        ("Yes. Um. No, um... Uh, never!", ["en"], "Yes. No. Never!"),
        ("The umbrella is her uncle's, ah well", ["en"], "The umbrella is her uncle's, well"),
        ("Ähm, der Ehemann war da", ["de"], "Der Ehemann war da"),
        ("No filler, here", ["en"], "No filler, here"),
    ],
)
def test_fillers(text, languages, expected) -> None:
    assert without_fillers(text, filler_pattern(languages)) == expected


def test_fillers_are_removed_by_setting(tmp_path) -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\nAnn: Um, hello.\n"
    assert said(tmp_path, text)[0][2] == "Um, hello."
    assert said(tmp_path, text, fillers="remove")[0][2] == "Hello."


SEGMENTS = [
    {"speaker": "A", "start": 0.5, "end": 1.0, "text": "Hello."},
    {"speaker": "B", "start": 1.5, "end": 2.0, "text": "Where is it?"},
    {"speaker": "A", "start": 2.5, "end": 3.0, "text": "Here."},
]
DOCUMENTS = {
    "whisperx": {"segments": SEGMENTS, "language": "en"},
    "list": SEGMENTS,
    "assemblyai": {"text": "all", "utterances": [
        one | {"start": int(one["start"] * 1000), "end": int(one["end"] * 1000), "words": []} for one in SEGMENTS]},
    "deepgram": {"results": {"utterances": [
        {"speaker": one["speaker"], "start": one["start"], "end": one["end"], "transcript": one["text"]} for one in SEGMENTS]}},
    "deepgram words": {"results": {"channels": [{"alternatives": [{"transcript": "x", "words": [
        {"word": word.lower().strip(".?"), "punctuated_word": word, "speaker": one["speaker"], "start": one["start"], "end": one["end"]}
        for one in SEGMENTS for word in one["text"].split()]}]}]}},
    "aws": {"results": {
        "speaker_labels": {"segments": [{"items": [
            {"start_time": str(one["start"]), "speaker_label": one["speaker"]}]} for one in SEGMENTS]},
        "items": [item for one in SEGMENTS for item in (
            {"type": "pronunciation", "start_time": str(one["start"]), "end_time": str(one["end"]),
             "alternatives": [{"content": one["text"][:-1]}]},
            {"type": "punctuation", "alternatives": [{"content": one["text"][-1]}]})]}},
    "revai": {"monologues": [
        {"speaker": one["speaker"], "elements": [{"type": "text", "value": one["text"], "ts": 1.0}]} for one in SEGMENTS]},
    "azure": {"recognizedPhrases": [
        {"speaker": one["speaker"], "offset": one["start"], "nBest": [{"display": one["text"]}]} for one in SEGMENTS]},
}  # fmt: skip


@pytest.mark.parametrize("shape", DOCUMENTS)
def test_transcripts_in_json(tmp_path, shape) -> None:
    assert said(tmp_path, json.dumps(DOCUMENTS[shape]), "a.json") == [
        ("agent", "A", "Hello."),
        ("customer", "B", "Where is it?"),
        ("agent", "A", "Here."),
    ]


def test_json_by_mapping(tmp_path) -> None:
    document = {
        "x": {
            "y": [
                {"wer": "A", "was": "hi", "von": 90_000},
                {"wer": "B", "was": "ho", "von": 91_000},
            ]
        }
    }
    (tmp_path / "a.json").write_text(json.dumps(document))
    rows, _ = collect(
        tmp_path, "a.json", started="2025-01-01", speakers={"A": "customer", "B": "agent"},
        fields={"segments": "x.y", "speaker": "wer", "text": "was", "start": "von", "unit": "ms"},
    )  # fmt: skip
    assert rows.select("question", "answer").rows() == [("hi", "ho")]
    assert rows["timestamp"][0] == datetime(2025, 1, 1, 0, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("a.vtt", b"", ["the file is empty"]),
        ("a.vtt", b"WEBVTT\n", ["nothing was said in it"]),
        ("a.bin", bytes(range(256)), ["not a transcript of a known format"]),
        ("a.json", b'{"error": 1}', ["no list of what was said is in it"]),
        ("a.json", b"[" * 100_000, ["the JSON ends before it is complete"]),
        ("a.json", b'{"segments": [{"speaker": "A", "text": "hi"}, {"spea',
         ["the JSON ends before it is complete", ("agent", "A", "hi")]),
        ("a.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\nA: hi\n\nwhat is this\n\n00:99.000 --> 00:02.000\nB: x\n",
         ["not a cue", "a time that is none", ("agent", "A", "hi")]),
        ("a.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\nA: h\0i\n\n00:03.000 --> 00:04.000\nA: there",
         ["NUL byte at byte 5 of the line", ("customer", None, ""), ("agent", "A", "there")]),
    ],
)  # fmt: skip
def test_bad_input(tmp_path, name, raw, expected) -> None:
    found = said(tmp_path, raw, name)
    assert sorted(map(str, found)) == sorted(map(str, expected))


def test_a_line_without_an_end(tmp_path) -> None:
    with (tmp_path / "a.vtt").open("wb") as file:
        file.write(b"WEBVTT\n\n00:01.000 --> 00:02.000\nA: hi\n\n00:03.000 --> 00:04.000\n")
        for _ in range(30):
            file.write(b"x" * (1 << 20))
    _, fates = collect(tmp_path, "a.vtt")
    assert (
        "the line has 31,457,280 bytes, more than the limit of 8,388,608"
        in fates["reason"].to_list()
    )
    _, fates = collect(tmp_path, "a.vtt", max_file_mib=1)
    assert fates["reason"].to_list() == ["the file has 31,457,343 bytes, more than the limit"]


@pytest.mark.parametrize(
    "wrong",
    [{"started": "03/04/25"}, {"filler_languages": ["xx"]}, {"timezone": "Mars"}, {"pause_s": 0}],
)
def test_settings_are_checked(wrong) -> None:
    with pytest.raises(ValidationError):
        CallSource(name="c", path="a", **wrong)


def test_a_folder_without_transcripts_is_a_problem(tmp_path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    source = CallSource(name="c", path="*.png")
    assert source.problems(tmp_path) == [("path", "no transcript as WebVTT, SRT or JSON is there")]
    (tmp_path / "b.vtt").write_text(VTT)
    assert CallSource(name="c", path="*").problems(tmp_path) == []


SNIPPETS = st.sampled_from([
    b"WEBVTT\n", b"\n", b"00:01.000 --> 00:02.000", b"99999:99:99.9 --> 1:1:1", b"<v Ann>", b"Ann: hi",
    b"NOTE x", b"\xff\xfe", b"\0", b'{"segments":', b"[", b"]", b"{", b"}", b'"text":', b'"x"', b"1e400",
    b",", b'"speaker":{"name":[1]},', b'"start":', b'"nan"', b'"results":{"items":', b'"alternatives":[{}]',
    b'"elements":[', b"null", b"-1", b'"start":1e300,"text":"x"', b"1\n", b" --> ", b"&#0;", b"<v >",
])  # fmt: skip


@given(st.lists(SNIPPETS, max_size=14).map(b"".join) | st.binary(max_size=120))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_any_bytes_end_as_rows_or_reasons(tmp_path, raw) -> None:
    (tmp_path / "a").write_bytes(raw)
    source = CallSource(name="c", path="a", started="2025-01-01")
    chunks = list(source.read(Place.file(tmp_path / "a", "a", NOW)))
    assert sum(c.frame.height + c.fates.height for c in chunks) > 0 or not raw.strip()


# ── Real data ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["transcript.vtt", "transcript_corrected.vtt"])
def test_calls_of_zoom(shared_data, name) -> None:
    source = CallSource(name="calls", path=f"zoom-transcripts-ethereum/*/*/{name}")
    files = source.files(shared_data)
    assert len(files) == 10
    cues = 0
    for file in files:
        (talk,) = source.talks(Place.file(file, source.display_name(file, shared_data), NOW))
        text = file.read_text()
        spoken = dict(talk.extra)
        assert int(spoken["cues"]) == text.count("-->")
        cues += int(spoken["cues"])
        # Every word of the file is in a turn of its speaker.
        speakers = set(re.findall(r"^([^:\n]{1,60}): ", text, re.MULTILINE))
        assert {m.author for m in talk.messages} - {None} <= speakers
        starts = [m.at for m in talk.messages]
        assert all(at is not None and at.date().isoformat() in file.parent.name for at in starts)
    assert cues == 4338


def test_rows_of_calls(shared_data) -> None:
    rows, fates = collect(shared_data, "zoom-transcripts-ethereum/*/*/transcript.vtt")
    assert (rows.height, fates.height) == (277, 138)
    assert set(fates["fate"]) == {"dropped"}
