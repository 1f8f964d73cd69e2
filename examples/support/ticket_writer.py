"""Writes the tickets of Brindlemoss: the hand-written texts of ``texts/``, combined.

A question is an opener, a way to ask, a detail and a closer, in some tone; an answer is a lead and
a follow-up on the same topic, repeating names and numbers from the question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from slots import Dice, Slots

SIGN_OFF = "Happy growing!"
CATEGORY_WEIGHTS = {
    "delivery": 12, "returns": 11, "billing": 10, "subscription": 11, "account": 8, "growing": 11,
    "device": 10, "app": 7, "warranty": 7, "rewards": 6, "gifts": 7, "business": 7,
}  # fmt: skip
FILE_WEIGHTS = {"csv": 61, "legacy": 18, "chat": 12, "crm": 9}

AGENTS = ("fern", "moss", "clover", "sorrel", "bracken", "tansy")
CHANNELS = ("web", "mail", "app", "phone", "counter")
YES_NO = re.compile(
    r"\b(can|could|do you|does|is|are|may|would|will|possible|should)\b", re.IGNORECASE
)

# Words that say nothing about what a sentence is about.
COMMON_STEMS = {
    "potti", "shed", "under", "with", "your", "that", "this", "from", "they", "have", "when",
    "then", "what", "after", "takes", "there",
}  # fmt: skip


@dataclass(frozen=True)
class Topic:
    """One thing customers ask about: ways to ask it, and the halves of the answer."""

    rule: str
    title: str
    category: str
    questions: tuple[str, ...]
    leads: tuple[str, ...]
    follows: tuple[str, ...]
    details: tuple[str, ...]


@dataclass(frozen=True)
class Ticket:
    """One row before it is written in the columns of its file."""

    number: int
    created: datetime
    customer: str
    thread: str
    category: str
    rule: str
    subject: str
    question: str
    answer: str
    file: str
    priority: str
    agent: str
    tags: str
    contact: str = ""
    type: str = "public"
    defects: tuple[str, ...] = ()
    copy_of: str = ""

    @property
    def id(self) -> str:
        return f"{'L' if self.file == 'legacy' else 'T'}-{self.number}"

    def marked(self, *defects: str, **changes: Any) -> Ticket:
        return replace(self, defects=(*self.defects, *defects), **changes)


def read_topics(folder: Path) -> list[Topic]:
    """Read ``CATEGORY.txt`` files: ``#`` topic, ``?`` question, ``=`` lead, ``+`` follow-up."""
    topics = []
    for category in CATEGORY_WEIGHTS:
        head, *blocks = (folder / f"{category}.txt").read_text("utf-8").split("\n# ")
        details = _starting(head, "~")
        for block in blocks:
            rule, title = block.splitlines()[0].split(" ", 1)
            topic = Topic(
                rule, title, category, _starting(block, "?"), _starting(block, "="),
                _starting(block, "+"), details,
            )  # fmt: skip
            topics.append(topic)
    return topics


def _starting(block: str, mark: str) -> tuple[str, ...]:
    return tuple(line[2:].strip() for line in block.splitlines() if line.startswith(mark + " "))


def read_common(path: Path) -> dict[str, list[str]]:
    blocks = path.read_text("utf-8").removeprefix("# ").split("\n# ")
    return {lines[0]: [line for line in lines[1:] if line] for lines in map(str.splitlines, blocks)}


