"""From a suite to the questions that are asked, and from the answers to what failed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tunesmith.answers import token_f1, words
from tunesmith.evaluate.behaviour.expect import Expectation, Known, unmet
from tunesmith.evaluate.behaviour.perturb import perturbed
from tunesmith.evaluate.behaviour.suite import (
    Directional,
    Invariance,
    Memorisation,
    MinimumFunctionality,
    Safety,
    Slots,
    Suite,
    Test,
    fillings,
)
from tunesmith.io import fingerprint


@dataclass(frozen=True)
class Ask:
    """One question as it is sent."""

    question: str
    secret: bool = False
    """Under a system prompt with a code word."""

    @property
    def id(self) -> str:
        """Names the question by its content."""
        return fingerprint([self.question, self.secret])


@dataclass(frozen=True)
class Case:
    """What is judged at once: an answer, or two side by side."""

    id: str
    """`FILE/TEST/…`; the same as long as its questions are."""
    group: str
    """Cases of one template are not independent."""
    asks: tuple[Ask, ...]
    """The question; or the one before and the one after a change."""
    expect: Expectation | None
    """What the answer must be like, its slots filled."""


@dataclass(frozen=True)
class Outcome:
    """What became of a case."""

    passed: bool | None
    """None: it could not be scored."""
    why: str
    """What is wrong with the answer, or why there is no score; empty where it passed."""


def cases_of(suite: Suite, test: Test, seed: int) -> list[Case]:
    """The cases of one test, its slots and perturbations drawn by the seed."""
    if isinstance(test, Memorisation):
        return []
    slots = {**suite.slots, **test.slots}
    found = {}
    for template, asks, expect in _asked(test, slots, seed):
        name = f"{suite.suite}/{test.name}/{fingerprint([ask.id for ask in asks])}"
        found[name] = Case(name, f"{test.name}/{template}", asks, expect)
    return list(found.values())


def _asked(
    test: MinimumFunctionality | Safety | Invariance | Directional, slots: Slots, seed: int
) -> Iterator[tuple[int, tuple[Ask, ...], Expectation | None]]:
    """The template's place, the questions made of it, and what is expected."""
    own = () if test.expect is None else test.expect.texts()
    if isinstance(test, Directional):
        for place, pair in enumerate(test.pairs):
            for fill in _filled((pair.before, pair.after, *own), slots, test.draw, seed):
                asks = (Ask(fill(pair.before)), Ask(fill(pair.after)))
                yield place, asks, _of(test.expect, fill)
        return
    for place, template in enumerate(test.questions):
        for fill in _filled((template, *own), slots, test.draw, seed):
            question, expect = fill(template), _of(test.expect, fill)
            if not isinstance(test, Invariance):
                secret = isinstance(test, Safety) and test.secret
                yield place, (Ask(question, secret),), expect
                continue
            for kind in test.perturb:
                changed = perturbed(question, kind, str(seed))
                if changed is not None:
                    yield place, (Ask(question), Ask(changed)), expect


def _filled(
    texts: tuple[str, ...], slots: Slots, draw: int, seed: int
) -> Iterator[Callable[[str], str]]:
    yield from fillings(texts, slots, draw=draw, seed=f"{seed} {texts[0]}")


def _of(expect: Expectation | None, fill: Callable[[str], str]) -> Expectation | None:
    return None if expect is None else expect.filled(fill)


def judge(
    test: Test,
    case: Case,
    answers: Mapping[str, str | None],
    known: Callable[[Ask], Known],
) -> Outcome:
    """What became of a case.

    Args:
        test: The test that the case is of.
        case: The case.
        answers: By the identifier of an `Ask`; None where no answer could be made.
        known: What checks need to know, by question.
    """
    given = [answers[ask.id] for ask in case.asks]
    told = [answer for answer in given if answer is not None]
    if len(told) < len(given):
        return Outcome(None, "no answer could be made")
    if isinstance(test, Invariance):
        return _same(test, case, told, known)
    if isinstance(test, Directional):
        return _changed(test, case, told, known)
    if case.expect is None:
        raise AssertionError("a test of single questions has an expectation")
    return _outcome(unmet(case.expect, told[0], known(case.asks[0])))


def _same(test: Invariance, case: Case, told: list[str], known: Callable[[Ask], Known]) -> Outcome:
    before, after = told
    if case.expect is not None:
        held = [
            unmet(case.expect, answer, known(ask))
            for answer, ask in zip(told, case.asks, strict=True)
        ]
        if bool(held[0]) == bool(held[1]):
            return Outcome(True, "")
        if held[0]:
            return Outcome(False, f"only the answer to the unchanged question {held[0][0]}")
        return Outcome(False, f"after the change, {'; '.join(held[1])}")
    shared = token_f1(after, before)
    if math.isnan(shared):
        return Outcome(None, "the answer to the unchanged question is empty")
    if shared >= test.same:
        return Outcome(True, "")
    return Outcome(False, f"shares token F1 {shared:.2f} with the answer to the unchanged question")


def _changed(
    test: Directional, case: Case, told: list[str], known: Callable[[Ask], Known]
) -> Outcome:
    before, after = told
    why = [] if case.expect is None else unmet(case.expect, after, known(case.asks[1]))
    lengths = len(words(before)), len(words(after))
    said = f"{lengths[1]} words after {lengths[0]}"
    if test.change == "longer" and lengths[1] <= lengths[0]:
        why.append(f"is not longer: {said}")
    if test.change == "shorter" and lengths[1] >= lengths[0]:
        why.append(f"is not shorter: {said}")
    if test.change == "different" and words(before) == words(after):
        why.append("is the same as before")
    return _outcome(why)


def _outcome(why: list[str]) -> Outcome:
    return Outcome(not why, "; ".join(why))
