"""Latency, throughput, memory and energy of every method."""

from __future__ import annotations

from collections.abc import Mapping

from tunesmith.report import plots
from tunesmith.report.anchors import pointer
from tunesmith.report.blocks import Block, Cell, Chart, Fold, Section, Table, Text
from tunesmith.report.common import Scene, figure, figure_cell, point
from tunesmith.report.methods import Metric
from tunesmith.report.node import Node
from tunesmith.report.wording import MISSING, duration, join, mebibytes, significant

_QUANTILES = (("p50", "Half of the answers (p50)"), ("p95", "95 of 100 (p95)"),
              ("p99", "99 of 100 (p99)"))  # fmt: skip
_SERIES = (
    plots.Series(_QUANTILES[0][1], "s3", "circle"),
    plots.Series(_QUANTILES[1][1], "accent", "diamond"),
    plots.Series(_QUANTILES[2][1], "s2", "triangle"),
)
_KINDS = {
    "answer_s": ("the whole answer", "Seconds until an answer is complete"),
    "first_token_s": ("the first token", "Seconds until the first token"),
    "per_token_s": ("each further token", "Seconds for a token"),
}
_FAR = 8.0


def view_speed(files: Mapping[str, Node], scene: Scene) -> Section | None:
    """What performance.json says; else the latency that metrics.json has."""
    names = [method.name for method in scene.methods]
    names += [name for name in files if name not in names]
    present = [name for name in names if name in files]
    blocks: list[Block] = []
    main = _latency("answer_s", present, files, scene) or _from_metrics(scene)
    if main is None and not present:
        return None
    if main is not None:
        blocks.append(Chart(main))
    others = [_latency(kind, present, files, scene) for kind in ("first_token_s", "per_token_s")]
    drawn: list[Block] = [Chart(plot) for plot in others if plot is not None]
    if drawn:
        blocks.append(Fold("Until the first token, and for each token after it", tuple(drawn)))
    if (throughput := _throughput(present, files, scene)) is not None:
        blocks.append(Chart(throughput))
    if present:
        blocks.append(_table(present, files, scene))
        blocks += _notes(present, files, scene)
    if not blocks:
        return None
    return Section(
        id="speed",
        title="Speed",
        lead="How long somebody waits for an answer, how many answers a machine gives at once, and "
        "what it takes.",
        blocks=tuple(blocks),
        terms=("quantile", "throughput", "energy") if present else ("quantile",),
    )


def _limit(scene: Scene) -> tuple[float, str] | None:
    """The hard limit on the waiting time, where the decision has one."""
    for node in scene.decision.at("verdict").items("limits"):
        if "latency" in (node.text("name") or ""):
            value = node.at("limit").as_number()
            if value is not None:
                return float(value), f"Limit: {duration(value)}"
    return None


def _latency(
    kind: str, present: list[str], files: Mapping[str, Node], scene: Scene
) -> plots.Dots | None:
    rows = []
    for name in present:
        node = files[name].at("latency").at(kind)
        figures = [figure(node.at(quantile), quantile) for quantile, _ in _QUANTILES]
        figures = [_seconds(item) for item in figures]
        path = f"methods/{name}/performance.json"
        scene.anchors.section("speed", (path, ""))
        if any(item.value is not None for item in figures):
            rows.append((name, figures))
    if not rows:
        return None
    what, axis = _KINDS[kind]
    return _plot(what, axis, rows, scene, limited=kind == "answer_s")


def _from_metrics(scene: Scene) -> plots.Dots | None:
    rows = []
    for method in scene.methods:
        found = [method.metrics.get(f"latency_{quantile}_s") for quantile in ("p50", "p95", "p99")]
        if any(item is not None and item.value is not None for item in found):
            nothing = Node(None, "-")
            rows.append((method.name, [item or figure(nothing) for item in found]))
    if not rows:
        return None
    return _plot(*_KINDS["answer_s"], rows, scene, limited=True)


def _seconds(metric: Metric) -> Metric:
    """The same figure in seconds where the file does not say its unit."""
    from dataclasses import replace

    return metric if metric.unit else replace(metric, unit="s")


