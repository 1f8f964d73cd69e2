"""The reasons of the verdict, with their figures linked to what they rest on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tunesmith.report.anchors import Anchors, Evidence
from tunesmith.report.methods import Method
from tunesmith.report.wording import duration, money, percent

_LONG = 260
_SHOWN = 3


@dataclass(frozen=True)
class Piece:
    """A stretch of a sentence; `href` is where its figure stands, `source` the file that has it."""

    text: str
    href: str = ""
    source: str = ""


@dataclass(frozen=True)
class Reason:
    """A sentence in pieces, and what it rests on that its words do not show."""

    pieces: tuple[Piece, ...]
    more: tuple[Piece, ...] = ()

    @property
    def text(self) -> str:
        """The sentence."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True)
class Reasons:
    """The few that a manager reads first, and all of them in order."""

    first: tuple[Reason, ...]
    all: tuple[Reason, ...]


def link_reasons(
    sentences: list[str],
    evidence: list[list[Evidence]],
    anchors: Anchors,
    methods: tuple[Method, ...],
) -> Reasons:
    """Link the figures of the sentences, and choose those to show first."""
    proofs = [*evidence, *([] for _ in sentences)]
    linked = tuple(_link(text, proof, anchors) for text, proof in zip(sentences, proofs))  # noqa: B905 - proofs are padded
    chosen = [linked[i] for i in _first(sentences, methods)]
    return Reasons(first=tuple(chosen), all=linked)


def _first(sentences: list[str], methods: tuple[Method, ...]) -> list[int]:
    """The first short sentences on the chosen method; then those from the first on any method."""
    short = [i for i, text in enumerate(sentences) if len(text) <= _LONG]
    chosen = [method.short.lower() for method in methods if method.chosen]
    called = [method.short.lower() for method in methods]
    about = [i for i in short if any(name in sentences[i].lower() for name in called)]
    own = [i for i in about if any(name in sentences[i].lower() for name in chosen)]
    wanted = dict.fromkeys([*own, *(i for i in short if i >= min(about, default=0))])
    return sorted(list(wanted)[:_SHOWN])


def _link(text: str, evidence: list[Evidence], anchors: Anchors) -> Reason:
    spans: list[tuple[int, int, Piece]] = []
    more = []
    for proof in evidence:
        href, source = anchors.find(proof.path, proof.pointer), f"{proof.path} {proof.pointer}"
        span = _find(text, proof, [(start, end) for start, end, _ in spans])
        if span is None:
            more.append(Piece(proof.path, href, source))
        else:
            spans.append((*span, Piece(text[span[0] : span[1]], href, source)))
    pieces, position = [], 0
    for start, end, piece in sorted(spans, key=lambda span: span[0]):
        pieces += [Piece(text[position:start]), piece]
        position = end
    pieces.append(Piece(text[position:]))
    unique = {(piece.href, piece.text): piece for piece in more}
    return Reason(tuple(piece for piece in pieces if piece.text), tuple(unique.values()))


def _find(text: str, proof: Evidence, taken: list[tuple[int, int]]) -> tuple[int, int] | None:
    """Where the sentence writes the value, in any of the ways in which sentences write figures."""
    writings = [proof.shown] if proof.shown else []
    writings += _writings(proof.value) if proof.value is not None and not proof.shown else []
    for shown in writings:
        pattern = rf"(?<![\w.,]){re.escape(shown)}(?![\d]|[.,]\d)"
        for match in re.finditer(pattern, text):
            start, end = match.span()
            if all(end <= low or start >= high for low, high in taken):
                return start, end
    return None


def _writings(value: float) -> list[str]:
    size = abs(value)
    found = [f"{size:,.{digits}f}" for digits in (4, 3, 2, 1)]
    found += [duration(size), percent(size), f"{size * 100:.0f}%", f"{size:,.0f}"]
    found.insert(0, money(size, ""))
    return [text for text in dict.fromkeys(found) if _close(text, size)]


def _close(text: str, value: float) -> bool:
    """Whether a writing still tells the value: 0.0012 must not be found as "0"."""
    digits = re.sub(r"[^\d.]", "", text.split(maxsplit=1)[0])
    return value == 0 or any(c in "123456789" for c in digits)
