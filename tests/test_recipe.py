from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from factory import recipe, tickets, write_csv
from tunesmith.errors import RecipeError
from tunesmith.recipe import check, load, missing_parts

EXAMPLES = Path(__file__).parents[1] / "examples"


def problems(path: Path, *overrides: str) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        check(load(path, list(overrides)))
    return caught.value.problems


@pytest.mark.parametrize(
    "path", sorted(EXAMPLES.rglob("*recipe*.yaml")), ids=lambda path: path.parent.name
)
def test_the_recipes_that_ship_are_right(path) -> None:
    load(path)


def test_every_mistake_is_named_at_once_with_its_line(tmp_path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "name: test\n"
        "seeds: 3\n"
        "sources:\n"
        "  - name: a\n"
        "    kind: tickets\n"
        "    path: x.csv\n"
        "    columns:\n"
        "      quesion: q\n"
        "      answer: a\n"
        "  - name: b\n"
        "    kind: letters\n"
        "    path: y\n"
        "dedup:\n"
        "  keep: oldest\n"
        "split:\n"
        "  test: 2\n"
    )
    found = problems(path)
    assert "line 2: seeds: there is no such setting; did you mean 'seed'?" in found
    assert any(
        p.startswith(
            "line 8: sources.0.columns.quesion: there is no such setting; did you mean 'question'"
        )
        for p in found
    )
    assert any(
        p.startswith("line 8: sources.0.columns.question: this setting is needed") for p in found
    )
    assert any("line 10: sources.1" in p and "no kind 'letters'" in p for p in found)
    assert any(p.startswith("line 14: dedup.keep: ") and "not 'oldest'" in p for p in found)
    assert any(p.startswith("line 16: split.test: ") for p in found)


def test_sources_are_looked_at_too(tmp_path) -> None:
    write_csv(tmp_path / "t.csv", tickets(3))
    path = recipe(tmp_path, {"path": "t.csv"})
    data = yaml.safe_load(path.read_text())
    data["sources"][0]["columns"] |= {"category": "categry", "thread": "conversation"}
    data["sources"].append({"name": "pages", "kind": "pages", "path": "nowhere"})
    path.write_text(yaml.safe_dump(data))
    found = problems(path)
    assert len(found) == 3
    assert "did you mean 'category'?" in found[0]
    assert "conversation" in found[1]
    assert "no file or folder 'nowhere'" in found[2]


def test_what_is_not_installed_is_named(tmp_path) -> None:
    write_csv(tmp_path / "t.csv", tickets(3))
    model = {"kind": "spacy", "model": "no_such_pipeline"}
    path = recipe(
        tmp_path,
        {"path": "t.csv"},
        clean={"personal_data": {"model": model}},
        dedup={"semantic": {"model": "nowhere"}},
    )
    loaded = load(path)
    check(loaded)
    with pytest.raises(RecipeError) as caught:
        check(loaded, installed=True)
    first, second = caught.value.problems
    assert "clean.personal_data.model: " in first
    assert "dedup.semantic.model: " in second
    assert "tokenizer.json" in second


def test_a_wrong_setting_hides_no_missing_file(tmp_path) -> None:
    path = recipe(tmp_path, {"path": "nowhere.csv"}, sede=3)
    found = problems(path)
    assert len(found) == 2
    assert "sede" in found[0]
    assert "no file or folder 'nowhere.csv'" in found[1]


def test_a_setting_can_be_changed_from_outside(tmp_path, monkeypatch) -> None:
    write_csv(tmp_path / "t.csv", tickets(3))
    path = recipe(tmp_path, {"path": "missing.csv"})
    monkeypatch.chdir(tmp_path)
    loaded = load(
        path, ["sources.0.path=t.csv", "dedup.near.threshold=0.9", "methods={base: {kind: base}}"]
    )
    check(loaded)
    assert loaded.recipe.dedup.near.threshold == 0.9
    assert list(loaded.recipe.methods) == ["base"]


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("seed", "not of the form field=value"),
        ("sources.7.path=x", "there is no '7'"),
        ("seed=[", "not valid YAML"),
        ("name.first=x", "has no settings inside"),
    ],
)
def test_a_wrong_change_is_refused(tmp_path, override, words) -> None:
    path = recipe(tmp_path, {"path": "t.csv"})
    assert words in problems(path, override)[0]


def test_a_wrong_value_from_outside_is_named_in_full(tmp_path) -> None:
    write_csv(tmp_path / "t.csv", tickets(3))
    (found,) = problems(recipe(tmp_path, {"path": "t.csv"}), "split.test=2")
    assert found.startswith("split.test: ")


