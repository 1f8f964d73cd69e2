"""The way of the rows, from those collected to those kept, with the reason of every loss."""

from __future__ import annotations

from dataclasses import dataclass

from tunesmith.report import plots
from tunesmith.report.glossary import DATA, STAGES, plain
from tunesmith.report.node import Node
from tunesmith.report.wording import MINUS, capital, count, join, plural, share_of

_MOST_LOSSES = 18
_AFTER = {
    "collect": "reading",
    "clean": "cleaning",
    "dedup": "removing duplicates",
    "check": "checking",
    "split": "splitting",
}
_FATES = ("merged", "dropped", "quarantined")


@dataclass(frozen=True)
class _Loss:
    stage: str
    fate: str
    reason: str
    rows: int


def view_funnel(run: Node) -> tuple[plots.Funnel | None, str]:
    """The waterfall and its finding in a sentence; (None, "") where nothing was counted."""
    counts = run.at("counts")
    collected, kept = counts.number("collected"), counts.number("kept")
    if collected is None or kept is None:
        return None, ""
    collected, kept = int(collected), int(kept)
    losses = _losses(run)
    unexplained = collected - kept - sum(loss.rows for loss in losses)
    if unexplained > 0:
        losses.append(_Loss("", "dropped", "reason not recorded", unexplained))
    rows = [plots.FunnelRow("Collected", 0, collected, count(collected), total=True)]
    left = collected
    for i, loss in enumerate(losses):
        start = max(0, left - loss.rows)
        rows.append(
            plots.FunnelRow(
                capital(loss.reason),
                start,
                left,
                f"{MINUS}{count(loss.rows)}",
                loss.fate,
                loss.fate,
            )
        )
        left = start
        if i + 1 < len(losses) and losses[i + 1].stage != loss.stage:
            stage = _AFTER.get(loss.stage, plain(loss.stage).lower() or "this")
            rows.append(_total(f"After {stage}", left, collected, "left"))
    rows.append(_total("Kept", kept, collected, "accent"))
    fates = [fate for fate in _FATES if any(loss.fate == fate for loss in losses)]
    funnel = plots.Funnel(
        title=f"{count(kept)} of {plural(collected, 'row')} were kept",
        subtitle="Rows, from top to bottom in the order of the work; each loss with its reason",
        rows=tuple(rows),
        key=tuple((DATA[fate].label, fate) for fate in fates),
    )
    return funnel, _finding(counts)


def _total(label: str, rows: int, collected: int, tone: plots.Tone) -> plots.FunnelRow:
    share = share_of(rows, collected) if collected else ""
    return plots.FunnelRow(label, 0, rows, count(rows), tone, share=share, total=True)


def _losses(run: Node) -> list[_Loss]:
    """Every loss in the order of the stages; the smallest are added up where there are many."""
    order = [name for node in run.items("stages") if (name := node.text("stage"))]
    known = [*dict.fromkeys(order)] or list(STAGES)
    losses = []
    for node in run.items("reasons"):
        fate, rows = node.text("fate") or "dropped", node.number("rows")
        if fate in _FATES and rows:
            reason = node.text("reason") or plain(node.text("step") or "no reason recorded")
            losses.append(_Loss(node.text("stage") or "", fate, reason, int(rows)))
    if len(losses) > _MOST_LOSSES:
        losses = _condensed(losses)

    def place(loss: _Loss) -> tuple[int, str, str, int, str]:
        # Reading comes before every stage that the run lists.
        stage = known.index(loss.stage) if loss.stage in known else -1
        return (stage, loss.stage, loss.fate, -loss.rows, loss.reason)

    return sorted(losses, key=place)


def _condensed(losses: list[_Loss]) -> list[_Loss]:
    ranked = sorted(losses, key=lambda loss: (-loss.rows, loss.stage, loss.reason))
    kept, rest = ranked[: _MOST_LOSSES - 4], ranked[_MOST_LOSSES - 4 :]
    groups: dict[tuple[str, str], list[_Loss]] = {}
    for loss in rest:
        groups.setdefault((loss.stage, loss.fate), []).append(loss)
    for (stage, fate), group in groups.items():
        if len(group) == 1:
            kept += group
            continue
        rows = sum(loss.rows for loss in group)
        kept.append(_Loss(stage, fate, f"{len(group)} smaller reasons", rows))
    return kept


def _finding(counts: Node) -> str:
    words = {
        "merged": "merged as duplicates",
        "dropped": "dropped by a rule",
        "quarantined": "put aside as unreadable",
    }
    parts = [
        f"{count(rows)} {words[fate]}"
        for fate in _FATES
        if (rows := counts.number(fate)) is not None and rows > 0
    ]
    return f"Of the rows collected, {join(parts)}." if parts else ""
