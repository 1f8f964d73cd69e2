"""Long pages cut into passages along their headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import Field, model_validator

from tunesmith.collect.documents.blocks import Block, render
from tunesmith.config import Config

#: Pieces of text as byte-pair tokenizers cut them: letters, one digit, or one other sign.
_PIECE = re.compile(r"[^\W\d_]+|\d|[^\w\s]|_")
#: Letters of scripts in which a letter is about a token.
_DENSE = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_SENTENCE = re.compile(r"(?<=[.!?\u3002\uff01\uff1f])\s+|\n")


class Passages(Config):
    """How long pages are cut. A page within `max_tokens` stays one row."""

    max_tokens: int | None = Field(default=1500, ge=50)
    """Tokens that a passage has at most; null keeps every page whole. Tokens are estimated: see
    `estimate_tokens`."""
    overlap_tokens: int = Field(default=64, ge=0)
    """Tokens of the passage before that a passage repeats where a section was cut; a passage that
    begins with a heading repeats nothing."""
    min_tokens: int = Field(default=200, ge=0)
    """Sections with fewer tokens go together with the one after them, where both fit."""
    headings: bool = True
    """Whether the headings above a passage stand at its beginning. They are in `extra` anyway."""

    @model_validator(mode="after")
    def _fits(self) -> Passages:
        if self.max_tokens is not None:
            if 2 * self.overlap_tokens > self.max_tokens:
                raise ValueError(f"overlap_tokens must be at most half of {self.max_tokens}")
            if self.min_tokens > self.max_tokens:
                raise ValueError(f"min_tokens must be at most max_tokens ({self.max_tokens})")
        return self


@dataclass
class Passage:
    """Some blocks of a page that belong together."""

    blocks: list[Block]
    path: list[Block] = field(default_factory=list)
    """The headings above it, from the outermost."""
    position: str = ""
    overlap: str = ""
    """What it repeats of the passage before."""

    def text(self, *, headings: bool) -> str:
        """Its words, below the headings above it."""
        first = [Block("paragraph", self.overlap)] if self.overlap else []
        return render((self.path if headings else []) + first + self.blocks)


def estimate_tokens(text: str) -> int:
    """About how many tokens a byte-pair tokenizer of 30,000 to 150,000 pieces makes of a text.

    A word is one token up to seven letters and one more for every five beyond; a letter of Chinese,
    Japanese, Korean, Thai or Lao is one; in other scripts beyond ASCII a token is about three
    letters; digits and signs are one each.
    """
    count = 0
    for piece in _PIECE.findall(text):
        letters = len(piece)
        if piece.isascii():
            count += 1 + max(0, letters - 3) // 5
        else:
            dense = len(_DENSE.findall(piece))
            count += dense + -(-(letters - dense) // 3)
    return count


def cut(blocks: list[Block], settings: Passages) -> list[Passage]:
    """The passages of a page, in order; one of them where it is short.

    Sections are kept whole where they fit; a longer one is cut between its blocks, a longer block
    between its lines or sentences. Every block is in exactly one passage, overlap apart.
    """
    most = settings.max_tokens
    if most is None or sum(estimate_tokens(block.render()) for block in blocks) <= most:
        return [Passage(blocks)]
    found: list[Passage] = []
    for section in _merged(list(_sections(blocks)), settings.min_tokens, most):
        found.extend(_cut_section(section, most, settings.overlap_tokens))
    return found


def _sections(blocks: list[Block]) -> Iterator[Passage]:
    """A passage for each heading with what is below it, up to the next heading."""
    path: list[Block] = []
    counts: list[int] = []
    current = Passage([], position="section 0")
    for block in blocks:
        if block.kind == "heading":
            if current.blocks:
                yield current
            level = max(1, block.level)
            path = [above for above in path if above.level < level]
            counts = [*counts, 0][: len(path) + 1]
            counts += [0] * (len(path) + 1 - len(counts))
            counts[-1] += 1
            place = ".".join(str(max(1, count)) for count in counts)
            current = Passage([], list(path), f"section {place}")
            path.append(block)
        current.blocks.append(block)
    if current.blocks:
        yield current


def _merged(sections: list[Passage], least: int, most: int) -> Iterator[Passage]:
    """Sections that are short, or only a heading, together with what comes after them."""
    current: Passage | None = None
    size = 0
    for section in sections:
        own = _size(section.blocks)
        if (
            current is not None
            and (size < least or own < least)
            and size + own <= most
            and (section.path[: len(current.path)] == current.path)
        ):
            current.blocks.extend(section.blocks)
            size += own
            continue
        if current is not None:
            yield current
        current, size = section, own
    if current is not None:
        yield current


def _size(blocks: list[Block]) -> int:
    return sum(estimate_tokens(block.render()) for block in blocks)


def _cut_section(section: Passage, most: int, overlap: int) -> Iterator[Passage]:
    room = max(most // 2, most - _path_size(section.path))
    parts: list[list[Block]] = [[]]
    size = 0
    first = section.blocks[0]
    opening = estimate_tokens(first.render()) if first.kind == "heading" else 0
    largest = max(room // 4, room - overlap - opening)  # a heading is not left alone
    for block in section.blocks:
        for piece in _pieces(block, largest):
            own = estimate_tokens(piece.render())
            if parts[-1] and size + own > room - (overlap if len(parts) > 1 else 0):
                parts.append([])
                size = 0
            parts[-1].append(piece)
            size += own
    heading = first if first.kind == "heading" else None
    before = ""
    for number, part in enumerate(parts, 1):
        path = section.path if number == 1 or heading is None else [*section.path, heading]
        place = _place(part) or section.position
        if len(parts) > 1 and place == section.position:
            place = f"{place} part {number}"
        yield Passage(part, path, place, _tail(before, overlap))
        before = "" if part[-1].kind in {"table", "code"} else part[-1].text


def _path_size(path: list[Block]) -> int:
    return sum(estimate_tokens(heading.text) + 1 for heading in path)


def _place(blocks: list[Block]) -> str | None:
    """The pages, slides or rows that blocks come from."""
    places = list(dict.fromkeys(block.position for block in blocks if block.position))
    # The heading of a sheet says less than the rows below it.
    places = [one for one in places if not any(o.startswith(f"{one} ") for o in places)] or places
    if len(places) < 2:
        return places[0] if places else None
    return f"{places[0]} to {places[-1]}"


def _pieces(block: Block, room: int) -> Iterator[Block]:
    """A block in pieces of at most `room` tokens, cut between lines, sentences or words."""
    if estimate_tokens(block.render()) <= room:
        yield block
        return
    if block.header is not None:
        room = max(room // 2, room - estimate_tokens(block.header))
    whole_lines = block.kind in {"table", "code"} or "\n" in block.text
    parts = block.text.split("\n") if whole_lines else _SENTENCE.split(block.text)
    joint = "\n" if whole_lines else " "
    for text in _filled(_short(parts, room), room, joint):
        yield Block(block.kind, text, block.level, block.position, block.header)


def _short(parts: list[str], room: int) -> Iterator[str]:
    """The parts, those that are too long cut between words, or within a word that is."""
    for part in parts:
        if estimate_tokens(part) <= room:
            yield part
            continue
        words = [
            word[start : start + room]
            for word in part.split(" ")
            for start in range(0, max(1, len(word)), room)
        ]
        yield from _filled(words, room, " ")


def _filled(parts: Iterator[str] | list[str], room: int, joint: str) -> Iterator[str]:
    """Parts put together up to `room` tokens."""
    held: list[str] = []
    size = 0
    for part in parts:
        own = estimate_tokens(part)
        if held and size + own > room:
            yield joint.join(held)
            held, size = [], 0
        held.append(part)
        size += own
    if held:
        yield joint.join(held)


def _tail(text: str, tokens: int) -> str:
    """The last sentences of a text that have together at most so many tokens."""
    held: list[str] = []
    size = 0
    for sentence in reversed(_SENTENCE.split(text)) if tokens else ():
        size += estimate_tokens(sentence)
        if size > tokens:
            break
        held.insert(0, sentence)
    return " ".join(held).strip()
