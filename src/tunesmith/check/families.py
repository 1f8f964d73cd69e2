"""The field's quality heuristics by name: Gopher, C4 and FineWeb.

Every rule is a field, and null turns it off. The defaults for pages are the published ones; those
for question/answer pairs judge the answer, and leave out what only makes sense for a page (its
length, its sentences, how many of its lines are short), since a good reply may be one line.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import polars as pl
from pydantic import Field, field_validator, model_validator

from tunesmith.check.c4 import POLICY_PHRASES, c4_figures
from tunesmith.check.counts import fineweb_figures, gopher_figures
from tunesmith.config import Config
from tunesmith.record import Kind
from tunesmith.step import Filter, Rule, verdicts

Share = Annotated[float, Field(ge=0, le=1)] | None
Ratio = Annotated[float, Field(ge=0)] | None
Count = Annotated[int, Field(ge=0)] | None


class Family(Filter):
    """Rules that are tried in order over the rows of one kind of record.

    Attributes:
        title: The family's name in reasons.
        record: The kind of record that is held to it.
        body: The text that is judged: of a pair the answer, which may well say again what the
            question said.
    """

    reads: ClassVar[tuple[str, ...]] = ("kind", "answer", "text", "language")
    title: ClassVar[str]
    record: ClassVar[Kind] = "document"
    body: ClassVar[pl.Expr] = pl.col("text")

    def judge(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Give each row of the kind the first rule that it breaks, others nothing."""
        rows = (batch.get_column("kind") == self.record).arg_true()
        mine = batch.select(self.reads)[rows]
        verdict = verdicts(*self.measured(mine.select("language", text=self.body)))
        if rows.len() == batch.height:
            return verdict
        found = verdict.with_columns(rows.cast(pl.UInt32).alias("row"))
        everybody = pl.DataFrame({"row": pl.arange(batch.height, dtype=pl.UInt32, eager=True)})
        return everybody.join(found, on="row", how="left", maintain_order="left").drop("row")

    def measured(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[Rule]]:
        """The figures of rows with the columns `text` and `language`, and the rules over them."""
        raise NotImplementedError

    def _at_least(self, figure: str, setting: str, words: str) -> list[Rule]:
        limit, value = getattr(self, setting), pl.col(figure)
        return [] if limit is None else [(value < limit, f"{self.title}: {words}", value, limit)]

    def _at_most(self, figure: str, setting: str, words: str) -> list[Rule]:
        limit, value = getattr(self, setting), pl.col(figure)
        return [] if limit is None else [(value > limit, f"{self.title}: {words}", value, limit)]


#: What is judged of a question/answer pair.
ANSWER = pl.col("answer")

#: The English words of which Gopher asks for two.
STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")

_GOPHER_MOST = (
    ("hash_ratio", "max_symbol_ratio", "too many hash signs (a word)"),
    ("ellipsis_ratio", "max_symbol_ratio", "too many ellipses (a word)"),
    ("bullet_lines", "max_bullet_lines", "too many bullet lines (share)"),
    ("ellipsis_lines", "max_ellipsis_lines", "too many lines end in an ellipsis (share)"),
)
_GOPHER_REPETITION = (
    ("dup_lines", "max_dup_lines", "duplicate lines (share)"),
    ("dup_paragraphs", "max_dup_paragraphs", "duplicate paragraphs (share)"),
    ("dup_line_chars", "max_dup_line_chars", "duplicate lines (share of letters)"),
    ("dup_paragraph_chars", "max_dup_paragraph_chars", "duplicate paragraphs (share of letters)"),
    *(
        (f"top_{n}_gram", f"max_top_{n}_gram", f"the most frequent {n}-gram (share of letters)")
        for n in (2, 3, 4)
    ),
    *(
        (f"dup_{n}_grams", f"max_dup_{n}_grams", f"duplicate {n}-grams (share of letters)")
        for n in range(5, 11)
    ),
)


