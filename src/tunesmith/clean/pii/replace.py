"""What stands where personal data was: a tag, or a pseudonym or fake that a secret keys."""

from __future__ import annotations

import hmac
import re
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from tunesmith.clean.pii.fakes import people
from tunesmith.clean.pii.fakes.make import fake_of
from tunesmith.clean.pii.fakes.verify import is_fake
from tunesmith.clean.pii.normal import normal
from tunesmith.clean.pii.spans import KINDS, NAME_KINDS, Claims, Kind, Span

Style = Literal["tag", "pseudonym", "fake"]

#: Letters of a pseudonym: 37.6 bits, so that of 100,000 values two share one in 2.4% of datasets.
LETTERS = 8

#: A tag or a pseudonym; `MAC` inside of `[MAC_ADDRESS]` is nobody's name.
TAG = re.compile(rf"\[(?:{'|'.join(KINDS)})(?:_[A-Z]+)?\]")


def tag(kind: Kind) -> str:
    """`[EMAIL]`."""
    return f"[{kind}]"


def pseudonym(key: bytes, kind: Kind, value: str) -> str:
    """`[EMAIL_KMFOPAXE]`: the same for the same value of a kind, however it is spelled."""
    return f"[{kind}_{letters_of(key, kind, normal(kind, value), LETTERS)}]"


def letters_of(key: bytes, kind: str, value: str, letters: int) -> str:
    """Capital letters that stand for a value of a kind, by HMAC-SHA256 (4.7 bits a letter)."""
    digest = hmac.digest(key, f"{kind}\x1f{value}".encode(), "sha256")
    number = int.from_bytes(digest[:8], "big")
    found = []
    for _ in range(letters):
        number, rest = divmod(number, 26)
        found.append(chr(65 + rest))
    return "".join(found)


class Entry(NamedTuple):
    """What a vault keeps of one replacement."""

    shown: str
    """The pseudonym or fake."""
    kind: str
    """What it stands for."""
    original: str
    """The value; for the pseudonym of a known person the whole name."""


class Finished(NamedTuple):
    """A text as it is shown, and what was replaced in it."""

    text: str
    entries: list[Entry]
    is_clean: bool = True
    """False where detectors find something even if all that was replaced is shown as tags."""


#: Gives the places of those texts in which detectors find something.
Dirty = Callable[[list[str]], set[int]]


class Replacer:
    """Replaces spans while detectors look, again and again, at what is left of a text.

    A span becomes a mark, in which no detector finds anything; when nothing is left, `finished`
    puts what is shown in the place of the marks.
    """

    def __init__(self) -> None:
        self._originals: dict[str, str] = {}

    def replaced(self, text: str, spans: Sequence[Span]) -> str:
        """A text with each span replaced by its mark, by offset.

        Args:
            text: The text.
            spans: Spans that do not overlap, from left to right.
        """
        parts, done = [], 0
        for span in spans:
            value = text[span.start : span.end]
            parts += [text[done : span.start], self._mark(span.kind, value, span.value)]
            done = span.end
        parts.append(text[done:])
        return "".join(parts)

    @abstractmethod
    def _mark(self, kind: Kind, text: str, whole: str | None) -> str:
        """What stands for a value while the detectors look."""

    def finished(self, texts: list[str], dirty: Dirty) -> list[Finished]:
        """The texts as they are shown, and what was replaced in each.

        Args:
            texts: Texts with marks.
            dirty: The places of the texts in which detectors find something.
        """
        del dirty
        return [Finished(text, []) for text in texts]


class Tags(Replacer):
    """`[EMAIL]`."""

    def _mark(self, kind: Kind, text: str, whole: str | None) -> str:
        del text, whole
        return tag(kind)


_SHOWN = re.compile(rf"\[[A-Z_]+_[A-Z]{{{LETTERS}}}\]")


class Pseudonyms(Replacer):
    """`[EMAIL_KMFOPAXE]`."""

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self._key = key
        self._entries: dict[str, dict[str, Entry]] = {}

    def _mark(self, kind: Kind, text: str, whole: str | None) -> str:
        value = text if whole is None else whole
        shown = pseudonym(self._key, kind, value)
        # A value may hold what was replaced before it was found, such as a name in an address.
        original = _SHOWN.sub(lambda match: self._originals.get(match[0], match[0]), value)
        self._originals.setdefault(shown, original)
        entries = self._entries.setdefault(shown, {})
        entries.setdefault(original, Entry(shown, kind, original))
        return shown

    def finished(self, texts: list[str], dirty: Dirty) -> list[Finished]:
        """The texts as they are, and the entries of the pseudonyms in them."""
        del dirty
        return [Finished(text, self._entries_in(text)) for text in texts]

    def _entries_in(self, text: str) -> list[Entry]:
        shown = dict.fromkeys(match[0] for match in _SHOWN.finditer(text))
        return [entry for one in shown for entry in self._entries.get(one, {}).values()]


#: Letters of a mark, which no text shows: another number than those of a pseudonym.
_MARK_LETTERS = 12
#: What stands for any fake in the leak scan: as long as a mark, so that detectors see the same.
_FAKE = "X" * _MARK_LETTERS
_MARK = re.compile(rf"\[[A-Z_]+_[A-Z]{{{_MARK_LETTERS}}}\]")
#: How often a text is read to find the fakes in it that cannot be told apart, and how many letters
#: of it in all; what was not tried becomes a tag.
_LEAST_TRIES, _MOST_TRIES, _MOST_READ = 4, 64, 4_000_000


@dataclass(frozen=True)
class _Marked:
    kind: Kind
    original: str
    fake: str | None


