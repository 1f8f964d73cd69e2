"""Questions and answers that a page holds: declared in markup, asked by headings, `Q:`/`A:`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tunesmith.collect.documents.blocks import Block, one_line, render

#: Words of a question, and words that an answer has at least.
MAX_QUESTION_WORDS, MIN_ANSWER_WORDS = 60, 2

_ASKS = re.compile(r"[?\uff1f؟;]\s*[*_\"'»”)\]]*$")
_ABOUT_QUESTIONS = re.compile(
    r"\bfaqs?\b|frequently asked|common questions|questions (?:and|&) answers|\bq ?& ?a\b"
    r"|h[äa]ufige (?:fragen|gestellte)|foire aux questions|preguntas frecuentes"
    r"|domande frequenti|veelgestelde vragen|perguntas frequentes",
    re.IGNORECASE,
)
_BOLD = re.compile(r"^(\*\*|__)(.+)\1$", re.DOTALL)
_NUMBER = re.compile(r"^(?:\d+(?:\.\d+)*[.)]?|[QqFf]\d+[.:)]?)\s+")
_Q = re.compile(
    r"^\W{0,4}(?:Q|Question|Frage|Pregunta|Domanda|Vraag)\s?\d*\W{0,2}[:.)]\W{0,4}(?=\w)",
    re.IGNORECASE,
)
_A = re.compile(
    r"^\W{0,4}(?:A|Answer|Antwort|Respuesta|Risposta|Antwoord|Réponse|R)\s?\d*\W{0,2}"
    r"[:.)]\W{0,4}(?=\w)",
    re.IGNORECASE,
)


@dataclass
class Pair:
    """A question that a page asks, and its answer."""

    question: str
    answer: str
    position: str | None = None


def find_pairs(blocks: list[Block], title: str | None) -> tuple[list[Pair], list[Block]]:
    """The pairs among the blocks of a page, and the other blocks.

    A heading (or a paragraph all in bold) that ends with a question mark asks; its answer is what
    comes up to the next heading of its level or above, or up to the next question. One such heading
    makes no FAQ page: two of them do where half of the headings of that level ask, and each does
    where the title or a heading says that the page has questions. Lines that begin with `Q:` ask
    wherever they stand.
    """
    pairs, rest = _lettered(blocks)
    asking = [_question(block) for block in rest]
    if not _is_faq(rest, asking, title):
        return pairs, rest
    left: list[Block] = []
    number = 0
    while number < len(rest):
        question = asking[number]
        end = number + 1
        while question is not None and end < len(rest) and not _ends(rest, asking, number, end):
            end += 1
        answer = render(rest[number + 1 : end])
        if question is not None and len(answer.split()) >= MIN_ANSWER_WORDS:
            pairs.append(Pair(question, answer, rest[number].position))
        else:
            left.extend(rest[number:end])
        number = end
    return pairs, left


def unique(pairs: list[Pair]) -> list[Pair]:
    """The pairs whose question did not come before: markup repeats what the page shows."""
    seen: set[str] = set()
    found = []
    for pair in pairs:
        key = re.sub(r"\W+", " ", pair.question).strip().casefold()
        if key and key not in seen:
            seen.add(key)
            found.append(pair)
    return found


def _question(block: Block) -> str | None:
    text = one_line(block.text)
    if block.kind != "heading":
        bold = _BOLD.match(block.text.strip()) if block.kind == "paragraph" else None
        if bold is None:
            return None
        text = one_line(bold[2])
    text = _NUMBER.sub("", text).strip("*_ ")
    asks = _ASKS.search(text) and not text.endswith(";")
    return text if asks and len(text.split()) <= MAX_QUESTION_WORDS else None


def _is_faq(blocks: list[Block], asking: list[str | None], title: str | None) -> bool:
    headings = [block for block in blocks if block.kind == "heading"]
    names = [title or "", *(block.text for block in headings)]
    count = sum(question is not None for question in asking)
    if count and any(_ABOUT_QUESTIONS.search(name) for name in names):
        return True
    levels = {b.level for b, q in zip(blocks, asking, strict=True) if q and b.kind == "heading"}
    beside = sum(block.level in levels for block in headings)
    return count >= 2 and 2 * count >= beside


def _ends(blocks: list[Block], asking: list[str | None], number: int, end: int) -> bool:
    """Whether the answer to the question at `number` ends before `end`."""
    if asking[end] is not None:
        return True
    block, question = blocks[end], blocks[number]
    return block.kind == "heading" and (question.kind != "heading" or block.level <= question.level)


def _lettered(blocks: list[Block]) -> tuple[list[Pair], list[Block]]:
    """Pairs of lines that begin with `Q:` and `A:`, and the blocks without them."""
    if not any(_Q.match(line) for block in blocks for line in block.text.split("\n")):
        return [], blocks
    pairs: list[Pair] = []
    rest: list[Block] = []
    asked: list[str] = []
    answered: list[str] | None = None
    taken: list[Block] = []

    def close() -> None:
        question, answer = one_line(" ".join(asked)), "\n".join(answered or []).strip()
        if question and len(answer.split()) >= MIN_ANSWER_WORDS:
            pairs.append(Pair(question.strip("*_ "), answer, taken[0].position))
        else:
            rest.extend(taken)
        taken.clear()
        asked.clear()

    for block in blocks:
        if block.kind == "heading" and not _Q.match(block.text) and not _A.match(block.text):
            close()
            answered = None
            rest.append(block)
            continue
        for count, line in enumerate(block.text.split("\n")):
            part = Block(block.kind, line, block.level, block.position)
            if _Q.match(line):
                close()
                asked, answered = [_Q.sub("", line)], None
                taken.append(part)
            elif asked and _A.match(line) and answered is None:
                answered = [_A.sub("", line)]
                taken.append(part)
            elif asked:
                where = asked if answered is None else answered
                where.append(("\n" if count == 0 and where is answered else "") + line)
                taken.append(part)
            else:
                rest.append(part)
    close()
    return pairs, rest


def marked_up_pairs(root: Any, words: Callable[[Any], str], *, take: bool) -> list[Pair]:
    """Pairs of `<details>` with a `<summary>`, of `<dl>` whose terms ask, and of microdata.

    Args:
        root: The main content.
        words: Gives the text of a node.
        take: Take the nodes out of the tree.
    """
    pairs: list[Pair] = []
    gone: list[Any] = []
    for node in root.css("[itemtype$='schema.org/Question']"):
        name = node.css_first("[itemprop=name]")
        answer = node.css_first("[itemprop=acceptedAnswer] [itemprop=text]")
        _keep(pairs, gone, node, name and words(name), answer and words(answer))
    for node in root.css("details"):
        summary = node.css_first("summary")
        question = summary and words(summary)
        if question and _ASKS.search(question):
            _keep(pairs, gone, node, question, words(node).removeprefix(question))
    for listed in root.css("dl"):
        terms = listed.css("dt, dd")
        for term, answer in pairwise(terms):
            question = words(term) if term.tag == "dt" and answer.tag == "dd" else ""
            if _ASKS.search(question):
                _keep(pairs, gone, term, question, words(answer))
                gone.append(answer)
    if take:
        for node in gone:
            node.decompose()
    return pairs


def _keep(
    pairs: list[Pair], gone: list[Any], node: Any, question: str | None, answer: str | None
) -> None:
    question = one_line((question or "").lstrip("#- "))
    answer = (answer or "").strip()
    if question and len(answer.split()) >= MIN_ANSWER_WORDS:
        pairs.append(Pair(question, answer))
        gone.append(node)


def declared_pairs(tree: Any) -> list[Pair]:
    """The pairs of a schema.org FAQPage or QAPage in JSON-LD."""
    pairs: list[Pair] = []
    for script in tree.css("script[type='application/ld+json']"):
        try:
            value = json.loads(script.text(deep=True) or "null")
        except (ValueError, RecursionError):
            continue  # what is no JSON declares nothing
        for item in _questions(value):
            answer = item.get("acceptedAnswer") or item.get("suggestedAnswer")
            first = answer[0] if isinstance(answer, list) and answer else answer
            text = first.get("text") if isinstance(first, dict) else None
            name = item.get("name") or item.get("text")
            if isinstance(text, str) and isinstance(name, str):
                _keep(pairs, [], None, _plain(name), _plain(text))
    return pairs


def _questions(value: Any) -> Iterator[dict[str, Any]]:
    """Every question of a JSON-LD value, walked without recursion."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            stack.extend(reversed(one))
        elif isinstance(one, dict):
            if "Question" in (one.get("@type"), *_listed(one.get("@type"))):
                yield one
            else:
                stack.extend(reversed([one.get("@graph"), one.get("mainEntity")]))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _plain(text: str) -> str:
    """The words of a text that may be HTML."""
    if "<" not in text and "&" not in text:
        return text
    from selectolax.lexbor import LexborHTMLParser

    lines = re.sub(r"</(?:p|li|div|h\d)>|<br\s*/?>", "\n", text)
    body = LexborHTMLParser(lines).body
    return "" if body is None else body.text(deep=True)
