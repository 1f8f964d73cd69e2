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

from outside_reading import extra, read_all
from tunesmith.collect.outside import latex
from tunesmith.collect.outside.papers import PapersSource

TEX = r"""\documentclass{article} % a comment
\newcommand{\ours}{\textsc{Ours}}
\title[short]{A {\em Fine} Title}
\author{Somebody}
\begin{document}
\maketitle
\begin{abstract}We show 5\% more.\end{abstract}
\section{Introduction}\label{sec:a}
M\"uller \& co~\cite{x} use \ours{} and $a_1 + b$.\footnote{Not much.}
\input{part}
\begin{figure}\includegraphics{x}\caption{A figure.}\end{figure}
\begin{equation} e = mc^2 \end{equation}
\begin{thebibliography}{1}\bibitem{x} X\end{thebibliography}
\end{document} never"""
PLAIN = (
    "# A Fine Title\n\n## Abstract\n\nWe show 5% more.\n\n## Introduction\n\nMüller & co use Ours and $a_1 + b$. (Not much.)\n"
    "### Part\n\nThe part.\n\nA figure.\n\n$$\ne = mc^2\n$$"
)


def tarred(files: dict[str, bytes], *more: tarfile.TarInfo) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for name, raw in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
        for info in more:
            archive.addfile(info)
    return held.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in files.items():
            archive.writestr(name, raw)
    return held.getvalue()


def read(tmp_path, name: str, raw: bytes, **more):  # type: ignore[no-untyped-def]
    (tmp_path / name).write_bytes(raw)
    return read_all(PapersSource(name="papers", path=name, **more), tmp_path)


@pytest.mark.parametrize("form", ["tar.gz", "zip"])
def test_latex_sources(tmp_path, form) -> None:
    files = {
        "main.tex": TEX.encode(),
        "part.tex": rb"\subsection{Part} The part. % \input{main}",
        "x.png": b"\x89PNG",
    }
    raw = gzip.compress(tarred(files)) if form == "tar.gz" else zipped(files)
    rows, fates = read(tmp_path, f"a.{form}", raw)
    assert fates.is_empty()
    assert "\n".join(line for line in rows["text"][0].split("\n") if line) == "\n".join(
        line for line in PLAIN.split("\n") if line
    )
    assert rows["author"].to_list() == [None]
    assert rows["license"].to_list() == [None]


def test_one_file_of_latex(tmp_path) -> None:
    rows, _ = read(tmp_path, "a.tex", TEX.encode())
    assert "The part" not in rows["text"][0]
    rows, _ = read(tmp_path, "a.gz", gzip.compress(TEX.encode("latin-1")))
    assert rows.height == 1


def test_hostile_archives(tmp_path) -> None:
    link = tarfile.TarInfo("main.tex")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    doc = TEX.encode()
    cases = {
        "link.tar": tarred({}, link),
        "out.tar": tarred({"../../main.tex": doc}),
        "out.zip": zipped({"../main.tex": doc, "/abs.tex": doc}),
        "bomb.zip": zipped({"main.tex": bytes(30_000_000)}),
        "bomb.tar.gz": gzip.compress(tarred({"main.tex": bytes(30_000_000)})),
        "torn.tar.gz": gzip.compress(tarred({"main.tex": doc}))[:100],
        "none.zip": b"PK\x03\x04 nothing",
        "none.tar.gz": gzip.compress(b"no LaTeX"),
        "empty.tex": b"",
        "a.pdf": b"%PDF-1.7",
        "loop.tex": rb"\documentclass{a}\begin{document}\input{loop}\input{loop.tex}\end{document}",
    }
    for name, raw in cases.items():
        rows, fates = read(tmp_path, name, raw, max_file_mib=8)
        assert (rows.height, fates.height) == (0, 1), name
    good = tarred({"../evil.tex": doc, "main.tex": doc}, link)
    assert read(tmp_path, "good.tar", good)[0].height == 1


