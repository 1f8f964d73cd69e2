"""The parts of small office files, written by hand."""

from __future__ import annotations

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
CORE = (
    '<cp:coreProperties xmlns:cp="c" xmlns:dc="d" xmlns:t="t"><dc:title>Care</dc:title>'
    "<dc:creator>Kim</dc:creator><t:modified>2025-02-03T04:05:06Z</t:modified></cp:coreProperties>"
)


def word(body: str, **parts: str) -> dict[str, str]:
    """The parts of a Word document."""
    return {
        "[Content_Types].xml": "<Types/>",
        "docProps/core.xml": CORE,
        "word/document.xml": f"<w:document {W}><w:body>{body}</w:body></w:document>",
        "word/styles.xml": (
            f'<w:styles {W}><w:style w:styleId="U1"><w:name w:val="heading 2"/></w:style>'
            '<w:style w:styleId="Mine"><w:name w:val="Ours"/><w:basedOn w:val="U1"/></w:style>'
            '<w:style w:styleId="Loop"><w:basedOn w:val="Loop"/></w:style></w:styles>'
        ),
        **parts,
    }


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def book(**chapters: str) -> dict[str, str]:
    """The parts of an e-book."""
    items = "".join(
        f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>'
        for name in [*chapters, "lost"]
    )
    spine = "".join(f'<itemref idref="{name}"/>' for name in [*chapters, "lost"])
    return {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<c><rootfile full-path="in/book.opf"/></c>',
        "in/book.opf": (
            '<package xmlns:dc="d"><metadata><dc:title>Trees</dc:title><dc:creator>Kim</dc:creator>'
            f"<dc:rights>CC-BY-4.0</dc:rights></metadata><manifest>{items}</manifest>"
            f"<spine>{spine}</spine></package>"
        ),
        **{f"in/{name}.xhtml": text for name, text in chapters.items()},
    }
