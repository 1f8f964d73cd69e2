"""What mail programs add to what somebody wrote: quoted messages and signatures.

The forms are those that talon (Mailgun, `bruteforce.py` and `quotations.py`) and GitHub's
email_reply_parser know, read line by line, so that time grows in proportion to the text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

import polars as pl
from pydantic import Field

from tunesmith.clean.columns import on_hits, rewrite_texts
from tunesmith.collect.mail import quotes, signatures
from tunesmith.record import TEXT_COLUMNS
from tunesmith.step import Transform

Column = Literal["question", "answer", "text"]


class _MailTransform(Transform):
    reads: ClassVar[tuple[str, ...]] = TEXT_COLUMNS
    writes: ClassVar[tuple[str, ...]] = TEXT_COLUMNS

    columns: tuple[Column, ...] = ("question", "answer")
    """Where to look. Pages are left out: there `>` marks a quotation that belongs to the page."""

    def _rewritten(
        self, batch: pl.DataFrame, hint: str, function: Callable[[str], str]
    ) -> pl.DataFrame:
        def rewrite(texts: pl.Series, _rows: object) -> pl.Series:
            return on_hits(texts, texts.str.contains(hint), function)

        return rewrite_texts(batch, rewrite, self.columns)


class QuotedReplies(_MailTransform):
    """Remove the messages that a mail quotes below or between its own words.

    Lines that begin with `>` go, with the line that says who wrote them. After `Original Message`,
    Outlook's block of headers, a help desk's `reply above this line`, or a line that says who wrote
    what follows without marks, everything goes, provided that there are words above it. A text of
    nothing but quotation stays as it is. Off by default: an answer between quoted lines may not be
    understood without them. Code stays.
    """

    kind: ClassVar[str] = "quoted_replies"
    version: ClassVar[int] = 2

    def transform(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Rewrite the texts of `columns`."""
        return self._rewritten(batch, quotes.HINT, quotes.without_quotes)


class Signatures(_MailTransform):
    """Remove the signature at a mail's end.

    That is: what follows a line `--` (RFC 3676, 4.3), `Sent from my iPhone` and its kin, and the
    name and address lines below `Kind regards`; the greeting itself stays. A text of nothing but a
    signature stays as it is. Off by default: a signature may hold what an answer needs, such as a
    telephone number of the support team. Turn `quoted_replies` on too, so that the
    signature is at the end. Code stays.
    """

    kind: ClassVar[str] = "signatures"

    max_lines: int = Field(default=12, ge=1, le=100)
    """More lines than this are no signature."""
    after_closing: bool = True
    """Remove the name and address lines below a closing greeting, too."""

    def transform(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Rewrite the texts of `columns`."""
        return self._rewritten(batch, signatures.HINT, self.without)

    def without(self, text: str) -> str:
        """A mail without its signature; a mail of nothing else as it is."""
        return signatures.without_signature(
            text, max_lines=self.max_lines, after_closing=self.after_closing
        )
