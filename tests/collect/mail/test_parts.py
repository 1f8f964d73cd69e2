from __future__ import annotations

import base64
import time

import pytest

from tunesmith.collect.mail.headers import Head
from tunesmith.collect.mail.parts import Content, content_of, unflowed
from tunesmith.collect.sandbox import Unreadable


def content(raw: bytes) -> Content:
    return content_of(raw, Head(raw))


def plain(raw: bytes) -> str:
    (text,) = content(raw).texts
    return text.words


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("utf-8", "base64"), ("utf-8", "8bit"), ("utf-8", "quoted-printable"),
        ("iso-8859-1", "8bit"), ("windows-1252", "base64"), ("utf-16", "base64"),
        ("utf-7", "7bit"), ("ISO-8859-15", "quoted-printable"), ("macintosh", "8bit"),
    ],
)  # fmt: skip
def test_charsets_and_transfer_encodings(charset: str, encoding: str) -> None:
    import quopri

    words = "Grüße aus Köln"
    data = words.encode(charset if charset != "macintosh" else "mac_roman")
    if encoding == "base64":
        data = base64.encodebytes(data)
    elif encoding == "quoted-printable":
        data = quopri.encodestring(data)
    head = f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n"
    (text,) = content(head.encode() + data).texts
    assert (text.words.strip(), text.notes) == (words, ())


@pytest.mark.parametrize(
    ("charset", "data", "words"),
    [
        ("gb2312", "你好世界".encode("gb18030"), "你好世界"),
        ("iso-2022-jp", "こんにちは".encode("iso2022_jp"), "こんにちは"),
        ("shift_jis", "こんにちは①".encode("cp932"), "こんにちは①"),
        ("ks_c_5601-1987", "안녕하세요".encode("cp949"), "안녕하세요"),
        ("koi8-r", "Привет".encode("koi8-r"), "Привет"),
        ("iso-8859-8-i", "שלום".encode("iso8859-8"), "שלום"),
    ],
)
def test_charsets_of_the_east(charset: str, data: bytes, words: str) -> None:
    assert plain(f"Content-Type: text/plain; charset={charset}\n\n".encode() + data) == words


@pytest.mark.parametrize("charset", ["no-such", "us-ascii", "hex", "idna", "unicode_escape", '"'])
def test_a_wrong_charset_falls_back_with_a_note(charset: str) -> None:
    head = f"Content-Type: text/plain; charset={charset}\n\n".encode()
    (text,) = content(head + "Grüße, café".encode()).texts
    assert (text.words, text.notes) == ("Grüße, café", ("decoded as utf-8",))
    long = "Der Müller grüßt die schöne Köchin, und für Äpfel gibt es größere Körbe. " * 5
    (text,) = content(head + long.encode("cp1252")).texts
    assert (text.words, text.notes) == (long, ("decoded as cp1252",))


ALTERNATIVE = (
    "Content-Type: multipart/alternative; boundary=x\n\npreamble\n--x\nContent-Type: text/plain\n\n"
    "{}\n--x\nContent-Type: text/html\n\n<p>rich</p>\n--x--\nepilogue"
)


def test_of_alternatives_the_plain_one_unless_it_is_empty() -> None:
    assert plain(ALTERNATIVE.format("words").encode()) == "words"
    (text,) = content(ALTERNATIVE.format(" ").encode()).texts
    assert (text.words, text.html) == ("<p>rich</p>", True)


def test_lines_of_two_charsets_are_both_read() -> None:
    (text,) = content(b"\n" + "Grüße\n".encode() * 3 + "Köln\n".encode("cp1252")).texts
    assert text.words == "Grüße\n" * 3 + "Köln\n"
    assert text.notes == ("decoded as utf-8 and cp1252",)


def test_attachments_are_listed_and_not_read() -> None:
    data = base64.encodebytes(b"\0" * 1000).decode()
    found = content(
        "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nwords\n--x\n"
        "Content-Type: image/png; name*=utf-8''bild%20%C3%BC.png\n"
        f"Content-Transfer-Encoding: base64\n\n{data}\n--x\n"
        "Content-Type: text/plain\nContent-Disposition: attachment; filename=notes.txt\n\nnot read"
        "\n--x\nContent-Type: message/rfc822\n\nSubject: forwarded\n\ninner\n--x--".encode()
    )
    assert [text.words for text in found.texts] == ["words"]
    assert [str(one) for one in found.attachments] == [
        "bild ü.png, image/png, 1,000 bytes",
        "notes.txt, text/plain, 8 bytes",
        "without a name, message/rfc822, 25 bytes",
    ]


TORN = "it is torn: no boundary ends the part with its text"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("Content-Type: multipart/encrypted; boundary=x\n\n--x--", "it is encrypted"),
        ("Content-Type: application/pkcs7-mime\n\nx", "it is encrypted"),
        ("\n-----BEGIN PGP MESSAGE-----\nabc", "it is encrypted"),
        ("Content-Type: multipart/mixed; boundary=x\n\n--x\n\nwor", TORN),
        ("\n" + "x" * (2 << 20), "its text has more than 1,048,576 letters"),
        ("Content-Transfer-Encoding: base64\n\n&%$ &%$ &%$", "its base64 is damaged"),
        ("Content-Transfer-Encoding: base64\n\n" + base64.b64encode(bytes(range(32)) * 9).decode(),
         "what should be its text is something else"),
        ("Content-Transfer-Encoding: x-uuencode\n\nwords", "its uuencoding has no beginning"),
    ],
)  # fmt: skip
def test_what_cannot_be_read(raw: str, reason: str) -> None:
    with pytest.raises(Unreadable) as found:
        content(raw.encode())
    assert found.value.reason == reason


def test_torn_base64_gives_what_is_there() -> None:
    data = base64.b64encode(b"words that go on and on").decode()[:-3]
    (text,) = content(f"Content-Transfer-Encoding: base64\n\n{data}".encode()).texts
    assert text.words == "words that go on and "
    assert text.notes == ("torn base64",)


def test_uuencoded_text() -> None:
    raw = b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n%=V]R9',`\n`\nend\n"
    assert plain(raw) == "words"


def test_parts_that_lie_very_deep_are_refused_at_once() -> None:
    raw = b""
    for depth in range(10_000):
        raw += b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (depth, depth)
    start = time.process_time()
    with pytest.raises(Unreadable, match="deep"):
        content(raw + b"\nwords")
    assert time.process_time() - start < 5


def test_very_many_parts_are_refused() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\nwords\n" * 5_000 + b"--x--"
    with pytest.raises(Unreadable, match="more than 2,000 parts"):
        content(raw)


def test_a_multipart_without_parts_is_its_words() -> None:
    assert plain(b"Content-Type: multipart/mixed\n\nwords") == "words"
    assert plain(b"Content-Type: multipart/mixed; boundary=x\n\nwords") == "words"


def test_a_signed_mail_is_what_was_signed() -> None:
    assert plain(
        b"\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA1\n\nwords\n-----BEGIN PGP SIGNATURE-----"
        b"\nabc\n-----END PGP SIGNATURE-----"
    ) == ("words")


def test_flowed_text_becomes_paragraphs() -> None:
    text = "one \ntwo\n\n> a \n> b\n>> c\n-- \nAnn"
    assert unflowed(text, joined=False) == "one two\n\n> a b\n>> c\n-- \nAnn"
    assert unflowed("one \ntwo", joined=True) == "onetwo"