class Gopher(Family):
    """Gopher's quality and repetition rules (Rae et al. 2021, appendix A1.1 and table A1).

    Reference implementation: datatrove's GopherQualityFilter and GopherRepetitionFilter, with two
    differences: a gram that occurs once is no repetition, and see `signs_are_words`. Words are
    those of `check.counts`; hash signs and ellipses are held against words and signs together.
    """

    kind: ClassVar[str] = "gopher"
    title: ClassVar[str] = "Gopher"

    min_words: Count = 50
    """The least number of words."""
    max_words: Count = 100_000
    """The largest number of words."""
    min_mean_word_chars: Ratio = 3
    """The least mean length of a word (letters); not asked of scripts without spaces."""
    max_mean_word_chars: Ratio = 10
    """The largest mean length of a word (letters); not asked of scripts without spaces."""
    max_symbol_ratio: Ratio = 0.1
    """The most hash signs, and the most ellipses, a word."""
    max_bullet_lines: Share = 0.9
    """The largest share of lines that begin with a bullet or a dash."""
    max_ellipsis_lines: Share = 0.3
    """The largest share of lines that end in an ellipsis."""
    min_alphabetic_words: Share = 0.8
    """The least share of words that have a letter."""
    signs_are_words: bool = False
    """Count signs among the words of that share, as datatrove does: Markdown has many of them."""
    min_stop_words: Count = 2
    """How many different stop words there must be."""
    stop_words: tuple[str, ...] = STOP_WORDS
    """The words that count as stop words, whatever their case."""
    stop_words_language: str | None = "en"
    """Only rows in this language, or of unknown language, are asked for stop words; null: all."""
    max_dup_lines: Share = 0.3
    """The largest share of lines that came before."""
    max_dup_paragraphs: Share = 0.3
    """The largest share of paragraphs that came before."""
    max_dup_line_chars: Share = 0.2
    """The largest share of letters in lines that came before."""
    max_dup_paragraph_chars: Share = 0.2
    """The largest share of letters in paragraphs that came before."""
    max_top_2_gram: Share = 0.2
    """The largest share of letters in the most frequent 2-gram, if it comes twice or more."""
    max_top_3_gram: Share = 0.18
    """The same of 3-grams."""
    max_top_4_gram: Share = 0.16
    """The same of 4-grams."""
    max_dup_5_grams: Share = 0.15
    """The largest share of letters in 5-grams that came before."""
    max_dup_6_grams: Share = 0.14
    """The same of 6-grams."""
    max_dup_7_grams: Share = 0.13
    """The same of 7-grams."""
    max_dup_8_grams: Share = 0.12
    """The same of 8-grams."""
    max_dup_9_grams: Share = 0.11
    """The same of 9-grams."""
    max_dup_10_grams: Share = 0.10
    """The same of 10-grams."""

    @field_validator("stop_words")
    @classmethod
    def _single_words(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        bad = [word for word in words if not word.isalpha()]
        if bad:
            raise ValueError(f"a stop word is one word of letters: {', '.join(map(repr, bad))}")
        return words

    @model_validator(mode="after")
    def _stop_words_suffice(self) -> Gopher:
        different = len({word.lower() for word in self.stop_words})
        if self.min_stop_words is not None and different < self.min_stop_words:
            raise ValueError(
                f"min_stop_words asks for {self.min_stop_words} different words and stop_words "
                f"names {different}"
            )
        return self

    def measured(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[Rule]]:
        """The figures, and the rules in the order of datatrove's two filters."""
        figures = gopher_figures(rows.get_column("text"), self.stop_words)
        spaced = pl.col("spaceless_words") < 0.5
        rules = self._at_least("words", "min_words", "too few words")
        rules += self._at_most("words", "max_words", "too many words")
        length = self._at_least("mean_word_chars", "min_mean_word_chars", "words are too short")
        length += self._at_most("mean_word_chars", "max_mean_word_chars", "words are too long")
        rules += [(broken & spaced, *rest) for broken, *rest in length]  # type: ignore[misc]
        for rule in _GOPHER_MOST:
            rules += self._at_most(*rule)
        alphabetic = "alphabetic_tokens" if self.signs_are_words else "alphabetic_words"
        rules += self._at_least(
            alphabetic, "min_alphabetic_words", "too few words with a letter (share)"
        )
        asked = pl.lit(value=True)
        if self.stop_words_language is not None:
            asked = (
                pl.col("language").fill_null(self.stop_words_language).eq(self.stop_words_language)
            )
        few = self._at_least("stop_words", "min_stop_words", "too few stop words")
        rules += [(broken & asked, *rest) for broken, *rest in few]  # type: ignore[misc]
        for rule in _GOPHER_REPETITION:
            rules += self._at_most(*rule)
        return figures.with_columns(rows.get_column("language")), rules


class C4(Family):
    """C4's page rules over its line rules (Raffel et al. 2020, section 2.2).

    Lines are judged, not removed: a page is dropped when too few sentences lie in good lines.
    Reference implementations: tensorflow-datasets' `c4_utils.py`, datatrove's C4QualityFilter.
    """

    kind: ClassVar[str] = "c4"
    title: ClassVar[str] = "C4"

    min_sentences: Count = 5
    """The least number of sentences in good lines."""
    terminal_punctuation: bool = True
    """A good line ends in a full stop, a question or exclamation mark, or a quotation mark."""
    min_line_words: int = Field(default=3, ge=0)
    """A good line has as many words."""
    max_word_chars: int = Field(default=1_000, ge=1)
    """A good line has no longer word (letters)."""
    citations: bool = True
    """`[12]`, `[edit]` and `[citation needed]` at the end of a line do not count."""
    javascript: bool = True
    """A line that speaks of JavaScript is not good."""
    policy: bool = True
    """A line that speaks of cookies, terms of use or a privacy policy is not good."""
    policy_phrases: tuple[str, ...] = POLICY_PHRASES
    """The phrases by which such lines are known: ASCII, whatever their case."""
    lorem_ipsum: bool = True
    """Drop a page with the phrase "lorem ipsum"."""
    curly_brackets: bool = True
    """Drop a page with a curly bracket (C4 wanted no program code)."""
    bad_words: tuple[str, ...] = ()
    """Drop a page with one of these words or phrases, whatever their case; a list of your own."""

    @field_validator("policy_phrases", "bad_words")
    @classmethod
    def _not_blank(cls, phrases: tuple[str, ...]) -> tuple[str, ...]:
        if any(not phrase.strip() for phrase in phrases):
            raise ValueError("a phrase is blank")
        return phrases

    @field_validator("policy_phrases")
    @classmethod
    def _ascii(cls, phrases: tuple[str, ...]) -> tuple[str, ...]:
        bad = [phrase for phrase in phrases if not phrase.isascii()]
        if bad:
            raise ValueError(f"a policy phrase is ASCII text: {', '.join(map(repr, bad))}")
        return tuple(phrase.lower() for phrase in phrases)

    def measured(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[Rule]]:
        """The figures, and the rules: what condemns a page first, then its sentences."""
        texts = rows.get_column("text")
        phrases = (*(("javascript",) if self.javascript else ()),
                   *(self.policy_phrases if self.policy else ()))  # fmt: skip
        figures = c4_figures(
            texts,
            terminal=self.terminal_punctuation,
            min_line_words=self.min_line_words,
            max_word_chars=self.max_word_chars,
            citations=self.citations,
            lorem_ipsum=self.lorem_ipsum,
            curly_brackets=self.curly_brackets,
            phrases=phrases,
        )
        rules: list[Rule] = [
            (pl.col("lorem_ipsum") > 0, "C4: lorem ipsum (lines)", pl.col("lorem_ipsum"), 0),
            (pl.col("curly_brackets") > 0, "C4: a curly bracket (lines)",
             pl.col("curly_brackets"), 0),
        ]  # fmt: skip
        if self.bad_words:
            figures = figures.with_columns(bad_words=_count_words(texts, self.bad_words))
            bad = pl.col("bad_words")
            rules.append((bad > 0, "C4: a word of the list of bad words (times)", bad, 0))
        rules += self._at_least("sentences", "min_sentences", "too few sentences in good lines")
        return figures, rules


def _count_words(texts: pl.Series, words: tuple[str, ...]) -> pl.Series:
    """How often one of the words is in each text, between what is not a letter or digit."""
    escaped = sorted(map(_escaped, words), key=len, reverse=True)
    pattern = rf"(?i)(?:^|[^\p{{L}}\p{{N}}_])(?:{'|'.join(escaped)})(?:$|[^\p{{L}}\p{{N}}_])"
    return texts.str.count_matches(pattern).fill_null(0)


def _escaped(word: str) -> str:
    return str(pl.select(pl.lit(word.strip()).str.escape_regex()).item())


class FineWeb(Family):
    """FineWeb's own rules (Penedo et al. 2024, section 3.6).

    Reference implementation: datatrove's FineWebQualityFilter.
    """

    kind: ClassVar[str] = "fineweb"
    title: ClassVar[str] = "FineWeb"

    min_terminal_lines: Share = 0.12
    """The least share of lines that end in a mark that ends a sentence."""
    max_short_lines: Share = 0.67
    """The largest share of short lines."""
    short_line_chars: int = Field(default=30, ge=0)
    """A line of at most so many letters is short."""
    max_dup_chars: Share = 0.01
    """The largest share of letters in lines that came before."""
    max_newline_ratio: Ratio = 0.3
    """The most line breaks a word: more make a list."""

    def measured(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[Rule]]:
        """The figures, and the rules in datatrove's order."""
        figures = fineweb_figures(rows.get_column("text"), self.short_line_chars)
        rules = self._at_least("terminal_lines", "min_terminal_lines",
                               "too few lines end a sentence (share)")  # fmt: skip
        rules += self._at_most("short_lines", "max_short_lines", "too many short lines (share)")
        rules += self._at_most("dup_chars", "max_dup_chars", "duplicate lines (share of letters)")
        rules += self._at_most("newline_ratio", "max_newline_ratio", "a list (line breaks a word)")
        return figures, rules


class PairGopher(Gopher):
    """Gopher's rules for the answers of pairs: no least length, no stop words, looser shares.

    In a text of ten words one word pair that comes twice is a third of the letters.
    """

    kind: ClassVar[str] = "gopher_pairs"
    record: ClassVar[Kind] = "qa"
    body: ClassVar[pl.Expr] = ANSWER

    min_words: Count = None
    """The least number of words; short replies are good data."""
    min_mean_word_chars: Ratio = 2
    """The least mean length of a word (letters); `Is it in?` is good data."""
    max_symbol_ratio: Ratio = 0.5
    """The most hash signs, and the most ellipses, a word."""
    max_ellipsis_lines: Share = None
    """The largest share of lines that end in an ellipsis; a reply may be one such line."""
    max_top_2_gram: Share = 0.5
    """The largest share of letters in the most frequent 2-gram, if it comes twice or more."""
    max_top_3_gram: Share = 0.45
    """The same of 3-grams."""
    max_top_4_gram: Share = 0.4
    """The same of 4-grams."""
    min_alphabetic_words: Share = 0.5
    """The least share of words that have a letter; a short answer may be mostly numbers."""
    min_stop_words: Count = None
    """How many different stop words there must be."""


class PairC4(C4):
    """C4's rules for the answers of pairs: no least number of sentences, any end of a line."""

    kind: ClassVar[str] = "c4_pairs"
    record: ClassVar[Kind] = "qa"
    body: ClassVar[pl.Expr] = ANSWER

    min_sentences: Count = None
    """The least number of sentences in good lines."""
    terminal_punctuation: bool = False
    """A good line ends in a full stop, a question or exclamation mark, or a quotation mark."""
    curly_brackets: bool = False
    """Drop a pair with a curly bracket; replies have placeholders such as `{{name}}`."""


class PairFineWeb(FineWeb):
    """FineWeb's rules for the answers of pairs: short lines and lists are ordinary replies."""

    kind: ClassVar[str] = "fineweb_pairs"
    record: ClassVar[Kind] = "qa"
    body: ClassVar[pl.Expr] = ANSWER

    min_terminal_lines: Share = None
    """The least share of lines that end in a mark that ends a sentence."""
    max_short_lines: Share = None
    """The largest share of short lines."""
    max_dup_chars: Share = 0.3
    """The largest share of letters in lines that came before; a greeting may come twice."""
    max_newline_ratio: Ratio = None
    """The most line breaks a word: more make a list."""


def _named(given: Any) -> Any:
    """A list of names as a mapping: `[gopher, c4]` is `{gopher: {}, c4: {}}`."""
    if isinstance(given, list | tuple) and all(isinstance(name, str) for name in given):
        return {name: {} for name in given}
    return given


class DocumentFamilies(Config):
    """Families of rules for pages: a list of names, or a mapping of names to settings."""

    gopher: Gopher | None = None
    """Gopher's quality and repetition rules."""
    c4: C4 | None = None
    """C4's rules."""
    fineweb: FineWeb | None = None
    """FineWeb's rules."""

    _from_names = model_validator(mode="before")(_named)

    def steps(self) -> list[Family]:
        """The families that are on, in order."""
        return [one for one in (self.gopher, self.c4, self.fineweb) if one is not None]


class PairFamilies(Config):
    """Families of rules for question/answer pairs, with defaults for short replies."""

    gopher: PairGopher | None = None
    """Gopher's quality and repetition rules."""
    c4: PairC4 | None = None
    """C4's rules."""
    fineweb: PairFineWeb | None = None
    """FineWeb's rules."""

    _from_names = model_validator(mode="before")(_named)

    def steps(self) -> list[Family]:
        """The families that are on, in order."""
        return [one for one in (self.gopher, self.c4, self.fineweb) if one is not None]
