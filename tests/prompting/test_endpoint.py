"""What a recipe may say of an endpoint."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from factory import recipe, tickets, write_csv
from tunesmith.errors import RecipeError
from tunesmith.prompting import EndpointConfig, FewShotConfig
from tunesmith.prompting.endpoint import is_loopback, shows_examples
from tunesmith.recipe import load

LOCAL = "http://localhost:8000/v1"


def test_data_leave_the_machine_only_where_the_recipe_says_so() -> None:
    with pytest.raises(ValidationError, match=r"api.example.com is not this machine.*allow_remote"):
        EndpointConfig(url="https://api.example.com/v1", model="m")
    remote = EndpointConfig(url="https://api.example.com/v1", model="m", allow_remote=True)
    assert (remote.host, remote.local) == ("api.example.com", False)
    assert EndpointConfig(url=LOCAL, model="m").local


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True), ("LOCALHOST", True), ("127.0.0.1", True), ("127.8.8.8", True),
        ("::1", True), ("0.0.0.0", False), ("10.0.0.7", False), ("192.168.1.4", False),
        ("localhost.example.com", False), ("127.0.0.1.example.com", False), ("", False),
    ],
)  # fmt: skip
def test_what_is_this_machine(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    "url",
    [
        "https://name:secret@127.0.0.1/v1", "http://127.0.0.1/v1?key=secret",
        "http://127.0.0.1/v1#secret", "ftp://127.0.0.1/v1", "127.0.0.1:8000/v1", "http:///v1",
        "http://127.0.0.1:port/v1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_taken(url: str) -> None:
    with pytest.raises(ValidationError):
        EndpointConfig(url=url, model="m")


def test_a_key_is_never_a_setting() -> None:
    with pytest.raises(ValidationError, match="not the key itself"):
        EndpointConfig(url=LOCAL, model="m", api_key_env="sk-123-456")


def test_the_run_folder_names_the_host_alone(tmp_path: Path) -> None:
    write_csv(tmp_path / "t.csv", tickets(4))
    hosted = {"kind": "endpoint", "url": "http://127.0.0.1:8000/secret-path/v1", "model": "m"}
    path = recipe(tmp_path, {"path": "t.csv"}, methods={"base": {"kind": "base"}, "hosted": hosted})
    loaded = load(path)
    assert "secret-path" not in loaded.as_run()
    assert yaml.safe_load(loaded.as_run())["methods"]["hosted"]["url"] == "http://127.0.0.1:8000"
    assert loaded.recipe.methods["hosted"].url.endswith("/secret-path/v1")


def test_prices_are_in_the_currency_of_the_decision(tmp_path: Path) -> None:
    write_csv(tmp_path / "t.csv", tickets(4))
    hosted = {"kind": "endpoint", "url": LOCAL, "model": "m", "input_per_million": 0.1}
    path = recipe(tmp_path, {"path": "t.csv"}, methods={"h": hosted}, decide={"currency": "EUR"})
    with pytest.raises(
        RecipeError, match=r"methods.h: its prices are in USD and decide.currency is EUR"
    ):
        load(path)
    load(path, ["methods.h.currency=EUR"])


def test_a_remote_address_in_a_recipe_is_a_mistake_with_its_line(tmp_path: Path) -> None:
    write_csv(tmp_path / "t.csv", tickets(4))
    hosted = {"kind": "endpoint", "url": "https://api.example.com/v1", "model": "m"}
    path = recipe(tmp_path, {"path": "t.csv"}, methods={"hosted": hosted})
    with pytest.raises(
        RecipeError, match=r"line \d+: methods.hosted.allow_remote: .*allow_remote: true"
    ):
        load(path)


def test_examples_as_few_shot_prompting_has_them() -> None:
    hosted = EndpointConfig(url=LOCAL, model="m", k=2, select="category", template="document")
    assert hosted.shots == FewShotConfig(k=2, select="category", template="document")
    assert hosted.label == "m at localhost:8000, 2 examples (most typical of the category)"
    none = EndpointConfig(url=LOCAL, model="m", k=0)
    assert none.shots is None
    assert none.label == "m at localhost:8000, no examples"
    assert [shows_examples(one) for one in (hosted, none, FewShotConfig())] == [True, False, True]


@pytest.mark.parametrize("k", [0, 33, -1, True, "many", 2.5, None])
def test_numbers_of_examples_that_are_not_taken(k: object) -> None:
    with pytest.raises(ValidationError):
        FewShotConfig(k=k)  # type: ignore[arg-type]


@pytest.mark.parametrize("choices", [(), (3, 1), (1, 1), (0, 1), (33,)])
def test_choices_that_are_not_taken(choices: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError):
        FewShotConfig(k="auto", choices=choices)
