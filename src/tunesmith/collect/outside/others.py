"""What sources outside the company have in common."""

from __future__ import annotations

from typing import ClassVar

from tunesmith.collect.base import Source


class OutsideSource(Source):
    """A source of what others wrote: rows whose licence is not known are left out."""

    outside: ClassVar[bool] = True

    own: bool = False
    """It is the company's own all the same, such as its website or wiki: rows that name no licence
    may be used."""

    @property
    def foreign(self) -> bool:
        """Whether rows of which no licence is known may not simply be used."""
        return not self.own
