"""The crew's documents: a handbook as DOCX, a price list and a scanned notice as PDF.

The texts are in ``texts/handbook``, in a little markup: ``#`` and ``##`` head a section, ``-`` and
``1.`` begin an item, ``|`` a row of a table, ``===`` a page; any other line is a paragraph.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from channel_pictures import Scan

STAMP = (2025, 4, 2, 9, 0, 0)
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


@dataclass(frozen=True)
class Block:
    """A heading, a paragraph, an item of a list, a table, or the start of a page."""

    kind: str
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


def blocks(text: str) -> Iterator[Block]:
    """Read the markup."""
    table: list[tuple[str, ...]] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            table.append(tuple(cell.strip() for cell in line.strip("|").split("|")))
            continue
        if table:
            yield Block("table", rows=tuple(table))
            table = []
        mark, _, rest = line.partition(" ")
        kind = {"#": "h1", "##": "h2", "-": "bullet", "1.": "number", "===": "page"}.get(mark)
        if kind:
            yield Block(kind, rest)
        elif line:
            yield Block("paragraph", line)


def docx_bytes(text: str, title: str) -> bytes:
    """Write a Word document; stored, not compressed, with one fixed time on every file."""
    body = "".join(_docx_block(block) for block in blocks(text))
    section = '<w:sectPr><w:pgSz w:w="12240" w:h="15840"/></w:sectPr>'
    document = f'{XML}<w:document xmlns:w="{W}"><w:body>{body}{section}</w:body></w:document>'
    parts = {
        "[Content_Types].xml": _content_types(),
        "_rels/.rels": _relations(
            (f"{OFFICE}/officeDocument", "word/document.xml"),
            (f"{PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
        ),
        "docProps/core.xml": _core(title),
        "word/document.xml": document,
        "word/_rels/document.xml.rels": _relations(
            (f"{OFFICE}/styles", "styles.xml"), (f"{OFFICE}/numbering", "numbering.xml")
        ),
        "word/styles.xml": _styles(),
        "word/numbering.xml": _numbering(),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, part in parts.items():
            info = zipfile.ZipInfo(name, STAMP)
            info.create_system = 3
            archive.writestr(info, part)
    return out.getvalue()


def _paragraph(text: str, style: str = "", number: int = 0, bold: bool = False) -> str:
    chosen = f'<w:pStyle w:val="{style}"/>' if style else ""
    if number:
        chosen += f'<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{number}"/></w:numPr>'
    looks = f"<w:pPr>{chosen}</w:pPr>" if chosen else ""
    run = "<w:rPr><w:b/></w:rPr>" if bold else ""
    said = f'<w:t xml:space="preserve">{escape(text)}</w:t>'
    return f"<w:p>{looks}<w:r>{run}{said}</w:r></w:p>"


def _docx_block(block: Block) -> str:
    if block.kind == "page":
        return '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'
    if block.kind == "table":
        rows = "".join(
            "<w:tr>"
            + "".join(f"<w:tc>{_paragraph(cell, bold=not place)}</w:tc>" for cell in row)
            + "</w:tr>"
            for place, row in enumerate(block.rows)
        )
        grid = "<w:gridCol/>" * len(block.rows[0])
        looks = '<w:tblPr><w:tblStyle w:val="TableGrid"/></w:tblPr>'
        return f"<w:tbl>{looks}<w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl>{_paragraph('')}"
    styles = {"h1": "Heading1", "h2": "Heading2", "bullet": "ListBullet", "number": "ListNumber"}
    number = {"bullet": 1, "number": 2}.get(block.kind, 0)
    return _paragraph(block.text, styles.get(block.kind, ""), number)


def _content_types() -> str:
    kinds = {
        "/word/document.xml": f"{WORD}.document.main+xml",
        "/word/styles.xml": f"{WORD}.styles+xml",
        "/word/numbering.xml": f"{WORD}.numbering+xml",
        "/docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml",
    }
    rows = "".join(f'<Override PartName="{n}" ContentType="{k}"/>' for n, k in kinds.items())
    relations = "application/vnd.openxmlformats-package.relationships+xml"
    return (
        f'{XML}<Types xmlns="{PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="{relations}"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{rows}</Types>'
    )


def _relations(*targets: tuple[str, str]) -> str:
    rows = "".join(
        f'<Relationship Id="rId{place}" Type="{kind}" Target="{target}"/>'
        for place, (kind, target) in enumerate(targets, 1)
    )
    return f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{rows}</Relationships>'


def _core(title: str) -> str:
    date = "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}Z".format(*STAMP)
    return (
        f'{XML}<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escape(title)}</dc:title><dc:creator>Shed Crew</dc:creator>"
        "<dc:rights>CC0-1.0</dc:rights>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{date}</dcterms:created>'
        f'<dcterms:modified xsi:type="dcterms:W3CDTF">{date}</dcterms:modified>'
        "</cp:coreProperties>"
    )


def _styles() -> str:
    names = {
        "Heading1": "heading 1", "Heading2": "heading 2", "ListBullet": "List Bullet",
        "ListNumber": "List Number",
    }  # fmt: skip
    rows = '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/>'
    rows += "</w:style>"
    for place, (key, name) in enumerate(names.items()):
        level = f'<w:pPr><w:outlineLvl w:val="{place}"/></w:pPr>' if place < 2 else ""
        looks = f'<w:rPr><w:b/><w:sz w:val="{32 - 6 * place}"/></w:rPr>' if place < 2 else ""
        rows += f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/>'
        rows += f'<w:basedOn w:val="Normal"/>{level}{looks}</w:style>'
    rows += '<w:style w:type="table" w:styleId="TableGrid"><w:name w:val="Table Grid"/></w:style>'
    return f'{XML}<w:styles xmlns:w="{W}">{rows}</w:styles>'


def _numbering() -> str:
    formats = (("bullet", "\u2022"), ("decimal", "%1."))
    kinds = "".join(
        f'<w:abstractNum w:abstractNumId="{place}"><w:lvl w:ilvl="0"><w:start w:val="1"/>'
        f'<w:numFmt w:val="{kind}"/><w:lvlText w:val="{sign}"/></w:lvl></w:abstractNum>'
        for place, (kind, sign) in enumerate(formats, 1)
    )
    uses = "".join(
        f'<w:num w:numId="{place}"><w:abstractNumId w:val="{place}"/></w:num>' for place in (1, 2)
    )
    return f'{XML}<w:numbering xmlns:w="{W}">{kinds}{uses}</w:numbering>'


class PdfPage:
    """The drawing orders of one Letter page, filled from the top."""

    def __init__(self) -> None:
        self.orders: list[str] = []
        self.y = 730.0

    def line(self, text: str, size: float, bold: bool = False, left: float = 60) -> None:
        font = "/F2" if bold else "/F1"
        shown = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        self.orders.append(f"BT {font} {size:g} Tf {left:g} {self.y:g} Td ({shown}) Tj ET")

    def flow(self, block: Block) -> None:
        """Write a block below what is there."""
        sizes = {"h1": (17.0, 30.0), "h2": (13.0, 24.0)}
        if block.kind in sizes:
            size, space = sizes[block.kind]
            self.y -= space - size
            self.line(block.text, size, bold=True)
            self.y -= size + 4
        elif block.kind == "table":
            self._table(block.rows)
        else:
            mark = {"bullet": "- ", "number": "1. "}.get(block.kind, "")
            for text in _wrapped(mark + block.text, 88):
                self.line(text, 10.5)
                self.y -= 14
            self.y -= 5

    def _table(self, rows: Sequence[Sequence[str]]) -> None:
        step = 490 / len(rows[0])
        for place, row in enumerate(rows):
            for column, cell in enumerate(row):
                self.line(cell, 10, bold=not place, left=60 + step * column)
            self.y -= 14
        self.y -= 8


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def pdf_bytes(text: str, title: str) -> bytes:
    """Write a PDF with a text layer, in two of the fonts that every reader has."""
    pages = [PdfPage()]
    for block in blocks(text):
        if block.kind == "page":
            pages.append(PdfPage())
        else:
            pages[-1].flow(block)
    fonts = "<< /Font << /F1 3 0 R /F2 4 0 R >> >>"
    objects = [
        _font("Helvetica"), _font("Helvetica-Bold"),
    ]  # fmt: skip
    kids = []
    for page in pages:
        first = len(objects) + 3
        objects.append(_page(fonts, first + 1))
        objects.append(_stream("", "\n".join(page.orders).encode("cp1252")))
        kids.append(first)
    return _pdf(objects, kids, title)


def scanned_pdf_bytes(scan: Scan, title: str) -> bytes:
    """Write a PDF whose one page is a picture; it holds no text at all."""
    looks = (
        f"/Type /XObject /Subtype /Image /Width {scan.width} /Height {scan.height} "
        "/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /RunLengthDecode "
    )
    objects = [
        _stream(looks, scan.packed()),
        _page("<< /XObject << /Im1 3 0 R >> >>", 5),
        _stream("", b"q 612 0 0 792 0 0 cm /Im1 Do Q"),
    ]
    return _pdf(objects, [4], title)


def _font(name: str) -> bytes:
    return (
        f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>"
    ).encode()


def _page(resources: str, contents: int) -> bytes:
    return (
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources {resources} "
        f"/Contents {contents} 0 R >>"
    ).encode()


def _stream(looks: str, data: bytes) -> bytes:
    head = f"<< {looks}/Length {len(data)} >>\nstream\n".encode()
    return head + data + b"\nendstream"


def _pdf(objects: Sequence[bytes], kids: Sequence[int], title: str) -> bytes:
    """Number the objects (1 is the catalogue, 2 the page tree) and write where each begins."""
    listed = " ".join(f"{kid} 0 R" for kid in kids)
    date = "D:{:04d}{:02d}{:02d}{:02d}{:02d}{:02d}Z".format(*STAMP)
    everything = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{listed}] /Count {len(kids)} >>".encode(),
        *objects,
        f"<< /Title ({title}) /Author (Shed Crew) /CreationDate ({date}) >>".encode(),
    ]
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, data in enumerate(everything, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + data + b"\nendobj\n"
    start, size = len(out), len(everything) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    out += f"trailer\n<< /Size {size} /Root 1 0 R /Info {size - 1} 0 R >>\n".encode()
    return bytes(out) + f"startxref\n{start}\n%%EOF\n".encode()
