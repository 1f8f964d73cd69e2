from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tunesmith.errors import RecipeError
from tunesmith.evaluate.behaviour.cases import cases_of
from tunesmith.evaluate.behaviour.suite import (
    Memorisation,
    Suite,
    fillings,
    load_suite,
    load_suites,
)

ROOT = Path(__file__).parents[3]


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return path.name


def test_all_mistakes_are_named_with_their_lines(tmp_path) -> None:
    name = write(
        tmp_path / "s.yaml",
        """suite: mine
tests:
  - name: x
    kind: minimum_functionality
    title: t
    questions: [a]
    expect: {contain_any: [b]}
  - name: y
    kind: invariances
    title: t
  - name: z
    kind: invariance
    title: t
    questions: [hello]
    perturb: [typo]
    limit: 3
""",
    )
    with pytest.raises(RecipeError) as caught:
        load_suite(name, tmp_path)
    assert caught.value.where == str(tmp_path / "s.yaml")
    lines = [problem.partition(":")[0] for problem in caught.value.problems]
    assert lines == ["line 7", "line 8", "line 16", "line 15"]
    assert "did you mean 'contains_any'" in caught.value.problems[0]
    assert "'memorisation'" in caught.value.problems[1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("suite: a\ntests: []", "at least 1 item"),
        ("- a", "a suite is a mapping"),
        ("suite: [", "line 1"),
        (
            "suite: a\ntests:\n- {name: t, kind: minimum_functionality, title: t, questions: ['{x}'], expect: {refuses: true}}",
            "slots without values: x",
        ),
        (
            "suite: a\ntests:\n- &t {name: t, kind: memorisation, title: t}\n- *t",
            "two tests are named t",
        ),
        (
            "suite: a\ntests: [{name: t, kind: directional, title: t, pairs: [{before: a, after: b}]}]",
            "say how the answer must differ",
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path, text, words) -> None:
    with pytest.raises(RecipeError, match=words):
        load_suite(write(tmp_path / "s.yaml", text), tmp_path)


def test_a_file_that_is_not_there_and_two_of_one_name_are_refused(tmp_path) -> None:
    with pytest.raises(RecipeError, match="no such file"):
        load_suite("none.yaml", tmp_path)
    text = "suite: default\ntests: [{name: t, kind: memorisation, title: t}]"
    with pytest.raises(RecipeError, match="two suite files are named 'default'"):
        load_suites(("default", write(tmp_path / "s.yaml", text)), tmp_path)


def test_the_suite_that_ships_asks_about_sixty_questions_of_every_kind() -> None:
    suite = load_suite("default", Path())
    assert {test.kind for test in suite.tests} == {
        "minimum_functionality", "invariance", "directional", "safety", "memorisation",
    }  # fmt: skip
    asks = {ask for test in suite.tests for case in cases_of(suite, test, 13) for ask in case.asks}
    assert 50 <= len(asks) <= 80
    for test in suite.tests:
        assert isinstance(test, Memorisation) or cases_of(suite, test, 13)


def test_the_example_suite_can_be_read() -> None:
    suite = load_suite("suite.yaml", ROOT / "examples" / "support")
    assert all(test.title for test in suite.tests)


def test_slots_are_filled_in_every_combination_or_drawn() -> None:
    slots = {"thing": ("lamp", "rug"), "day": ("Monday", "Friday"), "other": ("x",)}
    texts = ("Is the {thing} here on {day}? {{Order}} {unknown}",)
    every = [fill(texts[0]) for fill in fillings(texts, slots, draw=9, seed="1")]
    assert len(set(every)) == 4
    assert every[0] == "Is the lamp here on Monday? {{Order}} {unknown}"
    drawn = [fill(texts[0]) for fill in fillings(texts, slots, draw=2, seed="1")]
    assert drawn == [fill(texts[0]) for fill in fillings(texts, slots, draw=2, seed="1")]
    assert set(drawn) < set(every)
    assert [fill("plain") for fill in fillings(("plain",), slots, draw=2, seed="1")] == ["plain"]


def test_cases_keep_their_names_when_the_suite_grows() -> None:
    one = {"name": "a", "kind": "minimum_functionality", "title": "t", "questions": ["Q {thing}"],
           "expect": {"contains_any": ["{thing}"]}}  # fmt: skip
    given = {"suite": "s", "slots": {"thing": ["lamp", "rug"]}, "tests": [one]}
    suite = Suite.model_validate(given)
    cases = cases_of(suite, suite.tests[0], 13)
    assert [case.asks[0].question for case in cases] == ["Q lamp", "Q rug"]
    assert [case.expect.contains_any for case in cases if case.expect] == [("lamp",), ("rug",)]
    assert len({case.group for case in cases}) == 1
    more = yaml.safe_load(yaml.safe_dump(given))
    more["tests"][0]["questions"].insert(0, "Another")
    grown = Suite.model_validate(more)
    assert {case.id for case in cases} < {c.id for c in cases_of(grown, grown.tests[0], 13)}