def _plot(
    what: str, axis: str, rows: list[tuple[str, list[Metric]]], scene: Scene, *, limited: bool
) -> plots.Dots:
    values = [i.value for _, figures in rows for i in figures if i.value is not None]
    log = min(values) > 0 and max(values) / min(values) > _FAR
    limit = _limit(scene) if limited else None
    drawn = tuple(
        plots.DotRow(
            label=scene.short(name),
            note="chosen" if (m := scene.method(name)) and m.chosen else "",
            points=tuple(
                point(i, item) for i, item in enumerate(figures) if item.value is not None
            ),
        )
        for name, figures in rows
    )
    used = max(p.series for row in drawn for p in row.points) + 1
    return plots.Dots(
        title=_finding(what, rows, scene, limit),
        subtitle="Each question asked alone; a dotted whisker has no upper limit, for want of rows",
        axis=f"{axis}{' (logarithmic)' if log else ''}, lower is better",
        series=_SERIES[:used],
        rows=drawn,
        limit=limit,
        log=log,
    )


def _finding(
    what: str, rows: list[tuple[str, list[Metric]]], scene: Scene, limit: tuple[float, str] | None
) -> str:
    p95 = [(name, value) for name, items in rows if (value := items[1].value) is not None]
    if limit is not None and p95:
        slow = [scene.short(name) for name, value in p95 if value > limit[0]]
        if len(slow) == len(p95) > 1:
            return "The measured p95 of every method is beyond the limit"
        if slow:
            return f"{join(slow)}: the measured p95 is beyond the limit"
        sure = all(i[1].high is not None and i[1].high <= limit[0] for _, i in rows if i[1].value)
        doubt = "" if sure else ", though few rows leave it open"
        return f"The measured p95 of every method is within the limit{doubt}"
    p50 = [(items[0].value, name) for name, items in rows if items[0].value is not None]
    if len(p50) > 1:
        return f"{scene.short(min(p50)[1])} has the shortest typical wait for {what}"
    return f"Waiting time for {what}"


def _throughput(present: list[str], files: Mapping[str, Node], scene: Scene) -> plots.Lines | None:
    lines, axis = [], "tokens_per_s"
    for name, series in zip(present, scene.series(present), strict=True):
        points = []
        for node in files[name].items("throughput"):
            at, speed = node.number("concurrency"), node.number(axis)
            if at is not None and speed is not None:
                points.append((float(at), float(speed)))
        if points:
            points.sort()
            shown = f"{significant(points[-1][1])} tokens/s at {significant(points[-1][0])}"
            lines.append(
                plots.Line(series.label, tuple(points), series.tone, shown, shape=series.shape)
            )
    if not any(len(line.points) > 1 for line in lines):
        return None
    best = max(lines, key=lambda line: max(y for _, y in line.points))
    return plots.Lines(
        title=f"{best.label} gives most when many ask at once"
        if len(lines) > 1
        else f"{best.label}: tokens a second when many ask at once",
        subtitle="Tokens a second over the number of questions answered at the same time",
        x_label="Questions at the same time",
        y_label="Tokens a second",
        lines=tuple(lines),
        from_zero=True,
    )


def _table(present: list[str], files: Mapping[str, Node], scene: Scene) -> Table:
    rows = []
    for name in present:
        node, path = files[name], f"methods/{name}/performance.json"
        method = scene.method(name)
        p95 = _seconds(figure(node.at("latency").at("answer_s").at("p95"), "p95"))
        place = scene.anchors.place
        energy = node.at("energy").number("watt_hours_per_1000")
        rows.append(
            (
                Cell(scene.short(name), "chosen" if method and method.chosen else ""),
                figure_cell(p95, place((path, pointer("latency", "answer_s", "p95")))),
                Cell(
                    mebibytes(node.number("peak_memory_mib")), num=True,
                    anchor=place((path, "/peak_memory_mib")),
                ),
                Cell(mebibytes(node.number("model_memory_mib")), num=True),
                Cell(
                    MISSING if energy is None else f"{significant(energy)} Wh", num=True,
                    anchor=place((path, pointer("energy"))),
                ),
            )
        )  # fmt: skip
    head = (
        Cell("Method"), Cell("p95", num=True, term="quantile"), Cell("Peak memory", num=True),
        Cell("Of the model", num=True), Cell("Energy, 1,000 answers", num=True, term="energy"),
    )  # fmt: skip
    return Table("Table of waiting time, memory and energy", head, tuple(rows))


def _notes(present: list[str], files: Mapping[str, Node], scene: Scene) -> list[Block]:
    notes: dict[str, list[str]] = {}
    for name in present:
        node = files[name]
        said = [*node.texts("sentences"), *node.texts("notes"), node.text("memory_note")]
        for text in (*said, node.at("energy").text("note")):
            if text:
                notes.setdefault(text, []).append(scene.short(name))
    every = len(present)
    shown = [
        text if len(names) == every else f"{join(names)}: {text}" for text, names in notes.items()
    ]
    return [Text(" ".join(shown), fine=True)] if shown else []
