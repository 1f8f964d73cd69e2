"""Seeded choices, and the names and numbers that go into the ``{slots}`` of the texts.

All personal data is fictitious: reserved domains, drama phone numbers, documentation addresses,
test cards and published sample account numbers.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

DEVICES = ("Nook", "Terrace", "Orchard")
PLANS = ("Seedling", "Sapling", "Canopy")
COLOURS = ("chalk", "fern", "slate", "clay")
PODS = (
    "basil", "lemon thyme", "cherry tomato", "dwarf chilli", "butter lettuce", "mint", "coriander",
    "parsley", "strawberry", "nasturtium", "pak choi", "chamomile", "dill", "sage", "rocket",
)  # fmt: skip
CITIES = (
    "Albany", "Boise", "Tucson", "Duluth", "Savannah", "Eugene", "Toledo", "Laramie", "Mobile",
    "Bangor", "Fresno", "Wichita", "Spokane", "Macon",
)  # fmt: skip
COUNTRIES = ("Canada", "New Zealand", "Ireland", "Norway", "Japan", "Chile", "Portugal", "Kenya")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
FIRST = (
    "Odalys", "Bram", "Tindra", "Kofi", "Marisol", "Ewan", "Priya", "Lubo", "Hester", "Anselm",
    "Noor", "Wilma", "Teodor", "Ines", "Caspian", "Juno", "Rafe", "Sunniva",
)  # fmt: skip
LAST = (
    "Venn", "Quillfeather", "Askwith", "Mbele", "Tarrow", "Pellgrove", "Sandoz-Reed", "Okonedo",
    "Larkhill", "Vantongeren", "Birdsall", "Crumb", "Oyelowe", "Fennimore", "Dasgrove", "Holt",
)  # fmt: skip
PHONES = (
    "(212) 555-0142", "+1 415-555-0187", "415.555.0123", "1-800-555-0199", "+44 20 7946 0018",
    "303-555-0110", "+1 (617) 555-0164", "(404) 555 0135", "+44 20 7946 0921", "512 555 0176",
)  # fmt: skip
CARDS = (
    "4111 1111 1111 1111", "5555 5555 5555 4444", "3782 822463 10005", "6011-1111-1111-1117",
    "4012888888881881", "5105-1051-0510-5100",
)  # fmt: skip
IBANS = (
    "DE89 3704 0044 0532 0130 00", "GB29 NWBK 6016 1331 9268 19", "GB82 WEST 1234 5698 7654 32",
    "FR14 2004 1010 0505 0001 3M02 606", "NL91ABNA0417164300", "BE68 5390 0754 7034",
    "CH93 0076 2011 6238 5295 7", "AT611904300234573201",
)  # fmt: skip
SSNS = ("219-09-9999", "078-05-1120", "111-22-3333", "222-33-4444", "333-22-1111")
DOMAINS = ("example.com", "example.org", "example.net")
T = TypeVar("T")


class Dice:
    """Choices drawn from ``random()`` alone, the one call that Python promises to keep stable."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def between(self, low: int, high: int) -> int:
        return low + int(self._random.random() * (high - low + 1))

    def pick(self, items: Sequence[T]) -> T:
        return items[int(self._random.random() * len(items))]

    def weighted(self, weights: dict[str, int]) -> str:
        left = self._random.random() * sum(weights.values())
        for name, weight in weights.items():
            left -= weight
            if left < 0:
                return name
        return name

    def shuffled(self, items: Sequence[T]) -> list[T]:
        keys = [self._random.random() for _ in items]
        return [item for _, item in sorted(zip(keys, items, strict=True), key=lambda pair: pair[0])]


@dataclass
class Slots:
    """Values for ``{slots}``, drawn once a ticket, so that an answer repeats what was asked."""

    dice: Dice
    created: datetime
    values: dict[str, str] = field(default_factory=dict)

    def fill(self, text: str) -> str:
        text = spin(text, self.dice)
        text = re.sub(r"\{(\w+)\}", lambda match: self.value(match[1]), text)
        return text.replace(" a Orchard", " an Orchard")

    def can_fill(self, text: str) -> bool:
        return all(name in self.values for name in re.findall(r"\{(\w+)\}", text))

    def value(self, name: str) -> str:
        if name not in self.values:
            self.values[name] = str(self._draw(name))
        return self.values[name]

    def _draw(self, name: str) -> str | int:
        dice = self.dice
        makers: dict[str, Callable[[], str | int]] = {
            "device": lambda: dice.pick(DEVICES),
            "device2": lambda: dice.pick([x for x in DEVICES if x != self.value("device")]),
            "plan": lambda: dice.pick(PLANS),
            "plan2": lambda: dice.pick([x for x in PLANS if x != self.value("plan")]),
            "pod": lambda: dice.pick(PODS),
            "colour": lambda: dice.pick(COLOURS),
            "city": lambda: dice.pick(CITIES),
            "country": lambda: dice.pick(COUNTRIES),
            "order": lambda: f"BM-{dice.between(30000, 89999)}",
            "serial": lambda: dice.between(100000, 999999),
            "amount": lambda: f"${dice.between(9, 96)}.{dice.pick(('00', '50', '20', '90'))}",
            "date": self._date,
            "month": lambda: dice.pick(MONTHS),
            "weeks": lambda: dice.between(2, 12),
            "days": lambda: dice.between(8, 23),
            "months": lambda: dice.between(5, 40),
            "points": lambda: dice.between(12, 190) * 10,
            "qty": lambda: dice.between(4, 45),
            "n": lambda: dice.between(2, 6),
            "name": lambda: dice.pick(FIRST),
            "email": self._email,
            "phone": lambda: dice.pick(PHONES),
            "card": lambda: dice.pick(CARDS),
            "iban": lambda: dice.pick(IBANS),
            "ssn": lambda: dice.pick(SSNS),
            "ip": self._ip,
            "url": self._url,
        }
        return makers[name]()

    def _date(self) -> str:
        day = self.created + timedelta(days=self.dice.between(-20, 20))
        month = MONTHS[day.month - 1]
        style = self.dice.between(0, 2)
        return (f"{day.day} {month}", f"{month} {day.day}", f"{day.day} {month[:3]}")[style]

    def _email(self) -> str:
        first, last = self.dice.pick(FIRST).lower(), self.dice.pick(LAST).lower()
        middle = self.dice.pick((".", "_", "", "+plants."))
        return f"{first}{middle}{last}@{self.dice.pick(DOMAINS)}"

    def _ip(self) -> str:
        net = self.dice.pick(
            ("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8::", "2001:db8:0:7::")
        )
        return f"{net}{self.dice.between(1, 254)}"

    def _url(self) -> str:
        host, user = self.dice.pick(DOMAINS), self.dice.pick(FIRST).lower()
        secret = f"{self.dice.pick(PODS).split()[0]}{self.dice.between(10, 99)}"
        return f"https://{user}:{secret}@shop.{host}/orders/{self.dice.between(1000, 9999)}"


def spin(text: str, dice: Dice) -> str:
    """Choose one of the alternatives in each ``[this|that]``."""
    return re.sub(r"\[([^\[\]]*\|[^\[\]]*)\]", lambda match: dice.pick(match[1].split("|")), text)
