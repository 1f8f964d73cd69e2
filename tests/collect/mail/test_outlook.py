from __future__ import annotations

import struct

import pytest

from conftest import SHARED_DATA
from mails import collected
from tunesmith.collect.mail.outlook import decompressed, read_outlook
from tunesmith.collect.sandbox import Unreadable

FILE = SHARED_DATA / "office-docs/markitdown/tests/test_files/test_outlook_msg.msg"
needs_file = pytest.mark.skipif(not FILE.exists(), reason="the public data are not there")


@needs_file
def test_a_real_outlook_file() -> None:
    item = read_outlook(str(FILE))
    assert item["subject"] == "Test Email Message"
    assert item["class"] == "IPM.Note"
    assert (item["body"] or "").strip().startswith("This is the body of the test email message")
    assert item["attachments"] == []
    assert len(item["to"]) >= 1


@needs_file
def test_a_real_outlook_file_as_a_thread(tmp_path) -> None:
    pytest.importorskip("olefile")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.msg").write_bytes(FILE.read_bytes())
    (folder / "mislabelled.eml").write_bytes(FILE.read_bytes() + b"x")
    (folder / "torn.msg").write_bytes(FILE.read_bytes()[:3000])
    found = collected(folder, tmp_path / "cache")
    talks = [talk for talk in found.talks if talk.messages]
    assert len(talks) == 1  # the second file is a copy: one identifier, writer and date
    (message,) = talks[0].messages
    assert message.text == "This is the body of the test email message"
    assert message.zone == "+03:00"
    reasons = {one.file: one.reason for one in found.unread}
    assert "a copy of another mail" in reasons.values()
    assert "in/torn.msg" in reasons
    assert found.mails == 3


def test_compressed_rtf() -> None:
    data = b"{\\rtf1 words}"
    head = struct.pack("<IIII", len(data) + 12, len(data), 0x414C454D, 0)
    assert decompressed(head + data) == data
    # Literals only: a control byte of zero before each eight letters.
    packed = b"".join(b"\0" + data[at : at + 8] for at in range(0, len(data), 8))
    head = struct.pack("<IIII", len(packed) + 12, len(data), 0x75465A4C, 0)
    assert decompressed(head + packed) == data
    # The specification's example 4.1.1.
    spec = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c09002062770"
        "5b06c647d0a800fa0"
    )
    assert decompressed(spec) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


@pytest.mark.parametrize(
    "data", [b"", b"short", struct.pack("<IIII", 0, 1 << 30, 0x75465A4C, 0), b"x" * 40]
)
def test_rtf_that_is_none(data: bytes) -> None:
    with pytest.raises(Unreadable):
        decompressed(data)