def test_what_is_not_a_recipe(tmp_path) -> None:
    assert "no such file" in problems(tmp_path / "none.yaml")[0]
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: [1,\n")
    assert problems(bad)[0].startswith("line ")
    bad.write_text("- a list\n")
    assert "a mapping of settings" in problems(bad)[0]


def test_two_sources_of_one_name_are_refused(tmp_path) -> None:
    path = recipe(tmp_path, {"path": "t.csv"})
    data = yaml.safe_load(path.read_text())
    data["sources"] *= 2
    path.write_text(yaml.safe_dump(data))
    assert "two sources are named 'tickets'" in problems(path)[0]


def test_the_recipe_as_run_loads_again(tmp_path) -> None:
    write_csv(tmp_path / "t.csv", tickets(3))
    loaded = load(recipe(tmp_path, {"path": "t.csv"}))
    again = tmp_path / "again.yaml"
    again.write_text(loaded.as_run())
    assert load(again).recipe == loaded.recipe
    assert load(again).recipe.fingerprint() == loaded.recipe.fingerprint()


def test_a_search_is_asked_for_on_the_command_line(tmp_path) -> None:
    path = recipe(tmp_path, {"path": "t.csv"}, methods={"lora": {"kind": "lora"}})
    changes = ["methods.lora.search.minutes=5", "methods.lora.learning_rate=auto"]
    method = load(path, changes).recipe.methods["lora"]
    assert method.search.minutes == 5
    assert method.learning_rate == "auto"
    with pytest.raises(RecipeError, match=r"methods.lora.learning_rate: a number above 0"):
        load(path, ["methods.lora.learning_rate=fast"])


def test_what_a_search_needs_is_looked_for(tmp_path, monkeypatch) -> None:
    from tunesmith import recipe as module

    path = recipe(tmp_path, {"path": "t.csv"}, methods={"lora": {"kind": "lora"}})
    honest = module.importlib.util.find_spec
    monkeypatch.setattr(
        module.importlib.util, "find_spec", lambda name: None if name == "optuna" else honest(name)
    )
    asked = load(path, ["methods.lora.search.minutes=5"])
    [(where, words)] = missing_parts(asked.recipe, asked.base)
    assert where == ("methods", "lora", "search")
    assert "optuna" in words
    assert missing_parts(load(path).recipe, asked.base) == []


def test_hours_of_work_are_of_a_method(tmp_path) -> None:
    write_csv(tmp_path / "t.csv", tickets(4))
    path = recipe(tmp_path, {"path": "t.csv"}, decide={"work": {"lroa": {"development_hours": 8}}})
    (problem,) = problems(path)
    assert "hours of work are given for lroa, which is no method, kind or approach" in problem
    assert load(path, ["decide.work={mine: {}, lora: {}}", "methods.mine.kind=base"])


def test_data_that_stay_here_are_sent_to_no_model_elsewhere(tmp_path) -> None:
    write_csv(tmp_path / "t.csv", tickets(20))
    away = {"kind": "endpoint", "url": "https://api.example.com/v1", "model": "m",
            "allow_remote": True}  # fmt: skip
    here = {"kind": "endpoint", "url": "http://127.0.0.1:8000/v1", "model": "m"}

    def loaded(stays, judge):
        return load(
            recipe(
                tmp_path,
                {"path": "t.csv"},
                methods={"base": {"kind": "base"}, "hosted": away, "own": here},
                evaluate={"judge": {"by": judge}},
                decide={"limits": {"data_stays_here": stays}},
            )
        )

    check(loaded(False, away))
    with pytest.raises(RecipeError) as error:
        check(loaded(True, away))
    assert len(error.value.problems) == 2
    assert "methods.hosted: api.example.com is not this machine" in error.value.problems[0]
    assert "evaluate.judge.by: api.example.com" in error.value.problems[1]
    with pytest.raises(RecipeError, match="take it out"):
        check(loaded(True, here))


def test_k_cannot_be_chosen_by_what_an_endpoint_does_not_tell(tmp_path) -> None:
    write_csv(tmp_path / "tickets.csv", tickets(20))
    hosted = {"kind": "endpoint", "url": "http://127.0.0.1:9/v1", "model": "m", "k": "auto"}
    path = recipe(tmp_path, {"path": "tickets.csv"}, methods={"hosted": hosted})
    (found,) = problems(path, "decide.metric=perplexity", 'evaluate.metrics=["perplexity"]')
    assert "methods.hosted.k: auto needs a figure that an endpoint has" in found
    assert not [p for p in problems(path, "sources.0.path=no.csv") if "methods.hosted" in p]
