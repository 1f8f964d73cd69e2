"""Small documents made by hand."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from tunesmith.collect.base import Place
from tunesmith.collect.pages import PagesSource

NOW = datetime(2026, 1, 2, tzinfo=UTC)


class Collected(NamedTuple):
    """Rows, and what gave none."""

    rows: pl.DataFrame
    fates: pl.DataFrame

    @property
    def texts(self) -> list[str]:
        return self.rows["text"].to_list()

    @property
    def reasons(self) -> list[tuple[str | None, str]]:
        return self.fates.select("position", "reason").rows()


@pytest.fixture
def collect() -> Callable[..., Collected]:
    def collect(path: Path, **settings: Any) -> Collected:
        base = path if path.is_dir() else path.parent
        source = PagesSource(name="kb", path=str(path), **settings)
        chunks = [
            chunk
            for file in source.files(base)
            for chunk in source.read(Place.file(file, file.relative_to(base).as_posix(), NOW))
        ]
        return Collected(
            pl.concat([chunk.frame for chunk in chunks]),
            pl.concat([chunk.fates for chunk in chunks]),
        )

    return collect


@pytest.fixture
def make_zip(tmp_path: Path) -> Callable[..., Path]:
    def make_zip(name: str, entries: dict[str, str | bytes]) -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for entry, content in entries.items():
                file.writestr(entry, content)
        return path

    return make_zip


@pytest.fixture
def make_pdf(tmp_path: Path) -> Callable[..., Path]:
    """A PDF of pages; each is a list of `(x, y, size, text)`, or null for one with an image alone."""

    def make_pdf(
        name: str, pages: list[list[tuple[float, float, float, str]] | None], *, more: str = ""
    ) -> Path:
        objects: list[bytes] = [b"", b"", b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
        objects.append(b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold>>")
        image = b"<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray"
        objects.append(image + b"/BitsPerComponent 8/Length 1>>stream\n\x80\nendstream")
        kids = []
        for page in pages:
            content = b"q 500 0 0 700 50 50 cm /I Do Q"
            if page is not None:
                content = b"".join(
                    f"BT /{'B' if text.startswith('**') else 'F'} {size} Tf {x} {y} Td "
                    f"({text.removeprefix('**')}) Tj ET\n".encode("latin-1")
                    for x, y, size, text in page
                )
            objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
            kids.append(len(objects) + 1)
            objects.append(
                b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents %d 0 R/Resources"
                b"<</Font<</F 3 0 R/B 4 0 R>>/XObject<</I 5 0 R>>>>>>" % len(objects)
            )
        objects[0] = b"<</Type/Catalog/Pages 2 0 R>>"
        listed = " ".join(f"{kid} 0 R" for kid in kids)
        objects[1] = f"<</Type/Pages/Kids[{listed}]/Count {len(kids)}>>".encode()
        raw, places = b"%PDF-1.4\n", []
        for number, body in enumerate(objects, 1):
            places.append(len(raw))
            raw += b"%d 0 obj" % number + body + b"endobj\n"
        start = len(raw)
        raw += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
        raw += b"".join(b"%010d 00000 n \n" % place for place in places)
        trailer = f"trailer<</Size {len(objects) + 1}/Root 1 0 R{more}>>\nstartxref\n{start}\n%%EOF"
        path = tmp_path / name
        path.write_bytes(raw + trailer.encode())
        return path

    return make_pdf
