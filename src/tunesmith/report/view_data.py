"""The data: way of the rows, personal data, duplicates, lengths, categories, sources, targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tunesmith.report import glossary, plots
from tunesmith.report.collecting import changes, licences
from tunesmith.report.node import Node
from tunesmith.report.view_funnel import view_funnel
from tunesmith.report.volume import sentences
from tunesmith.report.wording import MISSING, count, percent, plural, quality, share_of

_SPLITS = (
    ("train", "Training", "accent"),
    ("validation", "Validation", "s6"),
    ("test", "Test", "s2"),
)
_CATEGORIES_SHOWN = 12


@dataclass(frozen=True)
class Target:
    """A quality figure beside its target."""

    label: str
    shown: str
    target: str
    met: bool | None


@dataclass(frozen=True)
class Source:
    """A source of rows."""

    name: str
    kind: str
    files: str
    rows: str
    quarantined: str
    license: str


@dataclass(frozen=True)
class DataView:
    """Everything about the data; a missing plot was not measured in this run."""

    funnel: plots.Funnel | None
    funnel_finding: str
    targets: tuple[Target, ...]
    personal: plots.Bars | None
    personal_total: int | None
    personal_finding: str
    similarity: plots.Histogram | None
    clusters: plots.Bars | None
    duplicates: str
    lengths: tuple[plots.Histogram, ...]
    categories: plots.Stacks | None
    more_categories: plots.Stacks | None
    splits: plots.Stacks | None
    languages: plots.Bars | None
    sources: tuple[Source, ...]
    collecting: tuple[str, ...]
    """What is new since the last run, what failed its verification, what must be named."""
    volume: tuple[str, ...]
    """Which categories lack rows."""


def view_data(run: Node, figures: Node) -> DataView:
    """The part of the report about the data."""
    funnel, finding = view_funnel(run)
    personal = _personal(run)
    total = sum(int(bar.value) for bar in personal.bars) if personal else None
    shown, more = _categories(run)
    return DataView(
        funnel=funnel,
        funnel_finding=finding,
        targets=tuple(_target(node) for node in figures.items("figures")),
        personal=personal if personal and personal.bars else None,
        personal_total=total,
        personal_finding=f"{personal.title}." if personal else "",
        similarity=_similarity(run),
        clusters=_clusters(run),
        duplicates=_duplicates(run),
        lengths=tuple(chart for side in ("question", "answer") if (chart := _lengths(run, side))),
        categories=shown,
        more_categories=more,
        splits=_splits(run),
        languages=_languages(run),
        sources=tuple(_source(node) for node in run.items("sources")),
        collecting=tuple(changes(_listed(run, "sources")) + licences(_listed(run, "licenses"))),
        volume=tuple(one[0].upper() + one[1:] for one in sentences(_listed(run, "volume"))),
    )


def _listed(run: Node, key: str) -> list[dict[str, Any]]:
    value = run.at(key).value
    return list(value) if isinstance(value, list) else []


def _target(node: Node) -> Target:
    unit = node.text("unit")
    goal = node.number("target")
    direction = node.text("direction") or ""
    target = MISSING if goal is None else f"{direction} {quality(goal, unit)}".strip()
    return Target(
        label=node.text("label") or glossary.plain(node.text("name") or "?"),
        shown=quality(node.number("value"), unit),
        target=target,
        met=node.flag("met"),
    )


def _personal(run: Node) -> plots.Bars | None:
    if run.at("personal_data").value is None:
        return None
    found = [
        (glossary.PERSONAL_DATA.get(kind.upper(), glossary.plain(kind)), int(number))
        for kind, node in run.pairs("personal_data")
        if (number := node.as_number()) is not None
    ]
    found.sort(key=lambda entry: (-entry[1], entry[0]))
    total = sum(number for _, number in found)
    finding = f"{plural(total, 'piece')} of personal data found and masked"
    return plots.Bars(
        title=finding if total else "No personal data was found",
        subtitle="Findings by kind; the report holds counts only",
        bars=tuple(plots.Bar(label, number, count(number)) for label, number in found),
    )


def _similarity(run: Node) -> plots.Histogram | None:
    bins = _bins(run.at("duplicates"), "similarity_histogram", "pairs")
    if not bins:
        return None
    pairs = sum(item.rows for item in bins)
    return plots.Histogram(
        title=f"{plural(pairs, 'pair')} of rows are near duplicates",
        subtitle="Each pair was compared word by word; 1 is the same text",
        x_label="Similarity of the pair (Jaccard, 0 to 1)",
        y_label="Pairs",
        bins=bins,
    )


def _clusters(run: Node) -> plots.Bars | None:
    sizes = [
        int(size)
        for node in run.at("duplicates").items("largest_clusters")
        if (size := node.as_number()) is not None
    ]
    if not sizes:
        return None
    sizes = sorted(sizes, reverse=True)[:8]
    return plots.Bars(
        title=f"The largest group says the same thing {count(sizes[0])} times",
        subtitle="Rows in each of the largest groups of duplicates; one row of each is kept",
        bars=tuple(
            plots.Bar(f"Group {i}", size, plural(size, "row"), tone="merged")
            for i, size in enumerate(sizes, start=1)
        ),
    )


def _duplicates(run: Node) -> str:
    node = run.at("duplicates")
    exact, near = node.number("exact"), node.number("near")
    if exact is None and near is None:
        return ""
    parts = []
    if exact is not None:
        parts.append(f"{plural(exact, 'exact duplicate')}")
    if near is not None:
        parts.append(f"{plural(near, 'near duplicate')}")
    if not exact and not near:
        return "No duplicate was found."
    collected = run.at("counts").number("collected")
    share = share_of((exact or 0) + (near or 0), collected)
    of = f", {share} of the rows collected" if collected else ""
    return f"{' and '.join(parts)} merged into the row they repeat{of}."


def _bins(node: Node, key: str, what: str) -> tuple[plots.Bin, ...]:
    bins = []
    for item in node.items(key):
        low, rows = item.number("from"), item.number(what)
        if low is not None and rows is not None:
            bins.append(plots.Bin(float(low), item.number("to"), int(rows)))
    return tuple(bins) if any(item.rows for item in bins) else ()


def _lengths(run: Node, side: str) -> plots.Histogram | None:
    bins = _bins(run.at("lengths"), side, "rows")
    if not bins:
        return None
    peak = max(bins, key=lambda item: item.rows)
    low, high = count(peak.low), count(peak.high)
    spread = f"{low} or more" if peak.high is None else f"{low} to {high}"
    return plots.Histogram(
        title=f"{side.capitalize()}s: most common length {spread} characters",
        subtitle="Rows kept, by length",
        x_label=f"Length of the {side}, characters",
        y_label="Rows",
        bins=bins,
    )


def _split_row(node: Node, label: str) -> plots.StackRow:
    return plots.StackRow(label, tuple(int(node.number(key) or 0) for key, _, _ in _SPLITS))


_SERIES = tuple((label, tone) for _, label, tone in _SPLITS)


def _splits(run: Node) -> plots.Stacks | None:
    if not run.at("splits"):
        return None
    row = _split_row(run.at("splits"), "All rows kept")
    total = sum(row.values)
    if not total:
        return None
    shares = " / ".join(percent(round(value / total, 3)) for value in row.values)
    return plots.Stacks(
        title=f"Training, validation and test: {shares}",
        subtitle="Rows; no near duplicate, thread or customer stands in two of the parts",
        series=_SERIES,
        rows=(row,),
    )


def _categories(run: Node) -> tuple[plots.Stacks | None, plots.Stacks | None]:
    """The largest categories, and the others."""
    rows = [_split_row(node, node.text("category") or "(none)") for node in run.items("categories")]
    if not rows:
        return None, None
    rows.sort(key=lambda row: (-sum(row.values), row.label))
    untested = sum(row.values[2] == 0 for row in rows)
    if len(rows) == 1:
        title = "One category"
    elif untested:
        title = f"{count(untested)} of {count(len(rows))} categories have no test rows"
    else:
        title = f"All {count(len(rows))} categories have test rows"
    top = float(sum(rows[0].values)) or 1.0
    cut = len(rows) if len(rows) <= _CATEGORIES_SHOWN + 3 else _CATEGORIES_SHOWN
    subtitle = "Rows by category: training · validation · test"
    shown = plots.Stacks(
        title=title, subtitle=subtitle, series=_SERIES, rows=tuple(rows[:cut]), top=top
    )
    if cut == len(rows):
        return shown, None
    rest = plots.Stacks(
        title=f"{count(len(rows) - cut)} smaller categories",
        subtitle=subtitle,
        series=_SERIES,
        rows=tuple(rows[cut:]),
        top=top,
    )
    return shown, rest


def _languages(run: Node) -> plots.Bars | None:
    found = []
    for node in run.items("languages"):
        rows = node.number("rows")
        if rows is not None:
            found.append((glossary.language(node.text("language") or "unknown"), int(rows)))
    if not found:
        return None
    found.sort(key=lambda entry: (-entry[1], entry[0]))
    total = sum(rows for _, rows in found)
    name, most = found[0]
    title = (
        f"{share_of(most, total)} of the rows are in {name.partition(' (')[0]}"
        if total
        else "Languages"
    )
    return plots.Bars(
        title=title,
        subtitle="Rows by detected language",
        bars=tuple(
            plots.Bar(label, rows, f"{count(rows)} ({share_of(rows, total)})")
            for label, rows in found[:12]
        ),
    )


def _source(node: Node) -> Source:
    return Source(
        name=node.text("source") or "?",
        kind=glossary.plain(node.text("kind") or MISSING),
        files=count(node.number("files")),
        rows=count(node.number("rows")),
        quarantined=count(node.number("quarantined")),
        license=node.text("license") or "not stated",
    )
