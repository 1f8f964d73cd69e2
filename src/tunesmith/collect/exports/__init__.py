"""Native exports of ticket systems, issue trackers and forums; one file a system."""

from tunesmith.collect.exports.source import TicketExportSource

__all__ = ["TicketExportSource"]