JATS = """<!DOCTYPE article PUBLIC "-//NLM//DTD JATS" "a.dtd"><article xmlns:xlink="http://www.w3.org/1999/xlink"><front><article-meta>
<article-id pub-id-type="doi">10.1/x</article-id><title-group><article-title>On <italic>things</italic></article-title></title-group>
<contrib-group><contrib contrib-type="author"><name><surname>Doe</surname><given-names>Jo</given-names></name></contrib></contrib-group>
<pub-date><year>2020</year></pub-date><permissions><license xlink:href="http://creativecommons.org/licenses/by/4.0/"/></permissions>
<abstract><p>Short.</p></abstract></article-meta></front><body><sec><title>Intro</title><p>We cite <xref>1</xref> it.</p>
<sec><title>Deeper</title><p>More.</p></sec></sec></body><back><ref-list><ref><article-title>Not ours</article-title></ref></ref-list></back></article>"""


def test_jats(tmp_path) -> None:
    rows, _ = read(tmp_path, "a.nxml", JATS.encode())
    row = rows.row(0, named=True)
    assert (
        row["text"]
        == "# On things\n\n## Abstract\n\nShort.\n\n## Intro\n\nWe cite it.\n\n### Deeper\n\nMore."
    )
    assert (row["license"], row["author"], row["source_id"]) == ("CC-BY-4.0", "Jo Doe", "10.1/x")
    assert extra(row, "year") == "2020"


def test_jats_that_would_expand(tmp_path) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><article>&b;</article>'
    assert read(tmp_path, "a.xml", bomb.encode())[1]["reason"].to_list() == [
        "it declares entities, which are not followed"
    ]
    outer = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><article>&a;</article>'
    assert read(tmp_path, "a.xml", outer.encode())[0].is_empty()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([".json", ".xml", ".tex", ".gz", ".zip"]),
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.text(max_size=5) | st.integers(),
            lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["body_text", "abstract", "metadata", "text", "section", "authors", "title"]), inner),
            max_leaves=12,
        ).map(lambda value: json.dumps(value).encode()),
    ),
)  # fmt: skip
def test_any_bytes_end_as_rows_or_reasons(tmp_path, suffix, raw) -> None:
    rows, fates = read(tmp_path, f"a{suffix}", raw)
    assert rows.height + fates.height == 1


@pytest.mark.parametrize("unit", ["\\input{a}", "{", "}", "\\begin{equation}", "\\begin{verbatim}", "$", "$$", "\\section{", "\\(", "%", "\\\\",
                                  "\\newcommand{\\a}{", "\\cite[", "\\\"", "\\footnote{", "``", "\\caption{", "\\href{a}{", "a", " \n"])  # fmt: skip
def test_time_grows_with_the_length(unit) -> None:
    start = time.process_time()
    text = unit * (200_000 // len(unit))
    latex.plain(latex.joined(text, lambda name: text), latex.macros(text))
    latex.named(text, "title")
    assert time.process_time() - start < 10


def test_real_papers(tmp_path, shared_data) -> None:
    rows, fates = read_all(PapersSource(name="papers", path="papers"), shared_data, tmp_path)
    assert (rows.height, fates.height) == (18, 4)
    by_file = {row["file"]: row for row in rows.iter_rows(named=True)}
    pdf = by_file["papers/pdf/N18-3011.pdf"]["text"]
    assert pdf.startswith("# Construction of the Literature Graph in Semantic Scholar")
    assert by_file["papers/jats/PMC5828200.nxml"]["license"] == "CC-BY-3.0"
    assert sum(row["license"] == "CC-BY-4.0" for row in by_file.values()) == 2
    latex_text = by_file["papers/latex/1911.02782.gz"]["text"]
    assert latex_text.startswith(
        "# S2ORC: The Semantic Scholar Open Research Corpus\n\n## Abstract\n\nWe introduce S2ORC"
    )
    for heading in (
        "Introduction",
        "Constructing the corpus",
        "Evaluation",
        "Related work",
        "Conclusion",
    ):
        assert f"\n## {heading}\n" in latex_text
    assert "\\cite" not in latex_text
    assert all(row["text"].count("\n#") >= 1 for row in by_file.values())
