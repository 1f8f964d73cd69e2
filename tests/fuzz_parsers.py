"""A fuzz target over every parser of `collect`: damaged files end as rows or as reasons.

    python tests/fuzz_parsers.py --seconds 60                      # mutations by a seeded generator
    python tests/fuzz_parsers.py --seconds 600 --coverage          # guided by coverage: atheris
    python tests/fuzz_parsers.py --kind mail --seeds FOLDER        # your own files as seeds

What holds for any bytes: reading raises nothing but `SourceError` (the source as a whole cannot be
read), every row and every fate has an identifier of its own, a fate has a reason, and one input
takes no longer than `LIMIT_S`. An input that breaks this is written to `--out` and named.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil
from pydantic import TypeAdapter

from fuzz_seeds import Target
from fuzz_seeds import targets as known
from tunesmith.collect import AnySource
from tunesmith.collect.base import Place
from tunesmith.errors import SourceError
from tunesmith.store.seen import Seen

NOW = datetime(2026, 1, 1, tzinfo=UTC)

#: Seconds of CPU that one damaged file of a few kilobytes may take.
LIMIT_S = 20.0

#: Larger files are no seeds: a damaged one takes long of itself.
MAX_SEED_BYTES = 1 << 20

#: Kinds of source that name what they read by addresses.
NO_PATH = ("database", "web")

#: The bytes that formats give a meaning to.
TOKENS = (
    b"\0", b"\n", b"\r\n", b'"', b"'", b"<", b">", b"&", b"&#0;", b"{", b"}", b"[", b"]", b"\\",
    b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"%s", b"../", b"From ", b"-->", b"]]>", b"<!DOCTYPE",
    b"<!ENTITY", b"{{", b"}}", b"{|", b"|}", b"=?utf-8?B?", b"boundary=", b"Content-Length: -1",
    b"99999999999999999999", b"-1", b"1e999", b"NaN", b"null",
)  # fmt: skip


def read(target: Target, folder: Path) -> Counter[str]:
    """Read what lies in a folder; counts rows and fates.

    Raises:
        AssertionError: What must hold does not.
    """
    started = _cpu_s()
    if target.by is not None:
        for path in (folder / "data").iterdir():
            target.by(path.read_bytes())
        found = Counter(read=1)
    else:
        with target.within(folder):
            found = _collected(target, folder)
    took = _cpu_s() - started
    assert took < LIMIT_S, f"took {took:.0f} CPU seconds"
    return found


def _cpu_s() -> float:
    """CPU seconds of this process and of those that it started: parsers run in a sandbox."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            total += times.user + times.system
    return total


def _collected(target: Target, folder: Path) -> Counter[str]:
    placed = {} if target.kind in NO_PATH else {"path": "data"}
    settings = {"name": "fuzz", **placed, **target.settings}
    source = TypeAdapter(AnySource).validate_python(settings)
    own = folder / "gathered"
    own.mkdir(exist_ok=True)
    found: Counter[str] = Counter()
    ids: set[str] = set()
    try:
        source.problems(folder)
        source.gather(folder, own)
        for piece in source.pieces(folder, own, Seen(folder / "seen.json")):
            for chunk in source.read(Place(piece.stretches, NOW)):
                mine = [*chunk.frame["id"], *chunk.fates["id"]]
                assert len(set(mine)) == len(mine), "an identifier twice"
                assert ids.isdisjoint(mine), "an identifier twice"
                ids.update(mine)
                assert chunk.fates["reason"].is_not_null().all(), "a fate without a reason"
                found["rows"] += chunk.frame.height
                found.update(chunk.fates["fate"])
    except SourceError:
        found["refused"] += 1
    return found


def damaged(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    """A file with one to five things wrong with it."""
    for _ in range(dice.randint(1, 5)):
        at, more = dice.randrange(len(data) + 1), dice.randrange(1, 64)
        kind = dice.randrange(8)
        if kind == 0:
            data = data[:at]
        elif kind == 1:
            data = data[:at] + data[at + more :]
        elif kind == 2:
            data = data[:at] + data[at : at + more] * dice.randint(2, 40) + data[at:]
        elif kind == 3:
            data = data[:at] + dice.randbytes(more) + data[at + more :]
        elif kind == 4:
            other = dice.choice(others)
            start = dice.randrange(len(other) + 1)
            data = data[:at] + other[start : start + 8 * more] + data[at:]
        elif kind == 5 and data:
            at = min(at, len(data) - 1)
            data = data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]
        else:
            data = data[:at] + dice.choice(TOKENS) * dice.choice((1, 1, 1, 200)) + data[at:]
    return data


def try_once(target: Target, changed: dict[str, bytes]) -> Counter[str]:
    """Read a target's files, some of them changed, in a folder of their own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, data in (target.files | changed).items():
            place = folder / "data" / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        return read(target, folder)


def inputs(targets: Sequence[Target], seed: int) -> Iterator[tuple[Target, dict[str, bytes]]]:
    """Targets with one file damaged each, without end, the same ones for a seed."""
    dice = random.Random(seed)
    others = [data for target in targets for data in target.files.values()]
    while True:
        for target in targets:
            name = dice.choice(sorted(target.files))
            yield target, {name: damaged(target.files[name], dice, others)}


def _guided(targets: Sequence[Target], seconds: int, one: Callable[[Target, bytes], None]) -> None:
    try:
        import atheris
    except ImportError:
        sys.exit("coverage needs atheris: pip install atheris")

    def run(data: bytes) -> None:
        if data:
            target = targets[data[0] % len(targets)]
            one(target, data[1:])

    atheris.instrument_all()
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=65536"], run)
    atheris.Fuzz()


def main() -> None:
    """Fuzz for a while."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", help="only this kind of source")
    parser.add_argument("--seeds", type=Path, help="a folder with files of that kind")
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("fuzz-found"))
    given = parser.parse_args()
    targets = [target for target in known() if given.kind in {None, target.kind}]
    if given.seeds is not None:
        targets = [
            Target(target.settings, {path.name: path.read_bytes()})
            for target in targets[:1]
            for path in sorted(given.seeds.rglob("*"))
            if path.is_file() and 0 < path.stat().st_size <= MAX_SEED_BYTES
        ]

    def keep(target: Target, changed: dict[str, bytes], error: BaseException) -> None:
        given.out.mkdir(exist_ok=True)
        name, data = next(iter(changed.items()))
        place = given.out / f"{target.kind}-{int(time.time())}-{Path(name).name}"
        place.write_bytes(data)
        print(f"{place}: {type(error).__name__}: {error}")  # noqa: T201 - what it is for

    def guided(target: Target, data: bytes) -> None:
        changed = {min(target.files): data}
        try:
            try_once(target, changed)
        except Exception as error:
            keep(target, changed, error)
            raise

    if given.coverage:
        _guided(targets, given.seconds, guided)
        return
    total: dict[str, Counter[str]] = {}
    until, failed = time.monotonic() + given.seconds, 0
    for target, changed in inputs(targets, given.seed):
        if time.monotonic() > until:
            break
        mine = total.setdefault(target.kind, Counter())
        mine["inputs"] += 1
        try:
            mine.update(try_once(target, changed))
        except Exception as error:
            failed += 1
            keep(target, changed, error)
    for kind, found in sorted(total.items()):
        print(f"{kind:16}", ", ".join(f"{n:,} {what}" for what, n in found.items()))  # noqa: T201
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
