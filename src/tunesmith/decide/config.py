"""What counts in the decision: the figure, the prices and the volume."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tunesmith.config import Config
from tunesmith.decide.strategy.config import StrategyConfig
from tunesmith.evaluate.config import MetricName

Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class DecideConfig(Config):
    """Settings of the decision. The prices are assumptions of ours: put in your own."""

    metric: MetricName = "token_f1"
    """The quality figure that decides; it must be among the evaluation's metrics."""

    min_gain: float = Field(default=0.02, ge=0, allow_inf_nan=False)
    """The smallest gain that is worth the trouble, in the metric's unit (0.02 of token F1).

    A method that takes more effort must be clearly better, and by at least this much. Put 0 to
    accept any gain that is clear.
    """

    min_rows: int = Field(default=30, ge=2)
    """With fewer independent test rows (threads count once) no verdict is given."""

    currency: str = Field(default="USD", min_length=1, max_length=8)
    """Currency of all prices, used in sentences as it stands."""

    machine_hour: Price = 0.10
    """Price of one hour of a machine like the one that trained and answered.

    The default is a guess at a rented machine with two CPU cores.
    """

    engineer_hour: Price = 60.0
    """Price of one hour of an engineer's work; used only with `engineer_hours`."""

    engineer_hours: dict[str, Price] = Field(default_factory=dict)
    """Hours of work to set up a method, by its name or kind (`lora: 8`).

    They cannot be measured here, so a method that is not named has none, and the sentences say
    that work is not counted.
    """

    answers_per_month: int = Field(default=10_000, ge=0)
    """How many answers the model will give in a month."""

    horizon_months: float = Field(default=12.0, gt=0, allow_inf_nan=False)
    """Months over which costs are added up before methods are compared."""

    samples: int = Field(default=10, ge=0)
    """Test rows to show with every method's answer."""

    strategy: StrategyConfig = StrategyConfig()
    """The gates of the plan from prompting to LoRA to full fine-tuning."""