class Writer:
    """Writes tickets: who asks what when, and how it is answered."""

    def __init__(self, dice: Dice, folder: Path) -> None:
        self.dice = dice
        self.common = read_common(folder / "common.txt")
        self.topics = read_topics(folder)
        self._decks: dict[str, list[str]] = {}
        self._topic_decks: dict[str, list[Topic]] = {}
        self._number = 41000
        self._customers: list[str] = []

    def next_number(self) -> int:
        self._number += self.dice.between(1, 9)
        return self._number

    def deal(self, name: str, cards: Sequence[str]) -> str:
        """Take cards in shuffled order, all of them before any comes twice."""
        if not self._decks.get(name):
            self._decks[name] = self.dice.shuffled(cards)
        return self._decks[name].pop()

    def topic(self, category: str) -> Topic:
        if not self._topic_decks.get(category):
            mine = [topic for topic in self.topics if topic.category == category]
            self._topic_decks[category] = self.dice.shuffled(mine)
        return self._topic_decks[category].pop()

    def customer(self) -> str:
        if self._customers and self.dice.chance(0.28):
            return self.dice.pick(self._customers)
        self._customers.append(f"C-{10200 + 7 * len(self._customers)}")
        return self._customers[-1]

    def threads(self, count: int) -> list[Ticket]:
        """Write ``count`` tickets in threads of one to three."""
        tickets: list[Ticket] = []
        while len(tickets) < count:
            category = self.dice.weighted(CATEGORY_WEIGHTS)
            file = self.dice.weighted(FILE_WEIGHTS)
            year = {"csv": 2025, "legacy": 2024}.get(file, self.dice.pick((2024, 2025)))
            created = datetime(year, 1, 2, 7, tzinfo=UTC) + timedelta(
                days=self.dice.between(0, 350), seconds=self.dice.between(0, 14 * 3600)
            )
            customer, thread = self.customer(), f"TH-{self.next_number()}"
            length = 1 + (self.dice.chance(0.24)) + (self.dice.chance(0.05))
            for turn in range(min(length, count - len(tickets))):
                tickets.append(self.ticket(category, file, created, customer, thread, turn))
                created += timedelta(hours=self.dice.between(3, 90), seconds=turn + 11)
        return tickets

    def ticket(
        self, category: str, file: str, created: datetime, customer: str, thread: str, turn: int
    ) -> Ticket:
        dice, topic = self.dice, self.topic(category)
        slots = Slots(dice, created)
        question = self.question(topic, slots, turn)
        return Ticket(
            number=self.next_number(),
            created=created,
            customer=customer,
            thread=thread,
            category=category,
            rule=topic.rule,
            subject=self.subject(topic, question, turn),
            question=question,
            answer=self.answer(topic, slots, question),
            file=file,
            priority=dice.pick(("low", "normal", "normal", "normal", "high")),
            agent=dice.pick(AGENTS),
            tags=",".join(dice.shuffled((dice.pick(CHANNELS), topic.category))[: 1 + (turn > 0)]),
        )

    def subject(self, topic: Topic, question: str, turn: int) -> str:
        words = question.split()
        start = " ".join(words[: self.dice.between(3, 6)]).rstrip(",.:")
        plain = topic.title[0].upper() + topic.title[1:]
        subject = self.dice.pick((plain, start, start, f"Question: {topic.title}"))
        return f"Re: {subject}" if turn else subject

    def question(self, topic: Topic, slots: Slots, turn: int) -> str:
        core = self.deal(topic.rule, topic.questions)
        while True:
            # A fresh draw of the same slots, should the first try be too long.
            slots.values.clear()
            text = self._tone(self._compose(core, topic, slots, turn))
            if 20 <= len(text) <= 300:
                return text

    def _compose(self, core: str, topic: Topic, slots: Slots, turn: int) -> str:
        dice, parts = self.dice, [slots.fill(core)]
        if dice.chance(0.5):
            detail = slots.fill(self.dice.pick(topic.details))
            parts.insert(dice.pick((0, 1, 1)), detail)
        if turn and dice.chance(0.8):
            parts.insert(0, slots.fill(self.deal("followups", self.common["followups"])))
        elif dice.chance(0.55):
            opener = slots.fill(self.deal("openers", self.common["openers"]))
            lower_next = opener.endswith((",", "but", ":")) and dice.chance(0.7)
            if lower_next and not parts[0].startswith(("I ", "I'", "Is BM", "BM")):
                parts[0] = parts[0][0].lower() + parts[0][1:]
            parts.insert(0, opener)
        if dice.chance(0.5):
            parts.append(slots.fill(self.deal("closers", self.common["closers"])))
        return " ".join(parts)

    def _tone(self, text: str) -> str:
        dice, roll = self.dice, self.dice.between(0, 99)
        if roll < 15:
            return text.lower().replace("'", "") if dice.chance(0.6) else text.lower()
        if roll < 29:
            return _typos(text, dice)
        if roll < 32:
            return text.upper().rstrip(".?") + dice.pick(("!!!", "??", "?!"))
        if roll < 38:
            return re.sub(r"[.,?!](?=\s|$)", "", text)
        if roll < 42:
            return text.replace(". ", "...\n").rstrip(".")
        return text

    def answer(self, topic: Topic, slots: Slots, question: str) -> str:
        """Answer with a lead and the follow-up that is closest to the question, at times two."""
        lead = slots.fill(self._closest(topic.leads, slots, question, 0.4))
        fresh = [text for text in topic.follows if slots.can_fill(text) and _adds(text, lead, 9)]
        follow = slots.fill(self._closest(fresh or topic.follows, slots, question, 0.85))
        said = f"{lead} {follow}"
        new = [text for text in topic.follows if slots.can_fill(text) and _adds(text, said)]
        if new and self.dice.chance(0.55):
            said = f"{said} {slots.fill(self.dice.pick(new))}"
        return self.signed(said, topic.rule)

    def _closest(self, texts: Sequence[str], slots: Slots, question: str, care: float) -> str:
        """Choose the text that shares most words with the question, or any of them."""
        fitting = [
            t for t in texts if slots.can_fill(t) and (t[:3] != "Yes" or YES_NO.search(question))
        ]
        texts = self.dice.shuffled(fitting)
        if self.dice.chance(care):
            return max(texts, key=lambda text: _shared(text, question))
        return texts[0]

    @staticmethod
    def signed(text: str, rule: str) -> str:
        return f"{text} (Rule {rule}) {SIGN_OFF}"


def _adds(text: str, said: str, most: int = 1) -> bool:
    """Say whether a sentence tells more than was said: no figure twice, few words twice."""
    figures = set(re.findall(r"\d+", text)) & set(re.findall(r"\d+", said))
    return not figures and _shared(text, said) <= most


def _shared(text: str, other: str) -> int:
    """Count the words that two texts share, by their first five letters."""
    stems = [set(re.findall(r"\b[a-z0-9]{4,5}|\b\d+", part.lower())) for part in (text, other)]
    return len((stems[0] & stems[1]) - COMMON_STEMS)


def _typos(text: str, dice: Dice) -> str:
    words = text.split(" ")
    for _ in range(dice.between(1, 3)):
        at = dice.between(0, len(words) - 1)
        word = words[at]
        if len(word) < 5 or not word.isalpha():
            continue
        cut = dice.between(1, len(word) - 2)
        words[at] = dice.pick(
            (
                word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :],
                word[:cut] + word[cut + 1 :],
                word[:cut] + word[cut] + word[cut:],
            )
        )
    return " ".join(words)
