"""Models behind an endpoint that speaks OpenAI's chat completions protocol, as recipes name them.

vLLM, llama.cpp, Ollama, `transformers serve`, OpenAI and Azure answer `POST URL/chat/completions`.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, ValidationInfo, field_serializer, field_validator

from tunesmith.config import Config
from tunesmith.prompting.select import Choices, FewShotConfig, ShotCount
from tunesmith.prompting.template import ShotTemplate

Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]

_QUERY = {"api-version"}
"""What may follow the path of an address: anything else could be a key."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


class EndpointModel(Config):
    """A model that a server answers for, and how it is asked."""

    url: str = Field(min_length=8, max_length=500)
    """The address up to `/chat/completions`, such as `https://api.openai.com/v1`. Run folders name
    its host and port only."""
    model: str = Field(min_length=1, max_length=200)
    """The model as the server calls it."""
    allow_remote: bool = False
    """Questions and examples may leave this machine. Needed for every server that is not on it."""
    api_key_env: str | None = None
    """The environment variable that holds the key, such as OPENAI_API_KEY; null: no key is sent. A
    key is never written anywhere."""
    key_header: Literal["authorization", "api-key"] = "authorization"
    """Where the key goes: `authorization` (Bearer), or `api-key`, as Azure has it."""
    temperature: float | None = Field(default=0.0, ge=0, le=2)
    """0: the most likely answer. null: not sent, for servers that refuse it."""
    length_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the server calls the limit of an answer's length; newer OpenAI models ask for
    `max_completion_tokens`."""
    concurrency: int = Field(default=4, ge=1, le=256)
    """Questions under way at once, but for those that are timed alone."""
    timeout_s: float = Field(default=120.0, gt=0, le=3600)
    """Seconds without a byte after which a question is asked again."""
    retries: int = Field(default=5, ge=0, le=20)
    """How often a question is asked again after 408, 409, 425, 429, a status of 500 or more, a
    timeout or a broken connection."""
    max_wait_s: float = Field(default=60.0, gt=0, le=3600)
    """The longest wait before asking again. A server that asks for more (Retry-After) is not asked
    again in this run."""
    input_per_million: Price | None = None
    """Price of a million tokens read, in `currency`; null: not known, or your own machine."""
    output_per_million: Price | None = None
    """Price of a million tokens written."""
    currency: str = Field(default="USD", min_length=1, max_length=8)
    """Currency of the two prices; it must be that of `decide.currency`."""

    @property
    def host(self) -> str:
        """Host and port: all that run folders and messages say of the address."""
        return urlsplit(self.url).netloc

    @property
    def local(self) -> bool:
        """Whether the server is on this machine (loopback), so that no data leave it."""
        return is_loopback(urlsplit(self.url).hostname or "")

    @property
    def priced(self) -> bool:
        """Whether a price is given."""
        return self.input_per_million is not None or self.output_per_million is not None

    def check_currency(self, currency: str, *, where: str) -> None:
        """Look whether the prices can be added to others.

        Raises:
            ValueError: They are in another currency.
        """
        if self.priced and self.currency != currency:
            raise ValueError(
                f"{where}: its prices are in {self.currency} and decide.currency is {currency}: "
                "give all prices in one currency"
            )

    @field_validator("url")
    @classmethod
    def _an_address_without_secrets(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:
            raise ValueError("this is not an address such as https://host/v1") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("an address begins with http:// or https:// and names a host")
        if parts.username is not None or parts.password is not None:
            raise ValueError("an address with a name or password is not taken: use api_key_env")
        if parts.fragment or any(
            name not in _QUERY for name, _ in parse_qsl(parts.query, keep_blank_values=True)
        ):
            raise ValueError(
                "after the path only ?api-version=… is taken: a key belongs into an environment "
                "variable (api_key_env)"
            )
        return url

    @field_validator("api_key_env")
    @classmethod
    def _a_name_not_a_key(cls, name: str | None) -> str | None:
        # the value is not repeated: it may be the key itself
        if name is not None and not _VARIABLE.fullmatch(name):
            raise ValueError("this is the name of an environment variable, not the key itself")
        return name

    @field_validator("allow_remote")
    @classmethod
    def _leaves_the_machine_only_if_allowed(cls, allowed: bool, info: ValidationInfo) -> bool:
        parts = urlsplit(info.data.get("url", ""))  # missing where it is a mistake itself
        if parts.hostname and not is_loopback(parts.hostname) and not allowed:
            raise ValueError(
                f"{parts.netloc} is not this machine, so questions and examples would leave it: "
                "say allow_remote: true if they may"
            )
        return allowed

    @field_serializer("url", when_used="json")
    def _host_only(self, url: str) -> str:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}"


class EndpointConfig(EndpointModel):
    """A method: few-shot prompting of a model behind an endpoint, which may be a hosted one."""

    kind: Literal["endpoint"] = "endpoint"
    k: ShotCount = 3
    """Worked examples a question; 0: none. `auto`: chosen on validation rows."""
    select: Literal["similarity", "category"] = "similarity"
    """How the examples are chosen: as for few-shot prompting."""
    template: ShotTemplate = "chat"
    """How they are written: as for few-shot prompting."""
    choices: Choices = (1, 2, 3, 5, 8)
    """What `k: auto` tries."""
    search_rows: int = Field(default=64, ge=2)
    """Validation rows that `k: auto` looks at."""

    @property
    def label(self) -> str:
        """The method in a few words, for tables."""
        shots = self.shots
        examples = "no examples" if shots is None else shots.examples_words
        return f"{self.model} at {self.host}, {examples}"

    @property
    def shots(self) -> FewShotConfig | None:
        """The few-shot method whose prompts it is asked with; None: no examples."""
        if self.k == 0:
            return None
        return FewShotConfig(
            k=self.k,
            select=self.select,
            template=self.template,
            choices=self.choices,
            search_rows=self.search_rows,
        )


def is_loopback(host: str) -> bool:
    """Whether a host's name or number is this machine's own.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("10.0.0.1")
    (True, True, False)
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def shows_examples(method: object) -> bool:
    """Whether a method's prompts hold worked examples."""
    return isinstance(method, FewShotConfig | EndpointConfig) and method.k != 0
