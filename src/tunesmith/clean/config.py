"""The settings of cleaning, and the steps they stand for."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from tunesmith.clean.boilerplate import BoilerplateConfig, RemoveBoilerplate
from tunesmith.clean.links import TrackingLinks
from tunesmith.clean.mail import QuotedReplies, Signatures
from tunesmith.clean.pii.mask import MaskPersonalData
from tunesmith.clean.pii.pseudonyms import Pseudonyms
from tunesmith.clean.punctuation import Punctuation, StraightPunctuation
from tunesmith.clean.special import Rule, SpecialCases
from tunesmith.clean.terminology import Terminology
from tunesmith.clean.text import ControlCharacters, Html, Mojibake, UnicodeNfc, Whitespace
from tunesmith.config import Config
from tunesmith.step import Step


def _on_or_off(given: Any) -> Any:
    """`true` stands for a stage's default settings, `false` for none."""
    if given is True:
        return {}
    return None if given is False else given


_SWITCH = BeforeValidator(_on_or_off)


class CleanConfig(Config):
    """What cleaning does, in this order.

    On by default is what mends how a text is written; what takes words away is off. A stage with
    settings of its own is turned on by `true` or by its settings.
    """

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
    tracking_links: Annotated[TrackingLinks | None, _SWITCH] = None
    """Remove tracking parameters from links."""
    quoted_replies: Annotated[QuotedReplies | None, _SWITCH] = None
    """Remove the messages that a mail quotes."""
    signatures: Annotated[Signatures | None, _SWITCH] = None
    """Remove mail signatures and `Sent from my iPhone`."""
    boilerplate: Annotated[BoilerplateConfig | None, _SWITCH] = None
    """Remove lines that recur across a source, such as disclaimers and legal footers."""
    quotes: Punctuation = "keep"
    """`straighten` writes curly quotation marks as straight ones."""
    dashes: Punctuation = "keep"
    """`straighten` writes en and em dashes as hyphens."""
    personal_data: MaskPersonalData = MaskPersonalData()
    """Which personal data is masked."""
    terminology: dict[str, str] = {}
    """Variant → the company's own term; whole words, whatever their case."""
    special_cases: tuple[Rule, ...] = ()
    """The company's own rules: find and replace, literally or by pattern."""

    def mending(self) -> list[Step]:
        """The steps before boilerplate: lines are counted as these leave them."""
        wanted: list[tuple[bool, Step]] = [
            (self.mojibake, Mojibake()),
            (self.html, Html()),
            (self.control_characters, ControlCharacters()),
            (self.unicode_nfc, UnicodeNfc()),
            (self.whitespace, Whitespace()),
        ]
        optional = (self.tracking_links, self.quoted_replies, self.signatures)
        return [step for on, step in wanted if on] + [step for step in optional if step is not None]

    def steps(
        self,
        personal_columns: dict[str, list[str]],
        boilerplate: dict[str, tuple[str, ...]] | None = None,
    ) -> list[Step]:
        """The steps, in order.

        Args:
            personal_columns: By source, the extra columns that name a person.
            boilerplate: By source, the lines that `clean.boilerplate.recurring` has found.
        """
        steps = self.mending()
        if self.boilerplate is not None and boilerplate:
            beside = self.boilerplate.min_words_beside
            least = self.boilerplate.min_words
            steps.append(
                RemoveBoilerplate(lines=boilerplate, min_words=least, min_words_beside=beside)
            )
        straight = StraightPunctuation(quotes=self.quotes, dashes=self.dashes)
        wanted: list[tuple[bool, Step]] = [
            ("straighten" in {self.quotes, self.dashes}, straight),
            (True, Pseudonyms(columns=personal_columns, vault=self.personal_data.vault)),
            (True, self.personal_data),
            (bool(self.terminology), Terminology(terms=self.terminology)),
            (bool(self.special_cases), SpecialCases(rules=self.special_cases)),
        ]
        return steps + [step for on, step in wanted if on]
