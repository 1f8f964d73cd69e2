"""The rules that a row must meet: required fields, pairs worth learning from, page quality."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, model_validator

from tunesmith.config import Config
from tunesmith.kernels import buffers, kernel
from tunesmith.record import SCHEMA
from tunesmith.step import Filter, Rule, verdicts


class RequiredFields(Filter):
    """The standard format's required fields: id, text and metadata (document A, 1.3.2).

    A pair needs a question and an answer, a page its text, both a source.
    """

    kind: ClassVar[str] = "required_fields"
    reads: ClassVar[tuple[str, ...]] = ("id", "kind", "question", "answer", "text", "source")

    metadata: list[
        Literal["category", "timestamp", "source_id", "license", "customer", "thread"]
    ] = []
    """Metadata that must be there too."""

    def judge(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Give each row the first field that is missing."""
        pair = pl.col("kind") == "qa"
        rules: list[Rule] = [
            (pair & _blank("question"), "the question is missing", None, None),
            (pair & _blank("answer"), "the answer is missing", None, None),
            (~pair & _blank("text"), "the text is missing", None, None),
        ]
        rules += [
            (pl.col(name).is_null(), f"{name} is missing", None, None) for name in self.metadata
        ]
        return verdicts(batch, rules)


def _blank(name: str) -> pl.Expr:
    return pl.col(name).is_null() | (pl.col(name).str.strip_chars() == "")


class Exclude(Config):
    """Rows to leave out by the value of a column, such as internal notes."""

    column: str
    """A column of the record (category, author, …) or any other column of the source."""
    values: list[str] = Field(min_length=1)
    """A row with one of these values is dropped, whatever their case."""


