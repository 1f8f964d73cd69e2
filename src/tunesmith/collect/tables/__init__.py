"""Tables in files and databases: checked rows that become documents and pairs by templates."""

from tunesmith.collect.tables.database import DatabaseSource
from tunesmith.collect.tables.files import TableSource

__all__ = ["DatabaseSource", "TableSource"]
