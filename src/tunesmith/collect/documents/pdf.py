"""PDF: the letters of each page by pypdfium2 (Apache-2.0 or BSD-3-Clause), ordered by layout."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from typing import Any

from tunesmith.collect.documents.blocks import Document, Problem, one_line
from tunesmith.collect.documents.pdf_layout import Segment, Word, segments
from tunesmith.collect.documents.pdf_text import Page, text_of
from tunesmith.collect.sandbox import Unreadable
from tunesmith.errors import MissingExtraError

#: Pages of a file and letters of a page that are read.
MAX_PAGES, MAX_LETTERS = 3_000, 200_000
#: An image that covers this share of a page without text is a scan.
SCAN_SHARE = 0.3

_DATE = re.compile(r"D:(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:([+-])(\d{2})'?(\d{2})?)?")
#: What PDFium puts for a hyphen at the end of a line, and the soft hyphen itself.
_HYPHENS = {0xFFFE, 0x2, 0xAD}
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl",
              0xFB05: "ft", 0xFB06: "st"}  # fmt: skip


def read_pdf(path: str) -> Document:
    """A PDF; its blocks have positions such as `page 3`.

    A page without text on which an image lies is a problem of that page.

    Raises:
        MissingExtraError: pypdfium2 is not installed.
        Unreadable: It is damaged or encrypted.
    """
    try:
        import pypdfium2
    except ModuleNotFoundError:
        raise MissingExtraError("pypdfium2", "documents") from None
    try:
        pdf = pypdfium2.PdfDocument(path)
        count = len(pdf)
    except pypdfium2.PdfiumError as error:
        if "assword" in str(error) or "ecurity" in str(error):
            raise Unreadable("it is encrypted") from None
        raise Unreadable("the PDF is damaged") from None
    document = Document()
    _take_facts(pdf, document)
    pages = []
    for number in range(1, min(count, MAX_PAGES) + 1):
        position = f"page {number}"
        try:
            page, problem = _read_page(pdf, number, pypdfium2)
        except pypdfium2.PdfiumError:
            page, problem = None, "the page is damaged"
        if problem is not None:
            document.problems.append(Problem(problem, position))
        if page is not None:
            pages.append(page)
    if count > MAX_PAGES:
        reason = f"pages after {MAX_PAGES:,} are not read; the file has {count:,}"
        document.problems.append(Problem(reason, f"page {MAX_PAGES + 1}"))
    scanned = [p for p in document.problems if "scanned" in p.reason]
    if count > 1 and len(scanned) == count:
        raise Unreadable(f"all {count} pages are images without text (scanned)")
    text_of(pages, document)
    return document


def _take_facts(pdf: Any, document: Document) -> None:
    facts = pdf.get_metadata_dict(skip_empty=True)
    title = one_line(facts.get("Title", ""))
    # Programs put the name of the file they printed; that is no title.
    if title and not re.search(
        r"\.(docx?|pptx?|xlsx?|tex|dvi|pdf|indd|qxd)$|^untitled", title.lower()
    ):
        document.title = title[:1000]
    document.author = one_line(facts.get("Author", ""))[:1000] or None
    found = _DATE.match(facts.get("ModDate") or facts.get("CreationDate") or "")
    if found is not None:
        year, month, day, hour, minute, second = (found[i] or "" for i in range(1, 7))
        zone = f"{found[7]}{found[8]}:{found[9] or '00'}" if found[7] else "+00:00"
        document.modified = (
            f"{year}-{month or '01'}-{day or '01'}T{hour or '00'}:{minute or '00'}:"
            f"{second or '00'}{zone}"
        )


def _read_page(pdf: Any, number: int, pypdfium2: Any) -> tuple[Page | None, str | None]:
    page = pdf[number - 1]
    text_page = page.get_textpage()
    try:
        width, height = page.get_size()
        words = list(_words(text_page, pypdfium2.raw))
        if words:
            letters = text_page.count_chars()
            problem = _mend(words)
            if problem is not None:
                return None, problem
            if letters > MAX_LETTERS:
                problem = f"letters after {MAX_LETTERS:,} are not read"
            upright = [word for word in words if word.upright]
            turned = [word for word in words if not word.upright]
            found: list[Segment] = segments(upright)
            return Page(number, width, height, found, " ".join(w.text for w in turned)), problem
        if _image_share(page, pypdfium2.raw) * 1.0 >= SCAN_SHARE * width * height:
            return None, "the page is an image without text (scanned)"
        return None, None
    finally:
        text_page.close()
        page.close()


def _mend(words: list[Word]) -> str | None:
    """Shift letters that are numbers of glyphs back; says what is wrong where that gives no text.

    A font without a table of its letters has only glyphs. Those of TrueType fonts mostly stand in
    the order of ASCII, 29 places earlier.
    """
    text = "".join(word.text for word in words)
    letters = [letter for letter in text if not letter.isspace()]
    small = sum(letter.islower() for letter in letters)
    if len(letters) < 50 or small >= 0.1 * len(letters):
        return None
    shifted = [chr(ord(letter) + 29) for letter in letters if ord(letter) < 98]
    if sum(letter.islower() for letter in shifted) >= 0.6 * len(letters):
        for word in words:
            if not any(letter.islower() for letter in word.text) or "H" in word.text:
                word.text = "".join(_shifted(letter) for letter in word.text)
        return None
    unknown = sum(letter == "\ufffd" or "\ue000" <= letter <= "\uf8ff" for letter in letters)
    return "the font does not say which letters these are" if unknown > len(letters) / 2 else None


def _shifted(letter: str) -> str:
    # What is beyond ASCII were quotes and dashes: PDFium has put a neighbour for them.
    return (
        chr(ord(letter) + 29)
        if ord(letter) < 98
        else {"³": "“", "\u00b4": "”", "¶": "’"}.get(letter, letter)
    )


def _image_share(page: Any, raw: Any) -> float:
    """The area that the images of a page cover together, in square points."""
    area = 0.0
    for number, image in enumerate(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3)):
        left, bottom, right, top = image.get_bounds()
        area += max(0.0, right - left) * max(0.0, top - bottom)
        if number > 2_000:
            break
    return area


def _words(text_page: Any, raw: Any) -> Iterator[Word]:
    """The words of a page in the order of its content."""
    handle = text_page.raw
    box = raw.FS_RECTF()
    pointer = ctypes.byref(box)
    count = min(text_page.count_chars(), MAX_LETTERS)
    fonts: dict[Any, tuple[float, bool, bool]] = {}
    word: Word | None = None
    for index in range(count):
        code = raw.FPDFText_GetUnicode(handle, index)
        if (code <= 32 and code != 2) or code == 0xA0:
            if word is not None:
                yield word
            word = None
            continue
        text = _LIGATURES.get(code) or ("\u00ad" if code in _HYPHENS else _letter(code))
        raw.FPDFText_GetLooseCharBox(handle, index, pointer)
        left, top, right, bottom = box.left, box.top, box.right, box.bottom
        key = ctypes.cast(raw.FPDFText_GetTextObject(handle, index), ctypes.c_void_p).value
        if key not in fonts:
            fonts[key] = _font(handle, index, raw)
        size, bold, upright = fonts[key]
        if word is not None and not word.continues(left, top, bottom, size):
            yield word
            word = None
        if word is None:
            word = Word(text, left, bottom, right, top, size, bold, upright)
        else:
            word.text += text
            word.right = max(word.right, right)
            word.top, word.bottom = max(word.top, top), min(word.bottom, bottom)
    if word is not None:
        yield word


def _letter(code: int) -> str:
    """The letter of a code point; a replacement mark for what is none."""
    if 0x80 <= code < 0xA0:  # fonts without an encoding mostly mean Windows-1252
        return bytes([code]).decode("cp1252", "replace")
    return "\ufffd" if 0xD800 <= code < 0xE000 or code > 0x10FFFF else chr(code)


def _font(handle: Any, index: int, raw: Any) -> tuple[float, bool, bool]:
    """The size on the page in points, whether it is bold, and whether the text stands upright."""
    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(handle, index, ctypes.byref(matrix))
    scale = (matrix.c**2 + matrix.d**2) ** 0.5 or 1.0
    size = abs(raw.FPDFText_GetFontSize(handle, index) * scale) or 1.0
    name = ctypes.create_string_buffer(128)
    flags = ctypes.c_int(0)
    raw.FPDFText_GetFontInfo(handle, index, name, 128, ctypes.byref(flags))
    words = name.value.lower()
    # Computer Modern and Nimbus say "bold" in their own ways.
    heavy = re.search(rb"bold|black|heavy|medi\b|semibold|cmbx|cmb\d", words) is not None
    heavy = heavy or raw.FPDFText_GetFontWeight(handle, index) >= 600
    return size, heavy, abs(matrix.b) <= 0.2 * abs(matrix.a) or not matrix.b
