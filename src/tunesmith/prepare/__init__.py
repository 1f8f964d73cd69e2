"""Preparing data: from files to a versioned dataset, every row accounted for.

`prepare` has the stages in their order, and each stage is a file: `collect`, `rows` (clean and
check), `perplexity`, `duplicates`, `split`, `scan`, `ledger` and `publish`. What they share is
the `context`; the work itself is in the packages that they schedule (`tunesmith.clean`,
`tunesmith.dedup`, …).

The stages are cached under the fingerprint of what they depend on. Checking comes before
de-duplication on purpose: a duplicate may only stand for others if it is good enough to stay.
"""

from __future__ import annotations

from pathlib import Path

from tunesmith.evaluate.perplexity import require as require_perplexity
from tunesmith.prepare.attribution import write_attribution
from tunesmith.prepare.collect import collect_files
from tunesmith.prepare.context import Context
from tunesmith.prepare.duplicates import merge_duplicates
from tunesmith.prepare.engines import opened_engine
from tunesmith.prepare.facts import state_facts
from tunesmith.prepare.ledger import LEDGER, account_for
from tunesmith.prepare.perplexity import judge_perplexity
from tunesmith.prepare.prepared import Prepared
from tunesmith.prepare.publish import publish_version
from tunesmith.prepare.rows import clean_and_check
from tunesmith.prepare.scan import scan_for_leaks
from tunesmith.prepare.split import deal_rows
from tunesmith.prepare.steps import license_filter
from tunesmith.prepare.within_fields import write_within_fields
from tunesmith.progress import Progress
from tunesmith.recipe import LoadedRecipe
from tunesmith.store import vault
from tunesmith.store.cache import RunCache

__all__ = ["Prepared", "prepare"]


def prepare(loaded: LoadedRecipe, out: Path, progress: Progress) -> Prepared:
    """Collect, clean, check, de-duplicate, split, scan and publish.

    Raises:
        SourceError: A source cannot be read, or gives no row.
        ConservationError: A row was lost (a bug).
        QualityGateError: Personal data is left after masking.
    """
    if loaded.recipe.check.perplexity is not None:
        require_perplexity()
    if loaded.recipe.clean.personal_data.vault:
        vault.require()
    cache = RunCache(out / "work")
    with opened_engine(loaded.recipe, cache.folder) as engine:
        return _prepare(Context(loaded, out, cache, engine, progress))


def _prepare(context: Context) -> Prepared:
    collected = collect_files(context)
    checked = clean_and_check(context, collected)
    if context.recipe.check.perplexity is not None:
        checked = judge_perplexity(context, checked, context.recipe.check.perplexity)
    unique = merge_duplicates(context, checked.rows)
    facts = state_facts(context, unique.kept())
    dealt = deal_rows(context, unique, facts)
    leaks = scan_for_leaks(context, unique)
    within = write_within_fields(context.out, unique.stage)
    removed, counts = account_for(context, checked, unique, dealt, facts, collected=collected.rows)
    version = publish_version(context, collected, checked, unique, dealt, facts, counts)
    with context.timed("attribution"):
        licenses = write_attribution(
            context.out / "export", dealt.kept, license_filter(context.recipe)
        )
    vault.publish(checked.masked.vaults(), context.out / "vault")
    if collected.last is not None:
        collected.last.close()
    context.cache.prune()
    return Prepared(
        dealt.kept,
        facts,
        context.table,
        context.out / LEDGER,
        removed,
        counts,
        version,
        checked.counts(),
        collected.sources,
        leaks,
        unique.near_sizes,
        context.timings,
        within,
        licenses.rows,
    )
