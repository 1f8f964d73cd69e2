"""Every number that a sentence says stands in the table, the comparisons, costs or settings."""

from __future__ import annotations

import re

import pytest

from tunesmith.decide.config import DecideConfig
from tunesmith.decide.decision import decide
from tunesmith.decide.words import figure, money
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.progress import duration

FEW = EvaluateConfig(resamples=400, metrics=("token_f1", "perplexity"))
PROJECTS = {
    "tuned": ({"base": 0.2, "few_shot": 0.3, "lora": 0.5}, 120, {}),
    "prompt": ({"base": 0.2, "few_shot": 0.5, "lora": 0.3}, 120, {}),
    "base": ({"base": 0.5, "few_shot": 0.3, "lora": 0.4}, 120, {}),
    "open": ({"base": 0.3, "few_shot": 0.5, "lora": 0.51}, 60, {}),
    "tiny": ({"base": 0.2, "few_shot": 0.3, "lora": 0.5}, 12, {}),
    "one": ({"base": 0.2}, 50, {}),
    "money": ({"base": 0.2, "few_shot": 0.5, "lora": 0.5}, 800, {"speeds": {"few_shot": 3.0}}),
    "perplexity": ({"base": 0.2, "lora": 0.5}, 120, {"metric": "perplexity"}),
    "work": ({"few_shot": 0.2, "lora": 0.5}, 120, {"engineer_hours": {"lora": 8}}),
}


def numbers(text):
    """The numbers of a text, without those in names of figures."""
    text = re.sub(r"Token F1|0 is none|1 is (not at )?all|1,000 answers cost", "", text)
    return re.findall(r"\d[\d,]*(?:\.\d+)?", text)


def known(decision, config):
    """Every number of the decision outside its sentences, as sentences may print it."""
    out = set()

    def add(value):
        for unit in ("share", "points", "perplexity"):
            out.update(numbers(figure(value, unit)))
        out.update(numbers(money(abs(value), "")))
        out.update(numbers(f"{value:,.0f}") if value == round(value) else [])
        out.update(numbers(f"{value:.0%}"))
        out.update(numbers(f"{value:,.1f}"))

    def walk(node):
        if isinstance(node, dict):
            for key, value in node.items():
                if key not in {"sentence", "meaning", "note", "samples", "label"}:
                    walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)
        elif isinstance(node, int | float) and not isinstance(node, bool):
            add(node)

    walk({key: decision[key] for key in ("table", "comparisons", "cost", "confidence")})
    walk([decision["verdict"]["rows_needed"], config.min_rows, config.min_gain])
    # money a set-up costs more than another, and the power of asking for rows
    setups = [row["cost"]["setup"] for row in decision["table"]]
    walk([a - b for a in setups for b in setups if a > b])
    walk([0.8, len({c["a"] + c["b"] for c in decision["comparisons"]})])
    out.update(numbers(duration(600)))
    return out


@pytest.mark.parametrize("project", PROJECTS)
def test_every_number_has_its_place(world, project):
    qualities, n, settings = PROJECTS[project]
    decision, *_ = world(qualities, n, evaluation=FEW, **settings)
    config = DecideConfig(**{k: v for k, v in settings.items() if k != "speeds"})
    places = known(decision, config)
    verdict = decision["verdict"]
    for text in [decision["headline"], *verdict["reasons"], *verdict["next"]]:
        unknown = [number for number in numbers(text) if number not in places]
        assert not unknown, text


def test_a_wrong_number_would_be_found(world):
    decision, *_ = world(*PROJECTS["tuned"][:2], evaluation=FEW)
    assert "0.987" not in known(decision, DecideConfig())


@pytest.mark.parametrize("project", ["tuned", "prompt", "base", "open"])
def test_the_figures_sentence_names_every_method_with_its_own_value(world, project):
    qualities, n, settings = PROJECTS[project]
    decision, *_ = world(qualities, n, evaluation=FEW, **settings)
    called = {"base": "the base model", "few_shot": "few-shot prompting", "lora": "LoRA tuning"}
    parts = decision["verdict"]["reasons"][0].rsplit(": ", 1)[1].removesuffix(".").split("; ")
    said = {part.split(" (")[0]: part.rsplit(" ", 1)[1] for part in parts}
    assert said == {
        called[row["method"]]: f"{row['metrics']['token_f1']['value']:.3f}"
        for row in decision["table"]
    }
    assert [float(part.rsplit(" ", 1)[1]) for part in parts] == sorted(
        (float(value) for value in said.values()), reverse=True
    )


@pytest.mark.parametrize("project", PROJECTS)
def test_comparison_sentences_say_their_own_figures(world, project):
    qualities, n, settings = PROJECTS[project]
    decision, *_ = world(qualities, n, evaluation=FEW, **settings)
    called = {"base": "the base model", "few_shot": "few-shot prompting", "lora": "LoRA tuning"}
    for found in decision["comparisons"]:
        decimals = 3 if found["metric"] == "token_f1" else 2
        better = found["better"]
        worse = found["b"] if better == found["a"] else found["a"]
        gain = abs(found["difference"])
        ends = sorted([abs(found["low"]), abs(found["high"])])
        if found["clear"]:
            start = f"{called[better]} is better than {called[worse]} by {gain:.{decimals}f}"
            assert found["sentence"].lower().startswith(start.lower())
            assert f"({ends[0]:.{decimals}f} to {ends[1]:.{decimals}f})" in found["sentence"]
        else:
            assert "cannot be told apart" in found["sentence"]
            assert f"the difference is {gain:.{decimals}f} (" in found["sentence"]


def test_the_term_is_explained_at_first_use(world):
    for qualities, n, settings in PROJECTS.values():
        decision, *_ = world(qualities, n, evaluation=FEW, **settings)
        label = "Perplexity" if settings.get("metric") == "perplexity" else "Token F1"
        for text in (decision["headline"], decision["verdict"]["reasons"][0]):
            assert label not in text or f"{label} (" in text


def test_doubts_are_told(world):
    _, cards, rows = world({"base": 0.2, "lora": 0.5}, 60, evaluation=FEW)
    cards[1]["metrics"]["cut_off"]["value"] = 0.25
    cards[0]["metrics"]["token_f1"]["unscored"] = 3
    decision = decide(cards, rows, DecideConfig(), evaluation=FEW)
    reasons = decision["verdict"]["reasons"]
    assert "25% of the answers of LoRA tuning were cut off at the length limit." in reasons
    assert "3 rows of the base model could not be scored and are left out." in reasons
    assert any("max_new_tokens" in step for step in decision["verdict"]["next"])


def test_a_method_that_could_not_be_scored_takes_no_part(world):
    _, cards, rows = world({"base": 0.2, "few_shot": 0.4, "lora": 0.5}, 60, evaluation=FEW)
    cards[2]["metrics"]["token_f1"] |= {"value": None, "low": None, "high": None, "unscored": 60}
    for row in rows["lora"]:
        row["prediction"] = None
    decision = decide(cards, rows, DecideConfig(), evaluation=FEW)
    assert decision["verdict"]["choice"] == "few_shot"
    said = "LoRA tuning has no row that could be scored and takes no part."
    assert said in decision["verdict"]["reasons"]


def test_two_methods_of_a_kind_are_called_by_name(world):
    _, cards, rows = world({"base": 0.2, "lora": 0.5}, 60, evaluation=FEW)
    cards.append({**cards[1], "method": "lora-small"})
    rows["lora-small"] = rows["lora"]
    decision = decide(cards, rows, DecideConfig(), evaluation=FEW)
    assert "LoRA tuning “lora”" in decision["headline"]
