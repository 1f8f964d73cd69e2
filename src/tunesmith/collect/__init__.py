"""Collecting: one file for each kind of source; every row gets its provenance or is quarantined."""

from typing import Annotated

from pydantic import Field

from tunesmith.collect.base import Chunk, Source
from tunesmith.collect.calls import CallSource
from tunesmith.collect.chats import ChatSource
from tunesmith.collect.exports import TicketExportSource
from tunesmith.collect.mail.source import MailSource
from tunesmith.collect.outside.docs_tree import DocsTreeSource
from tunesmith.collect.outside.hub import HubSource
from tunesmith.collect.outside.papers import PapersSource
from tunesmith.collect.outside.web import WebSource
from tunesmith.collect.outside.web_archive import WebArchiveSource
from tunesmith.collect.outside.wikipedia import WikipediaSource
from tunesmith.collect.pages import PagesSource
from tunesmith.collect.tables import DatabaseSource, TableSource
from tunesmith.collect.tickets import TicketSource

#: Every kind of source that a recipe may name.
AnySource = Annotated[
    CallSource
    | ChatSource
    | DatabaseSource
    | DocsTreeSource
    | HubSource
    | MailSource
    | PagesSource
    | PapersSource
    | TableSource
    | TicketExportSource
    | TicketSource
    | WebArchiveSource
    | WebSource
    | WikipediaSource,
    Field(discriminator="kind"),
]

__all__ = [
    "AnySource",
    "CallSource",
    "ChatSource",
    "Chunk",
    "DatabaseSource",
    "DocsTreeSource",
    "HubSource",
    "MailSource",
    "PagesSource",
    "PapersSource",
    "Source",
    "TableSource",
    "TicketExportSource",
    "TicketSource",
    "WebArchiveSource",
    "WebSource",
    "WikipediaSource",
]
