"""The written report: complete, safe, true to its figures, the same for the same run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tunesmith.errors import TunesmithError
from tunesmith.report import build_report

MakeRun = Callable[..., Path]
KINDS = ["full", "sections", "one_method", "awkward", "data_only", "empty"]
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """The tags, attributes and texts of a page; fails on a tag that is closed out of turn."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice in <{tag}>"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "title"}:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.texts)).replace(" : ", ": ")


def read(run: Path) -> Page:
    return Page(build_report(run).read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_run_gives_well_formed_html(make_run: MakeRun, kind: str) -> None:
    page = read(make_run(kind))
    assert [tag for tag, _ in page.tags].count("h1") == 1
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {
        attrs["href"][1:] for tag, attrs in page.tags
        if tag == "a" and (attrs.get("href") or "").startswith("#")
    }  # fmt: skip
    assert targets <= set(ids), targets - set(ids)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_in_the_file_can_reach_the_network(make_run: MakeRun, kind: str) -> None:
    html = build_report(make_run(kind)).read_text(encoding="utf-8")
    page = Page(html)
    for tag, attrs in page.tags:
        assert tag not in {
            "script",
            "iframe",
            "object",
            "embed",
            "img",
            "image",
            "use",
            "base",
            "form",
        }
        for name in ("src", "href", "xlink:href", "srcset", "action", "data"):
            value = attrs.get(name)
            assert value is None or value.startswith("#") or value == "data:,", (tag, name, value)
        assert not [name for name in attrs if name.startswith("on")]
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    policy = next(a["content"] for t, a in page.tags if a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "script" not in policy


def test_texts_of_customers_stay_texts(make_run: MakeRun) -> None:
    run = make_run("full")
    attack = json.loads((run / "decision.json").read_text())["samples"][2]["question"]
    html = build_report(run).read_text(encoding="utf-8")
    assert "<script" not in html
    page = Page(html)
    assert page.text.count(attack) >= 3


@pytest.mark.parametrize("kind", ["full", "sections"])
def test_every_text_from_the_files_is_escaped(make_run: MakeRun, kind: str) -> None:
    """Every string and every key in every file turned into an attack: no tag, no attribute."""
    attack = "<img src=x onerror=1>\"'><i id=planted>`x`"
    keep = {"metric", "method", "a", "b", "fate", "choice", "kind", "by", "rival", "basis", "state"}

    def poison(value: object, key: str = "") -> object:
        if isinstance(value, dict):
            renamed = key in {"methods", "totals", "parts", "intrinsic", "quality"}
            return {(f"{k}{attack}" if renamed else k): poison(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [poison(item, key) for item in value]
        return attack if isinstance(value, str) and key not in keep else value

    run = make_run(kind)
    for path in [*run.glob("*.json"), *run.glob("methods/*/*.json")]:
        document = poison(json.loads(path.read_text()))
        path.write_text(json.dumps(document))
    html = build_report(run).read_text(encoding="utf-8")
    page = Page(html)
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"img", "i"}
    assert "planted" not in {attrs.get("id") for _, attrs in page.tags}
    assert not [attrs for _, attrs in page.tags if "onerror" in attrs]
    assert "&lt;img src=x" in html


@pytest.mark.parametrize("file", [
    "slices.json", "judge.json", "human.json", "plan.json", "evaluation.json",
    "cross_validation.json", "methods/lora/audit.json", "methods/lora/forgetting.json",
    "methods/lora/performance.json",
])  # fmt: skip
def test_an_attack_in_each_new_file_is_shown_as_text(make_run: MakeRun, file: str) -> None:
    attack = "<script>window.hacked=1</script>"

    def poison(value: object, key: str = "") -> object:
        if isinstance(value, dict):
            return {k: poison(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [poison(item, key) for item in value]
        return f"{value} {attack}" if isinstance(value, str) else value

    run = make_run("sections")
    (run / file).write_text(json.dumps(poison(json.loads((run / file).read_text()))))
    html = build_report(run).read_text(encoding="utf-8")
    assert "<script" not in html
    assert attack in Page(html).text


@pytest.mark.parametrize("file", [
    "slices.json", "judge.json", "human.json", "plan.json", "evaluation.json",
    "cross_validation.json", "methods/lora/audit.json", "methods/lora/forgetting.json",
    "methods/lora/performance.json",
])  # fmt: skip
@pytest.mark.parametrize("content", ["{}", "null"])
def test_an_empty_file_is_no_error(make_run: MakeRun, file: str, content: str) -> None:
    run = make_run("sections")
    (run / file).write_text(content)
    read(run)


def test_the_figures_of_a_reason_are_links_to_where_they_stand(make_run: MakeRun) -> None:
    html = build_report(make_run("sections")).read_text(encoding="utf-8")
    proofs = re.findall(r'<a class="proof" href="#([^"]+)" title="([^"]+)">([^<]+)</a>', html)
    named = {title: (href, text) for href, title, text in proofs}
    where = {
        "decision.json /table/2/metrics/token_f1/value": "0.447",
        "methods/few_shot/metrics.json /metrics/token_f1/value": "0.334",
        "decision.json /comparisons/0/difference": "0.113",
        "decision.json /cost/methods/lora/per_1000": "0.18",
        "methods/lora/training.json /seconds": "5 min 38 s",
        "decision.json /cost/break_even/0/answers": "627",
    }
    assert {title: text for title, (_, text) in named.items()} == where
    # Each leads to the element that shows the figure itself.
    for title, (href, text) in named.items():
        start = html.index(f'id="{href}"')
        assert text in html[start : start + 900], title
    # A figure that its sentence does not print is named by its file.
    assert '<a href="#at-' in html
    assert ">slices.json</a>" in html


def test_the_figures_are_those_of_the_files(make_run: MakeRun) -> None:
    run = make_run("full")
    page = read(run)
    facts = json.loads((run / "run.json").read_text())
    for name in ("collected", "kept", "merged"):
        assert f"{facts['counts'][name]:,}" in page.text
    for reason in facts["reasons"]:
        assert f"\N{MINUS SIGN}{reason['rows']:,}" in page.text
    for row in facts["categories"]:
        assert f"{row['train']:,} · {row['validation']:,} · {row['test']:,}" in page.text
    for number in facts["personal_data"].values():
        assert f" {number:,} " in page.text
    digits = {"share": 3, "points": 1, "perplexity": 2, "s": 2, "tokens": 1}
    for path in run.glob("methods/*/metrics.json"):
        for metric in json.loads(path.read_text())["metrics"].values():
            unit = " s" if metric["unit"] == "s" else ""
            value, low, high = (
                f"{metric[key]:.{digits[metric['unit']]}f}{unit}"
                for key in ("value", "low", "high")
            )
            assert f" {value} " in page.text
            assert f"{low} to {high}" in page.text
    decision = json.loads((run / "decision.json").read_text())
    assert decision["headline"] in page.text
    for comparison in decision["comparisons"]:
        assert comparison["sentence"] in page.text
    for pair in decision["cost"]["break_even"]:
        assert f"{pair['answers']:,} answers" in page.text
    assert page.text.index(decision["headline"]) < page.text.index("0.447")


ORDER = [
    "behind", "comparison", "tradeoff", "classes", "speed", "slices", "answers", "audits",
    "forgetting", "cost", "folds", "judge", "human", "approaches", "plan", "setup", "training",
    "data", "quality", "personal", "duplicates", "composition", "dataset", "made", "glossary",
]  # fmt: skip
NEW = {"behind", "classes", "slices", "audits", "forgetting", "folds", "judge", "human",
       "approaches", "plan", "setup", "dataset"}  # fmt: skip


def ids_of(page: Page) -> list[str]:
    return [
        attrs["id"] or "" for tag, attrs in page.tags
        if tag == "section" and "part" in (attrs.get("class") or "").split()
    ]  # fmt: skip


def test_the_parts_stand_in_the_order_of_the_questions(make_run: MakeRun) -> None:
    page = read(make_run("sections"))
    assert ids_of(page) == ORDER
    tags = [tag for tag, _ in page.tags]
    assert tags.index("h1") < tags.index("table")


def test_a_run_folder_without_the_further_files_gives_the_parts_it_has(make_run: MakeRun) -> None:
    page = read(make_run("full"))
    assert ids_of(page) == [name for name in ORDER if name not in NEW]


@pytest.mark.parametrize(
    ("file", "part"),
    [
        ("slices.json", "slices"), ("cross_validation.json", "folds"), ("judge.json", "judge"),
        ("human.json", "human"), ("plan.json", "plan"), ("evaluation.json", "dataset"),
        ("methods/*/audit.json", "audits"), ("methods/*/forgetting.json", "forgetting"),
    ],
)  # fmt: skip
def test_a_part_without_its_file_is_left_out(make_run: MakeRun, file: str, part: str) -> None:
    run = make_run("sections")
    for path in run.glob(file):
        path.unlink()
    page = read(run)
    assert ids_of(page) == [name for name in ORDER if name != part]
    assert f"#{part}" not in {attrs.get("href") for _, attrs in page.tags}


def test_the_contents_name_every_part(make_run: MakeRun) -> None:
    page = read(make_run("sections"))
    links = {attrs.get("href") for tag, attrs in page.tags if tag == "a"}
    assert {f"#{name}" for name in ORDER} - links <= {"#personal", "#duplicates", "#composition"}


def test_a_run_that_only_prepared_data_gets_a_report_on_the_data(make_run: MakeRun) -> None:
    page = read(make_run("data_only"))
    ids = {attrs.get("id") for _, attrs in page.tags}
    assert "data" in ids
    assert not {"comparison", "cost", "answers"} & ids
    assert "1,743 of 2,310 rows are ready to use." in page.text
    assert "Token F1" not in page.text


def test_only_run_json_is_needed(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    page = read(tmp_path)
    assert "has not been counted" in page.text


def test_missing_values_are_said_to_be_missing(make_run: MakeRun) -> None:
    page = read(make_run("awkward"))
    assert "not measured" in page.text
    assert "120 answers could not be scored" in page.text
    assert "nan" not in re.findall(r"\w+", page.text.lower())
    assert "None" not in re.findall(r"\w+", page.text)


def test_the_same_run_gives_the_same_bytes(make_run: MakeRun) -> None:
    run = make_run("awkward")
    first = build_report(run).read_bytes()
    assert build_report(run).read_bytes() == first


def test_each_plot_has_a_text_in_its_place(make_run: MakeRun) -> None:
    page = read(make_run("full"))
    plots = [attrs for _, attrs in page.tags if attrs.get("role") == "img"]
    assert len(plots) >= 20
    labels = [attrs["aria-label"] or "" for attrs in plots]
    assert all(len(label) > 30 for label in labels)
    funnel = next(label for label in labels if label.startswith("1,743 of 2,310 rows were kept"))
    assert "Near duplicate (merged): \N{MINUS SIGN}214" in funnel
    assert [tag for tag, _ in page.tags].count("figure") == len(plots)


def test_every_metric_shown_is_in_the_glossary(make_run: MakeRun) -> None:
    run = make_run("full")
    page = read(run)
    ids = {attrs.get("id") for _, attrs in page.tags}
    metrics = json.loads((run / "methods/lora/metrics.json").read_text())["metrics"]
    assert {f"term-{name}" for name in metrics} <= ids


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("run.json", None, "there is no run.json"),
        ("run.json", "{", "this is not JSON"),
        ("run.json", '{"counts": {"kept": "many"}}', "run.json: counts.kept: expected a number"),
        ("run.json", '{"sources": {}}', "run.json: sources: expected a list"),
        ("quality.json", '{"figures": [{"met": 1}]}', "figures[0].met: expected true or false"),
    ],
)
def test_a_broken_file_is_named(
    make_run: MakeRun, name: str, content: str | None, message: str
) -> None:
    run = make_run("full")
    if content is None:
        (run / name).unlink()
    else:
        (run / name).write_text(content)
    with pytest.raises(TunesmithError) as caught:
        build_report(run)
    assert message in caught.value.message
    assert not (run / "report.html").exists()
