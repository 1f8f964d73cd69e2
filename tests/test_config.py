"""The documentation of settings."""

from __future__ import annotations

from pydantic import Field, computed_field

from tunesmith.config import Config, meanings


class Base(Config):
    """Has a field."""

    path: str
    """Where, on
    two lines."""
    bare: int = 1


class Sized(Base):
    """Adds one, and says more of the other."""

    size: int = Field(default=3, ge=1)
    """How large."""
    path: str = "here"
    """Where from."""

    @computed_field
    def twice(self) -> int:
        """Not a field."""
        return 2 * self.size


def test_the_docstring_below_a_field_is_its_meaning() -> None:
    assert meanings(Base) == {"path": "Where, on\ntwo lines."}


def test_a_subclass_says_more() -> None:
    assert meanings(Sized) == {"path": "Where from.", "size": "How large."}
