"""The settings of checking, and the steps they stand for."""

from __future__ import annotations

from pydantic import field_validator

from tunesmith.check.families import DocumentFamilies, PairFamilies
from tunesmith.check.language import LanguageId
from tunesmith.check.perplexity import Perplexity
from tunesmith.check.quality import QualityScore
from tunesmith.check.rules import (
    DocumentLimits,
    Exclude,
    ExcludeRows,
    Limits,
    QaPairs,
    QualityFilter,
    RequiredFields,
)
from tunesmith.config import Config
from tunesmith.language import COMMON_LANGUAGES
from tunesmith.step import Step


class PairChecks(Limits):
    """What question/answer pairs are held to."""

    families: PairFamilies = PairFamilies()
    """Families of rules by name, such as `[gopher]`; none by default."""


class DocumentChecks(DocumentLimits):
    """What pages are held to."""

    families: DocumentFamilies = DocumentFamilies()
    """Families of rules by name, such as `[gopher, c4, fineweb]`; none by default."""


class CheckConfig(Config):
    """Which rows are good enough to be kept."""

    required: RequiredFields = RequiredFields()
    """Fields that must be there."""
    exclude: list[Exclude] = []
    """Rows to leave out by the value of a column, such as internal notes."""
    qa_pairs: QaPairs | None = QaPairs()
    """Rules for question/answer pairs; `null` turns them off."""
    language_id: bool = True
    """Tell the language of every row; needed for `languages` and confidence limits."""
    languages: tuple[str, ...] = ()
    """Languages to keep, as ISO 639-1 codes such as `en`; none means all."""
    qa: PairChecks = PairChecks()
    """Quality limits and families of rules of question/answer pairs."""
    documents: DocumentChecks = DocumentChecks()
    """Quality limits and families of rules of pages."""
    perplexity: Perplexity | None = None
    """Drop rows that a model finds hard to believe; off by default, needs the extra `tune`."""

    @field_validator("languages")
    @classmethod
    def _languages_known(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in languages if name not in COMMON_LANGUAGES]
        if unknown:
            known = ", ".join(COMMON_LANGUAGES)
            raise ValueError(f"cannot tell the language {', '.join(unknown)}; known are: {known}")
        return languages

    def steps(self) -> list[Step]:
        """The steps that look at one row at a time, in order: all but the perplexity filter."""
        steps: list[Step] = [self.required]
        if self.exclude:
            steps.append(ExcludeRows(rules=self.exclude))
        if self.qa_pairs is not None:
            steps.append(self.qa_pairs)
        if self.language_id:
            steps.append(LanguageId())
        languages = self.languages if self.language_id else ()
        steps += [
            QualityScore(),
            QualityFilter(languages=languages, qa=self.qa, documents=self.documents),
        ]
        return [*steps, *self.qa.families.steps(), *self.documents.families.steps()]
