from __future__ import annotations

import gzip
import io
import json
import tarfile
import time
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outside_reading import read_all
from tunesmith.collect.outside import markup
from tunesmith.collect.outside.docs_tree import DocsTreeSource

RST = """
=====
Title
=====

Some ``code`` and :ref:`a place <there>` and `a link <http://a.example>`_.

.. _target:
.. a comment
   that goes on

Part
----

.. code-block:: python
   :linenos:

   if a:
       b()

.. note:: Mind **this**.

   More of it.

.. image:: x.png
   :alt: gone

Example::

    literal

.. toctree::

   gone

Deeper
~~~~~~

* one
"""
ADOC = """= Title
:attr: gone

// gone
See link:http://a.example[the link] and <<there,that>>.

== Part

[source,ruby]
----
// stays
puts 1
----

image::x.png[]
====
An example.
====
"""


def test_restructured_text() -> None:
    assert markup.rst(RST) == (
        "# Title\n\nSome `code` and `a place` and a link.\n\n## Part\n\n```\nif a:\n    b()\n```\n\nMind **this**.\n\n"
        "More of it.\n\nExample:\n\n```\nliteral\n```\n\n### Deeper\n\n* one"
    )


def test_asciidoc() -> None:
    assert markup.asciidoc(ADOC) == (
        "# Title\n\nSee the link and that.\n\n## Part\n\n```\n// stays\nputs 1\n```\n\nAn example."
    )


def test_notebooks() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# T\n", "words"]},
        {"cell_type": "code", "source": "x"},
        {"cell_type": "markdown", "source": "more"},
    ]
    assert markup.notebook(json.dumps({"cells": cells}).encode()) == "# T\nwords\n\nmore"


FILES = {
    "LICENSE": b"Permission is hereby granted, free of charge, to any person obtaining a copy",
    "README.md": b"# Read\n\nme", "docs/a.rst": RST.encode(), "docs/b.adoc": ADOC.encode(), "docs/c.html": b"<h1>C</h1><p>page</p>",
    "docs/empty.md": b"", "docs/torn.ipynb": b"{", "src/a.py": b"x", "src/b.py": b"y", "other/LICENSE.md": b"Attribution 4.0 International",
    "other/d.md": b"words", "other/e.md": b"---\nlicense: cc0-1.0\n---\nwords",
}  # fmt: skip
LICENSES = {
    "README.md": "MIT",
    "docs/a.rst": "MIT",
    "docs/b.adoc": "MIT",
    "docs/c.html": "MIT",
    "other/d.md": "CC-BY-4.0",
    "other/e.md": "CC0-1.0",
}
REASONS = [
    "1 '.md' files are no pages",
    "1 other files are no pages",
    "2 '.py' files are no pages",
    "not valid JSON at line 1",
    "the file is empty",
]


def test_a_folder(tmp_path) -> None:
    for name, raw in FILES.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    rows, fates = read_all(DocsTreeSource(name="d", path="tree"), tmp_path)
    assert dict(zip(rows["file"], rows["license"], strict=True)) == {
        f"tree/{name}": name_ for name, name_ in LICENSES.items()
    }
    assert sorted(fates["reason"]) == REASONS


@pytest.mark.parametrize("form", ["zip", "tar.gz"])
def test_an_archive(tmp_path, form) -> None:
    held = io.BytesIO()
    if form == "zip":
        with zipfile.ZipFile(held, "w") as archive:
            for name, raw in FILES.items():
                archive.writestr(name, raw)
            archive.writestr("../evil.md", "words")
        raw = held.getvalue()
    else:
        with tarfile.open(fileobj=held, mode="w") as packed:
            for name, content in {**FILES, "../evil.md": b"words"}.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                packed.addfile(info, io.BytesIO(content))
        raw = gzip.compress(held.getvalue())
    (tmp_path / f"a.{form}").write_bytes(raw)
    rows, fates = read_all(DocsTreeSource(name="d", path=f"a.{form}"), tmp_path)
    assert dict(zip(rows["position"], rows["license"], strict=True)) == LICENSES
    assert sorted(fates["reason"]) == sorted([*REASONS, "its name leads out of the archive"])


@pytest.mark.parametrize(
    "words",
    ["![l](https://img.shields.io/badge/license-Apache--2.0-blue.svg)", "License: Apache-2.0"],
)
def test_what_a_readme_says_of_the_licence(tmp_path, words) -> None:
    (tmp_path / "README.md").write_text(f"# A\n\n{words}\n")
    (tmp_path / "a.md").write_text("words")
    rows, _ = read_all(DocsTreeSource(name="d", path="."), tmp_path)
    assert "Apache-2.0" in rows["license"].to_list()


@pytest.mark.parametrize("unit", [".. note::\n ", "=\n", "==\na\n", "a::\n\n  b\n", "`", ":a:`", "`a <", ".. ", "a\n=\n", "<<a,", "link:a[", "----\n", "\n", "|"])  # fmt: skip
def test_time_grows_with_the_length(unit) -> None:
    start = time.process_time()
    text = unit * (200_000 // len(unit))
    markup.rst(text)
    markup.asciidoc(text)
    markup.rst("".join(" " * number + ".. note::\n" for number in range(600)))
    assert time.process_time() - start < 8


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([".md", ".rst", ".adoc", ".ipynb", ".html", ".zip", ".tar"]),
    st.binary(max_size=150),
)
def test_any_bytes_end_as_rows_or_reasons(tmp_path, suffix, raw) -> None:
    (tmp_path / f"a{suffix}").write_bytes(raw)
    rows, fates = read_all(DocsTreeSource(name="d", path=f"a{suffix}"), tmp_path)
    assert rows.height + fates.height == 1


def test_the_company_policies(tmp_path, shared_data) -> None:
    rows, fates = read_all(
        DocsTreeSource(name="d", path="company-policies-basecamp"), shared_data, tmp_path
    )
    assert rows.height == 27
    assert set(rows["license"]) == {"CC-BY-4.0"}
    assert set(fates["fate"]) == {"dropped"}