class ExcludeRows(Filter):
    """Drop rows by the value of a column."""

    kind: ClassVar[str] = "exclude"
    reads: ClassVar[tuple[str, ...]] = ("extra",)

    rules: list[Exclude] = []
    """The columns and values."""

    def judge(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Give each row the first rule that leaves it out; the reason names column and value."""
        rules: list[Rule] = []
        for rule in self.rules:
            value = _column(rule.column).str.strip_chars().str.to_lowercase()
            rules += [
                (value == unwanted.strip().lower(), f"{rule.column} is '{unwanted}'", None, None)
                for unwanted in rule.values
            ]
        return verdicts(batch, rules)


def _column(name: str) -> pl.Expr:
    if name in SCHEMA:
        return pl.col(name)
    pair = pl.element()
    return (
        pl.col("extra")
        .list.filter(pair.struct.field("key") == name)
        .list.first()
        .struct.field("value")
    )


class QaPairs(Filter):
    """The rules for question/answer pairs (document B, data validation framework).

    Question: length, clarity (mostly letters), specificity (enough words). Answer: length,
    completeness (it does not break off, and is more than an acknowledgement), relevance (it does
    not merely repeat the question).
    """

    kind: ClassVar[str] = "qa_pairs"
    reads: ClassVar[tuple[str, ...]] = ("kind", "question", "answer")

    question_chars: tuple[int, int] = (10, 500)
    """The least and the most letters of a question."""
    answer_chars: tuple[int, int] = (20, 2_000)
    """The least and the most letters of an answer."""
    min_question_words: int = Field(default=2, ge=0)
    """Fewer words ask nothing specific."""
    min_letter_share: float = Field(default=0.5, ge=0, le=1)
    """Of what is not space in the question: tags such as `[EMAIL]` do not count."""
    unfinished: bool = True
    """Drop answers that break off (an ending such as `, and` or an open bracket)."""
    echo: bool = True
    """Drop answers that say the question again and nothing else."""

    @model_validator(mode="after")
    def _ranges(self) -> QaPairs:
        for name in ("question_chars", "answer_chars"):
            least, most = getattr(self, name)
            if not 0 <= least <= most:
                raise ValueError(f"{name} must be [least, most], not [{least}, {most}]")
        return self

    def judge(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Give each pair the first rule that it breaks."""
        pair = pl.col("kind") == "qa"
        rules: list[Rule] = []
        for name, (least, most) in (
            ("question", self.question_chars),
            ("answer", self.answer_chars),
        ):
            length = pl.col(name).str.len_chars()
            rules.append(
                (pair & (length < least), f"the {name} is too short (letters)", length, least)
            )
            rules.append(
                (pair & (length > most), f"the {name} is too long (letters)", length, most)
            )
        # Most questions are words beyond doubt: only the others are counted letter by letter.
        letters, solid, words = plain_counts(batch.get_column("question"))
        wordy = (letters >= self.min_letter_share * solid) & (words >= self.min_question_words)
        doubtful = pl.Series(~(wordy & (letters > 0)))
        batch = batch.with_columns(_only(batch.get_column("question"), doubtful).alias("_doubtful"))
        question = pl.col("_doubtful")
        plain = question.str.replace_all(r"\[[A-Z_]{2,}\]", "")
        solid_letters = plain.str.count_matches(r"\S")
        share = pl.when(solid_letters > 0).then(plain.str.count_matches(r"\p{L}") / solid_letters)
        share = pl.when(question.is_not_null()).then(share.fill_null(0.0))
        count = plain.str.count_matches(r"\p{L}+")
        spaced = ~question.str.contains(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]")
        rules += [
            (
                pair & (share < self.min_letter_share),
                "the question is hardly words (share of letters)",
                share,
                self.min_letter_share,
            ),
            (
                pair & spaced & (count < self.min_question_words),
                "the question is not specific (words)",
                count,
                self.min_question_words,
            ),
        ]
        if self.unfinished:
            tail = pl.col("answer").str.tail(12)
            ends = tail.str.contains(r"(?i)(?:,|\(|\[|\b(?:and|or|but|because|the|an?|to))\s*$")
            rules.append((pair & ends, "the answer breaks off", None, None))
        if self.echo:
            # Only an answer as short as a question can repeat it: the others are not compared.
            asked, answer = batch.get_column("question"), batch.get_column("answer")
            short = answer.str.len_bytes() < 2 * asked.str.len_bytes()
            batch = batch.with_columns(
                _only(asked, short).alias("_asked"), _only(answer, short).alias("_short")
            )
            same = _folded(pl.col("_short")) == _folded(pl.col("_asked"))
            rules.append((pair & same, "the answer repeats the question", None, None))
        return verdicts(batch, rules)


def _only(texts: pl.Series, wanted: pl.Series) -> pl.Series:
    """The wanted texts, null elsewhere.

    The nulls of `when … then` would keep the text under them, and every pattern would read it.
    """
    where = wanted.fill_null(value=False).arg_true()
    return pl.repeat(None, texts.len(), dtype=pl.String, eager=True).scatter(
        where, texts.gather(where)
    )


def plain_counts(texts: pl.Series) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Letters, letters and signs, and words of each text: never too many letters or words.

    Only ASCII letters count, words run together across anything beyond ASCII, and a text with a
    bracket (it may be a tag such as `[EMAIL]`) has none.
    """
    counts = _plain_counts(*buffers(texts))
    return counts[:, 0], counts[:, 1], counts[:, 2]


@kernel
def _plain_counts(data: Any, offsets: Any) -> Any:
    counts = np.zeros((len(offsets) - 1, 3), dtype=np.int64)
    for text in range(len(offsets) - 1):
        letters, solid, words = 0, 0, 0
        word = False
        for place in range(offsets[text], offsets[text + 1]):
            byte = data[place]
            if 65 <= byte <= 90 or 97 <= byte <= 122:
                letters += 1
                solid += 1
                if not word:
                    words += 1
                word = True
            elif byte == 91:
                letters = words = 0
                solid = 1
                break
            elif byte < 128:
                solid += byte > 32 or byte < 9 or 13 < byte < 32
                word = False
            elif byte >= 192:
                solid += 1
                word = True
        counts[text, 0], counts[text, 1], counts[text, 2] = letters, solid, words
    return counts


def _folded(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()


class Limits(Config):
    """The quality limits of one kind of record."""

    min_words: int | None = Field(default=None, ge=0)
    """The least number of words."""
    max_repetition: float | None = Field(default=0.3, ge=0, le=1)
    """The most repetition: the share of word triples that came before."""
    min_language_confidence: float | None = Field(default=0.5, ge=0, le=1)
    """The least confidence of the language."""


class DocumentLimits(Limits):
    """The quality limits of pages: the source documents' own figures."""

    min_words: int | None = Field(default=50, ge=0)
    """The least number of words."""
    min_language_confidence: float | None = Field(default=0.95, ge=0, le=1)
    """The least confidence of the language."""


class QualityFilter(Filter):
    """Length, repetition and language (document A, 1.2.3), with limits by kind of record."""

    kind: ClassVar[str] = "quality"
    reads: ClassVar[tuple[str, ...]] = (
        "kind", "words", "repetition", "language", "language_confidence",
    )  # fmt: skip

    languages: tuple[str, ...] = ()
    """Languages to keep, as ISO 639-1 codes; none means all."""
    qa: Limits = Limits()
    """Limits of question/answer pairs; short tickets are good data."""
    documents: DocumentLimits = DocumentLimits()
    """Limits of pages."""

    def judge(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Give each row the first limit that it breaks."""
        rules: list[Rule] = []
        if self.languages:
            foreign = ~pl.col("language").is_in(list(self.languages))
            named = pl.concat_str(pl.lit("the language is "), pl.col("language"))
            rules.append((foreign, named, pl.col("language_confidence"), None))
        for kind, limits in (("qa", self.qa), ("document", self.documents)):
            mine = pl.col("kind") == kind
            rules += [(mine & broken, *rest) for broken, *rest in _limits(limits)]  # type: ignore[misc]
        return verdicts(batch, rules)


def _limits(limits: Limits) -> list[Rule]:
    rules: list[Rule] = []
    words, repetition = pl.col("words"), pl.col("repetition")
    sure = pl.col("language_confidence")
    if limits.min_words is not None:
        rules.append((words < limits.min_words, "too few words", words, limits.min_words))
    if limits.max_repetition is not None:
        much = repetition > limits.max_repetition
        rules.append((much, "too repetitive", repetition, limits.max_repetition))
    if limits.min_language_confidence is not None:
        unsure = sure < limits.min_language_confidence
        rules.append((unsure, "the language is uncertain", sure, limits.min_language_confidence))
    return rules
