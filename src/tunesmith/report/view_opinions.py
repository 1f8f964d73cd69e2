"""Two answers side by side, judged by a model or by people who do not know which is whose."""

from __future__ import annotations

from tunesmith.report import plots
from tunesmith.report.anchors import pointer
from tunesmith.report.blocks import (
    Badge,
    Block,
    Cell,
    Chart,
    Facts,
    Heading,
    Section,
    Sentence,
    Table,
    Text,
)
from tunesmith.report.common import (
    Scene,
    as_block,
    figure,
    figure_cell,
    number_cell,
    point,
    written_sentences,
)  # fmt: skip
from tunesmith.report.node import Node
from tunesmith.report.wording import count, decimal, plural


def view_judge(document: Node, scene: Scene) -> Section | None:
    """The verdicts of a judging model, and how far it agrees with people."""
    pairs = document.items("pairs")
    if not pairs:
        return None
    scene.anchors.section("judge", ("judge.json", ""))
    blocks: list[Block] = _pairs(pairs, "judge.json", scene, "The judge")
    calibration = document.at("calibration")
    if calibration:
        blocks.append(Heading("How far the judge agrees with people"))
        if text := calibration.text("sentence"):
            blocks.append(Text(text))
        blocks.append(Facts(tuple(_calibration(calibration))))
    else:
        note = "The judge was not compared with verdicts of people: take it as a hint."
        blocks.append(Text(note, fine=True))
    blocks += as_block(_other_sentences(document))
    model, votes = document.text("model") or "A model", document.number("votes")
    lead = f"{model} read two answers to a question and said which is better"
    lead += f", {plural(votes, 'time')} for each order." if votes else ", in both orders."
    return Section(
        id="judge",
        title="A model as judge",
        lead=lead,
        blocks=tuple(blocks),
        terms=("win_rate", "order_flips", "kappa") if calibration else ("win_rate", "order_flips"),
        short="Judge",
    )


def _calibration(node: Node) -> list[tuple[str, str]]:
    facts = [("Verdicts of people", count(node.number("n")))]
    for key, label in (("agreement", "Agreement"), ("kappa", "Cohen's kappa")):
        metric = figure(node.at(key), key)
        if metric.value is not None:
            shown = decimal(metric.value, 3)
            low, high = metric.low, metric.high
            if low is not None and high is not None:
                shown += f" ({decimal(low, 3)} to {decimal(high, 3)})"
            facts.append((label, shown))
    return facts


def view_human(document: Node, scene: Scene) -> Section | None:
    """What people preferred and how they rated, blind."""
    pairs, ratings = document.items("pairs"), document.items("ratings")
    if not pairs and not ratings:
        return None
    scene.anchors.section("human", ("human.json", ""))
    blocks: list[Block] = [*as_block(_other_sentences(document))]
    blocks += _pairs(pairs, "human.json", scene, "People")
    if ratings:
        blocks.append(Chart(_ratings(ratings, scene)))
        blocks += as_block([Sentence(t) for node in ratings if (t := node.text("sentence"))])
        blocks += as_block([_compared(node) for node in document.items("rating_pairs")])
    agreement = document.at("agreement")
    value = agreement.number("value")
    if value is not None:
        low, high = agreement.number("low"), agreement.number("high")
        name = agreement.text("name") or "Agreement"
        shown = decimal(value, 2)
        if low is not None and high is not None:
            shown += f" ({decimal(low, 2)} to {decimal(high, 2)})"
        blocks.append(Facts(((f"Agreement, {name}", shown),)))
        blocks += [Text(text)] if (text := agreement.text("sentence")) else []
    raters, tasks = _size(document.at("raters")), _size(document.at("tasks"), "tasks")
    parts = [plural(raters, "person", "people") if raters is not None else "People"]
    parts.append(f"judged {plural(tasks, 'task')}" if tasks is not None else "judged answers")
    return Section(
        id="human",
        title="What people say",
        lead=f"{' '.join(parts)} without knowing which method had written what.",
        blocks=tuple(blocks),
        terms=("win_rate", "alpha") if value is not None else ("win_rate",),
        short="People",
    )


def _compared(node: Node) -> Sentence:
    badge = Badge("clear", "yes") if node.flag("clear") else Badge("not clear", "open")
    return Sentence(node.text("sentence") or "", badge)


