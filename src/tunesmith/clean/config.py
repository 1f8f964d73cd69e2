"""The settings of cleaning, and the steps they stand for."""

from __future__ import annotations

from tunesmith.clean.pii.mask import MaskPersonalData
from tunesmith.clean.pii.pseudonyms import Pseudonyms
from tunesmith.clean.terminology import Terminology
from tunesmith.clean.text import ControlCharacters, Html, Mojibake, UnicodeNfc, Whitespace
from tunesmith.config import Config
from tunesmith.step import Step


class CleanConfig(Config):
    """What cleaning does, in this order."""

    mojibake: bool = True
    """Mend text that was decoded with the wrong encoding."""
    html: bool = True
    """Remove markup from tickets, resolve entities."""
    control_characters: bool = True
    """Remove control, zero-width and direction characters."""
    unicode_nfc: bool = True
    """Bring text to Unicode normal form C."""
    whitespace: bool = True
    """Collapse runs of spaces and blank lines."""
    personal_data: MaskPersonalData = MaskPersonalData()
    """Which personal data is masked."""
    terminology: dict[str, str] = {}
    """Variant → the company's own term; whole words, whatever their case."""

    def steps(self, personal_columns: dict[str, list[str]]) -> list[Step]:
        """The steps, in order.

        Args:
            personal_columns: By source, the extra columns that name a person.
        """
        wanted: list[tuple[bool, Step]] = [
            (self.mojibake, Mojibake()),
            (self.html, Html()),
            (self.control_characters, ControlCharacters()),
            (self.unicode_nfc, UnicodeNfc()),
            (self.whitespace, Whitespace()),
            (True, Pseudonyms(columns=personal_columns)),
            (True, self.personal_data),
            (bool(self.terminology), Terminology(terms=self.terminology)),
        ]
        return [step for on, step in wanted if on]
