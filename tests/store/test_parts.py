"""Where parts are cut: a new file moves no cut but those of the group it falls into."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from tunesmith.store.parts import CUT_ROWS, gathered


@dataclass(frozen=True)
class File:
    """A stage of which only the heights matter."""

    folder: Path
    heights: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.heights)

    def height(self, number: int) -> int:
        return self.heights[number]


def files(count: int, most: int, seed: int = 1) -> list[File]:
    dice = random.Random(seed)
    return [
        File(Path(f"/collect-{dice.getrandbits(64):016x}"), (dice.randrange(1, most),))
        for _ in range(count)
    ]


def cuts(stages: list[File]) -> list[tuple[str, ...]]:
    return [
        tuple(f"{p.stage.name}/{p.number}" for p in group) for group in gathered(stages, 16_384)
    ]


@pytest.mark.parametrize("most", [2, 40, 3_000, 20_000])
def test_a_file_anywhere_changes_at_most_two_groups(most) -> None:
    stages = files(300, most)
    before = cuts(stages)
    assert [name for group in before for name in group] == [f"{s.folder.name}/0" for s in stages]
    dice = random.Random(2)
    for _ in range(40):
        place = dice.randrange(len(stages) + 1)
        [new] = files(1, most, seed=dice.getrandbits(32))
        after = cuts([*stages[:place], new, *stages[place:]])
        assert len(set(before) - set(after)) <= (1 if most < 20_000 else 2)
        assert len(set(after) - set(before)) <= (2 if most < 20_000 else 3)


def test_large_files_stand_alone_and_small_ones_together() -> None:
    large = files(50, 2 * CUT_ROWS)
    large = [File(file.folder, (CUT_ROWS,)) for file in large]
    assert all(len(group) == 1 for group in cuts(large))
    small = cuts([File(file.folder, (1,)) for file in files(20_000, 2)])
    assert 20_000 / len(small) > CUT_ROWS / 2
    assert max(map(len, small)) <= 16_384


@pytest.mark.parametrize("rows", [50, 100, 1_000])
def test_no_group_has_more_rows_than_a_part_may_have(rows) -> None:
    stages = files(300, 60)
    heights = {file.folder.name: file.height(0) for file in stages}
    groups = [group for group in gathered(stages, rows) if len(group) > 1]
    sizes = [sum(heights[part.stage.name] for part in group) for group in groups]
    assert 0.7 * rows < max(sizes) <= rows


def test_the_parts_of_one_large_file_are_not_put_together() -> None:
    one = File(Path("/collect-x"), (16_384, 16_384, 1_000))
    assert [len(group) for group in gathered([one], 16_384)] == [1, 1, 1]
