"""Links without what only serves to follow people."""

from __future__ import annotations

import re
from functools import cached_property
from typing import ClassVar
from urllib.parse import unquote

import polars as pl

from tunesmith import code_blocks as code
from tunesmith.clean.columns import on_hits
from tunesmith.clean.text import TextTransform

#: Parameters that tell a sender who clicked where, and no page what to show: campaign tags, click
#: identifiers of advertisers, recipients of mailings (the lists of Firefox's query stripping and
#: of ClearURLs, without names that mean something else elsewhere).
PARAMETERS = (
    "utm_*", "mtm_*", "pk_campaign", "pk_kwd", "pk_source", "pk_medium", "pk_content", "piwik_*",
    "fbclid", "gclid", "gclsrc", "gbraid", "wbraid", "dclid", "msclkid", "yclid", "ysclid",
    "twclid", "ttclid", "igshid", "igsh", "li_fat_id", "epik", "srsltid", "rb_clickid", "_openstat",
    "mc_cid", "mc_eid", "_hsenc", "_hsmi", "__hssc", "__hstc", "__hsfp", "hsctatracking",
    "mkt_tok", "vero_id", "vero_conv", "oly_anon_id", "oly_enc_id", "ml_subscriber",
    "ml_subscriber_hash", "elqtrackid", "elqtrack", "_branch_match_id", "_gl", "wickedid", "s_cid",
)  # fmt: skip

_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
#: What is left before the end when the last parameter is taken out.
_LAST_SIGN = re.compile(r"[?&](?:amp;)?(?=[#)\]}']|\Z)")
#: Services that stand between a link and its page, and the parameter that holds the page.
_WRAPPED = re.compile(
    r"https?://(?:[a-z0-9-]+\.safelinks\.protection\.outlook\.com/|(?:www\.)?google\.com/url|"
    r"lm?\.facebook\.com/l\.php)\?(?:[^\s<>\"#]{0,300}?&)?(?:url|q|u)=(https?(?:%3A|:)[^\s<>\"&#)\]}]+)"
    r"(?:[&#][^\s<>\"')\]},;]*[^\s<>\"')\]},;.!?])?",
    re.IGNORECASE,
)


class TrackingLinks(TextTransform):
    """Remove tracking parameters (`utm_source`, `fbclid`, …) from links; the link itself stays.

    Links through Outlook's Safe Links, Google's and Facebook's forwarding become the links to
    their pages. Off by default: a text may be about campaign links, and a parameter may hold a
    number that somebody refers to. Code stays as it is.
    """

    kind: ClassVar[str] = "tracking_links"

    also: tuple[str, ...] = ()
    """More parameters to remove; a star at the end stands for any ending."""

    @cached_property
    def _names(self) -> str:
        names = (name.lower() for name in (*PARAMETERS, *self.also))
        return "|".join(re.escape(name).replace(r"\*", "[a-z0-9_-]*") for name in names)

    @cached_property
    def _hint(self) -> str:
        return rf"(?i)[?&;](?:{self._names})=|safelinks\.protection|google\.com/url|facebook\.com/l"

    @cached_property
    def _parameter(self) -> re.Pattern[str]:
        value = r"[^\s&#<>\"')\]}]*"
        names = f"(?<=[?&;])(?:{self._names})"
        return re.compile(rf"{names}={value}(?:&(?:amp;)?)?", re.IGNORECASE)

    def rewrite(self, texts: pl.Series) -> pl.Series:
        """Rewrite a column of texts."""
        where = texts.str.contains(self._hint).fill_null(value=False).arg_true()
        if not where.len():
            return texts
        return texts.scatter(where, code.outside(texts.gather(where), self._outside_code))

    def _outside_code(self, texts: pl.Series) -> pl.Series:
        return on_hits(texts, texts.str.contains("(?i)https?://"), self._clean)

    def _clean(self, text: str) -> str:
        text = _WRAPPED.sub(lambda match: unquote(match[1]), text)
        return _URL.sub(lambda match: self._without(match[0]), text)

    def _without(self, url: str) -> str:
        address = url.rstrip(".,;:!?'*")
        page, mark, query = address.partition("?")
        if not mark:
            return url
        kept, removed = self._parameter.subn("", mark + query)
        if not removed:
            return url
        return page + _LAST_SIGN.sub("", kept) + url[len(address) :]
