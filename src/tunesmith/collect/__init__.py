"""Collecting: one file for each kind of source; every row gets its provenance or is quarantined."""

from typing import Annotated

from pydantic import Field

from tunesmith.collect.base import Chunk, Source
from tunesmith.collect.outside.docs_tree import DocsTreeSource
from tunesmith.collect.outside.hub import HubSource
from tunesmith.collect.outside.papers import PapersSource
from tunesmith.collect.outside.web import WebSource
from tunesmith.collect.outside.web_archive import WebArchiveSource
from tunesmith.collect.outside.wikipedia import WikipediaSource
from tunesmith.collect.pages import PagesSource
from tunesmith.collect.tickets import TicketSource

#: Every kind of source that a recipe may name.
AnySource = Annotated[
    TicketSource
    | PagesSource
    | DocsTreeSource
    | HubSource
    | PapersSource
    | WebSource
    | WebArchiveSource
    | WikipediaSource,
    Field(discriminator="kind"),
]

__all__ = [
    "AnySource",
    "Chunk",
    "DocsTreeSource",
    "HubSource",
    "PagesSource",
    "PapersSource",
    "Source",
    "TicketSource",
    "WebArchiveSource",
    "WebSource",
    "WikipediaSource",
]
