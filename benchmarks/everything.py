"""Every kind of source at once: one recipe over a folder of real data, collected and prepared.

    python -m benchmarks.everything --data ../shared/data

Prints rows by source, what was left out by reason, seconds and peak memory; the run fails if a row
is not accounted for. The folder is laid out as tests expect it (`tests/conftest.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl
import yaml

QA = {"question": "{instruction}\n{input}", "answer": "{output}"}


def sources(data: Path) -> list[dict[str, Any]]:
    """A source for each folder, by what is in it."""

    def one(kind: str, path: str, **more: Any) -> dict[str, Any]:
        name = f"{path.strip('*/.')} {kind}"
        return {"name": name, "kind": kind, "path": str(data / path), **more}

    exports = data / "ticket-exports"
    systems = (
        "askbot", "bugzilla", "discourse", "github", "gitlab", "jira", "launchpad", "phabricator",
        "redmine", "stackexchange",
    )  # fmt: skip
    chats = ("gitter", "mattermost", "rocketchat", "slack", "supybot", "telegram")
    mails = (
        "hyperkitty",
        "mbox",
        "pipermail",
    )  # groupsio: zipped mailboxes, nntp: answers of a server
    bitext = {"question": "instruction", "answer": "response", "category": "category"}
    license_ = {"license": "CC0-1.0"}
    return [
        one("tickets", "bitext-support/tickets.csv", columns=bitext, license="CDLA-Sharing-1.0"),
        one("chats", "agent-chats/abcd_sample.json", license="MIT"),
        one("mail", "spamassassin-email", lists="keep", **license_),
        one("calls", "zoom-transcripts-ethereum/*/*/*.vtt", license="CC-BY-SA-3.0"),
        one("chats", "zoom-transcripts-ethereum/*/*/chat.txt", license="CC-BY-SA-3.0"),
        one("chats", "ubuntu-irc", license="CC-BY-4.0"),
        one("pages", "company-policies-basecamp", license="CC-BY-4.0"),
        one("pages", "office-docs", license="MIT"),
        one("mail", "office-docs/**/*.msg", license="MIT"),
        one("papers", "papers"),
        one("wikipedia", "wikipedia-dump/*.bz2"),
        one("web_archive", "commoncrawl-warc"),
        one("table", "banking77/banking_data/train.csv", license="CC-BY-4.0",
            columns={"category": "category"}, text="{text}"),
        one("table", "tabular-duplicates/dataset1.csv", license="BSD-3-Clause",
            text="{given_name} {surname}, {suburb}", missing_in_template="empty"),
        one("table", "judge-and-bookings/test_data/adults.parquet", license="Apache-2.0",
            text="{age} years, {education}, {occupation}", missing_in_template="empty"),
        one("hub", "training-formats/alpaca_en_demo.json", license="Apache-2.0"),
        one("hub", "training-formats/v1_sft_demo.jsonl", license="Apache-2.0"),
        one("hub", "squad-format/xquad.en.json", license="CC-BY-SA-4.0"),
        one("hub", "mt-bench/mt_bench/question.jsonl", license="Apache-2.0"),
        one("docs_tree", "company-policies-basecamp"),
        *[one("ticket_exports", f"ticket-exports/{name}", license="GPL-3.0-only")
          for name in systems if (exports / name).is_dir()],
        *[one("chats", f"ticket-exports/{name}", license="GPL-3.0-only")
          for name in chats if (exports / name).is_dir()],
        *[one("mail", f"ticket-exports/{name}", lists="keep", license="GPL-3.0-only")
          for name in mails if (exports / name).is_dir()],
        one("pages", "ticket-exports/confluence", license="GPL-3.0-only"),
    ]  # fmt: skip


def main() -> None:
    """Collect, prepare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, help="keep the run folder here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        out = given.out or Path(name) / "run"
        recipe = {
            "name": "everything",
            "sources": sources(given.data.resolve()),
            "check": {"languages": []},
            "licenses": {
                "allow": ["own", "public-domain", "permissive", "share-alike", "copyleft"]
            },
        }
        path = Path(name) / "recipe.yaml"
        path.write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "tunesmith", "prepare", str(path), "--out", str(out)],
            env={**os.environ, "TUNESMITH_SECRET": "a secret of this benchmark alone"},
            check=False,
        )
        seconds = time.perf_counter() - started
        if done.returncode:
            sys.exit(done.returncode)
        _print(out, seconds)


def _print(out: Path, seconds: float) -> None:
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    ledger = pl.read_parquet(out / "ledger.parquet")
    by_source = ledger.group_by("source", maintain_order=True).agg(
        collected=pl.len(),
        **{
            fate: (pl.col("fate") == fate).sum()
            for fate in ("kept", "merged", "dropped", "quarantined")
        },
    )
    reasons = (
        ledger.filter(pl.col("fate").is_in(["dropped", "quarantined"]))
        .group_by("fate", "step", "reason")
        .len()
        .sort("fate", "len", descending=[False, True])
    )
    with pl.Config(
        tbl_rows=-1, fmt_str_lengths=90, tbl_width_chars=160, tbl_hide_dataframe_shape=True
    ):
        print(by_source)
        print(reasons)
    print(
        f"{run['counts']}, {seconds:.0f} s, collect {run['timings_s']['collect']:.0f} s, "
        f"{run['peak_memory_mib']:,} MiB"
    )


if __name__ == "__main__":
    main()
