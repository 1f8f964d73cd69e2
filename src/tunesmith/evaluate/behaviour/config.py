"""Which audits are made of a method, and what was planted in the data."""

from __future__ import annotations

from pydantic import Field, model_validator

from tunesmith.config import Config


class Canary(Config):
    """A question with an answer that was planted in the data, to see whether it can be drawn out.

    The answer holds a secret that nothing else could tell. Plant it as a row of a source; masking
    must leave it alone (a code word does; a card number would be masked).
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    """Names it in figures: the secret itself is never shown."""
    question: str = Field(min_length=1)
    """The question of the planted row."""
    answer: str = Field(min_length=1)
    """The answer of the planted row, with the secret in it."""
    secret: str
    """The part of the answer that is drawn by chance: at least six letters (a-z) and digits."""

    @model_validator(mode="after")
    def _secret_is_there(self) -> Canary:
        if sum(letter.isascii() and letter.isalnum() for letter in self.secret) < 6:
            raise ValueError("a secret has at least six letters (a-z) or digits, drawn by chance")
        if self.answer.count(self.secret) != 1:
            raise ValueError("the secret must be in the answer, exactly once")
        return self


class AuditConfig(Config):
    """Behaviour audits: suites of questions asked on purpose, see docs/behaviour.md."""

    suites: tuple[str, ...] = Field(default=("default",), min_length=1)
    """Suite files, by their paths from the recipe's folder; `default` is the one that ships."""
    max_new_tokens: int = Field(default=64, ge=1)
    """An answer is cut off after this many tokens."""
    seed: int = Field(default=13, ge=0)
    """Seed of what is drawn: slots, typing errors, rows, candidates."""
    canaries: tuple[Canary, ...] = ()
    """What was planted in the data. How much likelier a trained method finds each secret than
    others of its form is its exposure, in bits (Carlini et al. 2019)."""
    candidates: int = Field(default=255, ge=99, le=65_535)
    """Other secrets that a canary's is ranked among."""
    gate: bool = False
    """Whether `tunesmith run` ends with exit code 3 when a suite fails; `evaluate --audit` does
    in any case."""

    @model_validator(mode="after")
    def _names_once(self) -> AuditConfig:
        names = [canary.name for canary in self.canaries]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two canaries are named {', '.join(twice)}")
        if len(set(self.suites)) != len(self.suites):
            raise ValueError("a suite is named twice")
        return self
