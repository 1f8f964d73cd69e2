"""The pipeline in Data-Juicer: a YAML recipe and its default executor, `np: 1`.

No cache, tracer, monitor or checkpoint; operators that share an intermediate result are fused, as
its documentation advises for speed. The language filter finds fastText's model in a local folder
(`DATA_JUICER_EXTERNAL_MODELS_HOME`); every other operator works without a download.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import yaml

from benchmarks.measure import Work
from benchmarks.pipelines.lid import lid_176

PROCESS: list[dict[str, dict[str, Any]]] = [
    {"fix_unicode_mapper": {}},
    {"clean_html_mapper": {}},
    {"whitespace_normalization_mapper": {}},
    {"clean_email_mapper": {"repl": "[EMAIL]"}},
    {"clean_ip_mapper": {"repl": "[IP_ADDRESS]"}},
    {"language_id_score_filter": {"lang": "en", "min_score": 0.5}},
    {"text_length_filter": {"min_len": 30, "max_len": 2_500}},
    {"words_num_filter": {"min_num": 5}},
    {"word_repetition_filter": {"rep_len": 10, "max_ratio": 0.5}},
    {"character_repetition_filter": {"rep_len": 10, "max_ratio": 0.5}},
    {"special_characters_filter": {"max_ratio": 0.4}},
    {
        "document_minhash_deduplicator": {
            "tokenization": "space",
            "window_size": 5,
            "lowercase": True,
            "ignore_pattern": r"\p{P}",
            "num_permutations": 128,
            "jaccard_threshold": 0.8,
        }
    },
]


def recipe(data: Path, out: Path) -> dict[str, Any]:
    """The recipe; the rows that stay are in `out/kept.jsonl`."""
    return {
        "project_name": "bench",
        "dataset_path": str(data),
        "export_path": str(out / "kept.jsonl"),
        "work_dir": str(out),
        "np": 1,
        "auto_op_parallelism": False,
        "text_keys": "text",
        "use_cache": False,
        "open_monitor": False,
        "open_tracer": False,
        "op_fusion": True,
        "fusion_strategy": "greedy",
        "process": PROCESS,
    }


def work(data: str, warm: str) -> Work:
    """The pipeline after a warm-up."""
    folder = Path(tempfile.mkdtemp(dir=Path(data).parent))
    models = folder / "models"
    models.mkdir()
    (models / "lid.176.bin").symlink_to(lid_176())
    os.environ["DATA_JUICER_EXTERNAL_MODELS_HOME"] = str(models)
    # Each operator works in a forked process: what is loaded here is loaded there.
    import fasttext  # noqa: F401
    import ftfy  # noqa: F401
    import selectolax.lexbor  # noqa: F401
    from data_juicer.config import init_configs
    from data_juicer.core.executor.default_executor import DefaultExecutor

    def executor(source: str, name: str) -> Any:
        path = folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(recipe(Path(source), folder / name)), encoding="utf-8")
        return DefaultExecutor(init_configs(["--config", str(path)]))

    executor(warm, "warm").run(skip_return=True)
    ready = executor(data, "run")
    with Path(data).open("rb") as file:
        rows = sum(1 for _ in file)

    def run() -> dict[str, int]:
        ready.run(skip_return=True)
        return {}

    return Work(rows, run, judge=lambda _: kept(folder / "run"))


def kept(out: Path) -> dict[str, int]:
    """How many rows stay."""
    with (out / "kept.jsonl").open("rb") as file:
        return {"rows out": sum(1 for line in file if json.loads(line))}