def _size(node: Node, key: str = "") -> int | float | None:
    """A number, or how many there are; of an object with that count, the count."""
    if isinstance(node.value, dict) and key:
        return node.number(key)
    return len(node.value) if isinstance(node.value, list | dict) else node.as_number()


def _other_sentences(document: Node) -> list[Sentence]:
    """What the file says beside the sentences of its parts, which stand with the parts."""
    keys = ("pairs", "ratings", "rating_pairs")
    parts = [node for key in keys for node in document.items(key)] + [document.at("agreement")]
    parts.append(document.at("calibration"))
    told = {part.text("sentence") for part in parts}
    return [one for one in written_sentences(document) if one.text not in told]


def _pairs(pairs: list[Node], file: str, scene: Scene, who: str) -> list[Block]:
    if not pairs:
        return []
    rows, body, sentences = [], [], []
    for index, node in enumerate(pairs):
        a, b = scene.short(node.text("a")), scene.short(node.text("b"))
        rate = figure(node.at("win_rate"), "win_rate")
        rows.append(
            plots.DotRow(label=f"{a} against {b}", points=(point(0, rate),),
                         note=_votes(node, file))
        )  # fmt: skip
        cells = [Cell(f"{a} against {b}"), figure_cell(rate, scene.anchors.place(
            (file, pointer("pairs", index))))]  # fmt: skip
        keys = ("wins_a", "wins_b", "ties", "unparseable", "order_flips")
        cells += [_share_or_count(node.at(key)) for key in keys]
        body.append(tuple(cells))
        if text := node.text("sentence"):
            clear = node.flag("clear")
            badge = Badge("clear", "yes") if clear else Badge("not clear", "open")
            sentences.append(Sentence(text, badge if clear is not None else None))
    head = (
        Cell("Pair"), Cell("Win rate", num=True, term="win_rate"),
        Cell("First preferred", num=True), Cell("Second preferred", num=True),
        Cell("Ties", num=True),
        Cell("Not readable", num=True),
        Cell("Order flips", num=True, term="order_flips"),
    )  # fmt: skip
    judge = file == "judge.json"
    keep = [
        i
        for i in range(len(head))
        if any(row[i].text not in {"", "–"} for row in body)
        and (judge or head[i].text not in {"Not readable", "Order flips"})
    ]
    chart = plots.Dots(
        title=f"{who}: how often the first of the two is preferred",
        subtitle="Ties count half; at the dashed line both are preferred equally often",
        axis="Win rate of the first, 0 to 1",
        series=(plots.Series("win rate", "accent", "diamond"),),
        rows=tuple(rows),
        limit=(0.5, "no preference"),
    )
    table = Table(f"Table of pairs: {who}", tuple(head[i] for i in keep),
                  tuple(tuple(row[i] for i in keep) for row in body))  # fmt: skip
    return [Chart(chart), *as_block(sentences), table]


def _votes(node: Node, file: str) -> str:
    """How many questions, and of people how many votes on them."""
    questions = node.number("n")
    wins = [node.number(key) for key in ("wins_a", "wins_b", "ties")]
    votes = sum(number for number in wins if number is not None)
    if file == "judge.json" or questions is None or votes <= questions:
        return plural(questions, "pair")
    return f"{plural(votes, 'vote')} on {plural(questions, 'question')}"


def _share_or_count(node: Node) -> Cell:
    if isinstance(node.value, dict):
        return figure_cell(figure(node))
    return number_cell(node.as_number())


def _ratings(ratings: list[Node], scene: Scene) -> plots.Dots:
    rows, scored = [], []
    for node in ratings:
        mean = figure(node.at("mean"), "rating")
        name = scene.short(node.text("method"))
        rows.append(plots.DotRow(label=name, points=(point(0, mean),)))
        if mean.value is not None:
            scored.append((mean.value, name))
    finding = f": {max(scored)[1]} is rated highest" if len(scored) > 1 else ""
    return plots.Dots(
        title=f"Ratings{finding}",
        subtitle="The mean rating of each method's answers, with its interval",
        axis="Mean rating, higher is better",
        series=(plots.Series("mean rating", "accent", "circle"),),
        rows=tuple(rows),
    )