class Fakes(Replacer):
    """Values that look like what they replace.

    Where a fake runs into its neighbours, so that it could not be told from personal data, the tag
    of its kind stands instead.
    """

    def __init__(self, key: bytes, regions: tuple[str, ...]) -> None:
        super().__init__()
        self._key, self._regions = key, regions
        self._marks: dict[str, _Marked] = {}

    def _mark(self, kind: Kind, text: str, whole: str | None) -> str:
        value = _MARK.sub(lambda match: self._original(match[0]), text)
        fake = fake_of(self._key, kind, value, whole, self._regions)
        about = f"{whole or ''}\x1f{value}"
        mark = f"[{kind}_{letters_of(self._key, kind, about, _MARK_LETTERS)}]"
        self._marks[mark] = _Marked(kind, value, fake)
        return mark

    def _original(self, mark: str) -> str:
        marked = self._marks.get(mark)
        return mark if marked is None else marked.original

    def finished(self, texts: list[str], dirty: Dirty) -> list[Finished]:
        """The texts with fakes in the place of the marks."""
        drafts = [_Draft(text, self._marks) for text in texts]
        unclean = dirty([draft.shown() for draft in drafts])
        _keep_what_stays_clean([drafts[place] for place in sorted(unclean)], dirty)
        return [Finished(draft.shown(), draft.entries(), draft.is_clean) for draft in drafts]


class _Draft:
    """A text with marks, for each of which a fake or a tag is shown."""

    def __init__(self, text: str, marks: dict[str, _Marked]) -> None:
        found = [match for match in _MARK.finditer(text) if match[0] in marks]
        starts = [0, *(match.end() for match in found)]
        ends = [*(match.start() for match in found), len(text)]
        self._between = [text[start:end] for start, end in zip(starts, ends, strict=True)]
        self._marked = [marks[match[0]] for match in found]
        self._faked = [one.fake is not None for one in self._marked]
        self.fakes = [place for place, one in enumerate(self._marked) if one.fake]
        """The places of the marks that have a fake."""
        self.is_clean = True

    def shown(self) -> str:
        """The text."""
        parts = [self._between[0]]
        for one, faked, after in zip(self._marked, self._faked, self._between[1:], strict=True):
            parts += [one.fake if faked and one.fake else tag(one.kind), after]
        return "".join(parts)

    def show(self, numbers: range, *, faked: bool) -> None:
        """Show the fakes, or the tags, of some of the marks that have a fake."""
        for number in numbers:
            self._faked[self.fakes[number]] = faked

    def tries(self) -> int:
        """How many times the detectors may read the text: fewer where it is long."""
        letters = sum(map(len, self._between)) + 1
        return max(_LEAST_TRIES, min(_MOST_TRIES, _MOST_READ // letters))

    def entries(self) -> list[Entry]:
        """What the fakes that are shown stand for."""
        return [
            Entry(one.fake, one.kind, one.original)
            for one in (self._marked[place] for place in self.fakes if self._faked[place])
            if one.fake is not None
        ]


def _keep_what_stays_clean(drafts: list[_Draft], dirty: Dirty) -> None:
    """Show tags instead of those fakes that cannot be told apart.

    Group by group: one that makes its text unclean is halved and tried again, so that few fakes
    among many are found in few tries.
    """
    for draft in drafts:
        draft.show(range(len(draft.fakes)), faked=False)
    for place in dirty([draft.shown() for draft in drafts]):
        drafts[place].is_clean = False
    drafts = [draft for draft in drafts if draft.is_clean]
    waiting = [_halves(range(len(draft.fakes))) for draft in drafts]
    for round_ in range(_MOST_TRIES):
        trying = [
            (draft, groups)
            for draft, groups in zip(drafts, waiting, strict=True)
            if groups and round_ < draft.tries()
        ]
        if not trying:
            break
        tried = [(draft, groups, groups.pop(0)) for draft, groups in trying]
        for draft, _, group in tried:
            draft.show(group, faked=True)
        for place in dirty([draft.shown() for draft, _, _ in tried]):
            draft, groups, group = tried[place]
            draft.show(group, faked=False)
            groups[:0] = _halves(group)


def _halves(group: range) -> list[range]:
    """The two halves of a group; none where it has but one."""
    middle = group.start + len(group) // 2
    return [range(group.start, middle), range(middle, group.stop)] if len(group) > 1 else []


#: Kinds whose fakes are told word by word.
_BY_WORDS = frozenset(NAME_KINDS) - {"ADDRESS"}


def without_fakes(key: bytes, text: str, spans: Sequence[Span], regions: tuple[str, ...]) -> str:
    """A text with marks where fakes stand: for the leak scan, which must look past them.

    Args:
        key: The secret.
        text: The text.
        spans: What was found in it, from left to right.
        regions: Where telephones without a country code are from.
    """
    told = Claims(span for span in spans if span.kind not in _BY_WORDS)
    fakes = [span for span in told.spans if is_fake(key, text[span.start : span.end], regions)]
    # The names inside of what is no fake stay: `[PERSON]@acme.com` is no address any more.
    for start, end in people.spans(key, text):
        told.add(Span(start, end, "PERSON"))
    names = [span for span in told.spans if span.kind == "PERSON"]
    parts, done = [], 0
    for span in sorted([*fakes, *names], key=lambda span: span.start):
        parts += [text[done : span.start], f"[{span.kind}_{_FAKE}]"]
        done = span.end
    return "".join(parts) + text[done:]


def replacer(style: Style, key: Callable[[], bytes], regions: tuple[str, ...]) -> Replacer:
    """What replaces in a style; tags need no key, so none is made for them."""
    if style == "tag":
        return Tags()
    return Pseudonyms(key()) if style == "pseudonym" else Fakes(key(), regions)
