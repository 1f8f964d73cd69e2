"""Settings that every trained method has."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tunesmith.tune import FullConfig, LoraConfig
from tunesmith.tune.methods import trained_method


def test_a_learning_rate_is_a_number_or_auto() -> None:
    # YAML reads 2e-4, without a dot, as text
    assert LoraConfig(learning_rate="2e-4").learning_rate == 2e-4
    assert LoraConfig(learning_rate="auto").learning_rate == "auto"
    for wrong in (0, -1, 100, "fast", None):
        with pytest.raises(ValidationError, match="or auto, not") as error:
            LoraConfig(learning_rate=wrong)
        assert [item["loc"] for item in error.value.errors()] == [("learning_rate",)]


def test_settings_go_through_json_and_back() -> None:
    for method in (
        LoraConfig(learning_rate="auto", search={"minutes": 5, "fields": ["r"]}, patience=None),
        FullConfig(keep="last", sample_rows=0),
    ):
        assert trained_method.validate_python(method.model_dump(mode="json")) == method
