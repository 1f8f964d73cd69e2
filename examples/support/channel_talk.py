"""Who talks with the Shed Crew in mail, chats and calls, and what is said.

Questions and answers come from ``ticket_writer``, so that every channel gives the same facts in the
same voice. Customers here have numbers from C-20000 on, which no ticket has.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from slots import CITIES, DOMAINS, FIRST, LAST, Dice, Slots
from ticket_writer import CATEGORY_WEIGHTS, SIGN_OFF, Writer

HOME = "brindlemoss.example"
AGENT_NAMES = {
    "fern": "Fern Larkspur", "moss": "Moss Ashdown", "clover": "Clover Nandi",
    "sorrel": "Sorrel Whitlock", "bracken": "Bracken Oduya", "tansy": "Tansy Merrow",
}  # fmt: skip
ACCENTED = ("Zoë", "Inés", "André", "Søren", "Chloé", "Jürgen")


@dataclass(frozen=True)
class Person:
    """Somebody with a name and a mail address; agents have their short name as ``id``."""

    id: str
    name: str
    address: str
    city: str = ""

    @property
    def first(self) -> str:
        return self.name.split()[0]


@dataclass(frozen=True)
class Exchange:
    """A question and the answer that it got, under the rule that decides it."""

    category: str
    rule: str
    subject: str
    question: str
    answer: str

    @property
    def halves(self) -> tuple[str, str]:
        """The answer as two messages: its first sentence, and what follows."""
        first, dot, rest = self.answer.partition(". ")
        return first + dot.strip(), rest


class OwnName(Slots):
    """Slots in which ``{name}`` is the writer's own, as it is under a mail or a chat."""

    def __init__(self, dice: Dice, created: datetime, name: str) -> None:
        super().__init__(dice, created)
        self.name = name

    def value(self, name: str) -> str:
        if name == "name":
            self.values[name] = self.name
        return super().value(name)


class Talk:
    """Deals people and exchanges; no way to ask comes twice before all have come once."""

    def __init__(self, dice: Dice, texts: Path) -> None:
        self.dice = dice
        self.writer = Writer(dice, texts)
        self.agents = {key: Person(key, name, f"{key}@{HOME}") for key, name in AGENT_NAMES.items()}
        self.customers: list[Person] = []

    def agent(self) -> Person:
        return self.agents[self.writer.deal("agents", tuple(self.agents))]

    def customer(self) -> Person:
        """Make somebody new, with an address of their own at a reserved domain."""
        taken = {person.address for person in self.customers}
        while True:
            first = self.dice.pick(FIRST if self.dice.chance(0.75) else ACCENTED)
            last = self.dice.pick(LAST)
            local = f"{first}{self.dice.pick(('.', '_', ''))}{last}".lower().replace("ø", "o")
            plain = unicodedata.normalize("NFKD", local).encode("ascii", "ignore").decode()
            address = f"{plain}@{self.dice.pick(DOMAINS)}"
            if address not in taken:
                break
        number = 20003 + 7 * len(self.customers)
        person = Person(f"C-{number}", f"{first} {last}", address, self.dice.pick(CITIES))
        self.customers.append(person)
        return person

    def category(self) -> str:
        return self.dice.weighted(CATEGORY_WEIGHTS)

    def moment(self, first_day: int, days: int) -> datetime:
        """Draw a time in 2025, between 7 and 19 o'clock UTC."""
        return datetime(2025, 1, 2, 7, tzinfo=UTC) + timedelta(
            days=first_day + self.dice.between(0, days), seconds=self.dice.between(0, 12 * 3600)
        )

    def exchanges(
        self, count: int, who: Person, created: datetime, category: str = ""
    ) -> list[Exchange]:
        """Write ``count`` exchanges on one category, each but the first as a follow-up."""
        category = category or self.category()
        written: list[Exchange] = []
        for turn in range(count):
            topic = self.writer.topic(category)
            slots = self.slots(who, created, category)
            question = self.writer.question(topic, slots, turn)
            answer = self.writer.answer(topic, slots, question)
            subject = self.writer.subject(topic, question, 0)
            written.append(Exchange(category, topic.rule, subject, question, answer))
        return written

    def spoken(self, who: Person, created: datetime, category: str) -> Exchange:
        """Write an exchange as it is said aloud: no typing habits, no brackets, no arrows."""
        topic = self.writer.topic(category)
        slots = self.slots(who, created, category)
        sayable = [q for q in topic.questions if q[0].isupper() and "??" not in q and ">" not in q]
        core = slots.fill(self.writer.deal(f"spoken {topic.rule}", sayable))
        question = f"{core} {slots.fill(self.dice.pick(topic.details))}"
        body = self.writer.answer(topic, slots, question).split(" (Rule ")[0]
        answer = f"{body.replace(' > ', ', then ')} That's Rule {topic.rule}. {SIGN_OFF}"
        return Exchange(category, topic.rule, topic.title, question, answer)

    def slots(self, who: Person, created: datetime, category: str) -> Slots:
        # In the texts about gifts, a name is somebody else's.
        if category == "gifts":
            return Slots(self.dice, created)
        return OwnName(self.dice, created, who.first)
