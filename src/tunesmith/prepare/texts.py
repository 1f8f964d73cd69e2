"""What is known of the texts of each part, to tell which questions and pairs are alike."""

from __future__ import annotations

from typing import Any

from tunesmith.dedup.near import NearConfig
from tunesmith.dedup.texts import VERSION as TEXTS_VERSION
from tunesmith.dedup.texts import IndexTexts, Texts
from tunesmith.prepare.context import Context
from tunesmith.split import near_questions
from tunesmith.store.cache import Stage


def known_texts(context: Context, rows: Stage, columns: list[str], near: NearConfig) -> Texts:
    """What is known of the texts in some columns, made where it is missing."""
    files = context.beside(rows, "-".join(columns), text_settings(columns, near))
    context.work_off(
        [
            IndexTexts(
                stage=rows.folder.resolve(),
                number=number,
                columns=columns,
                near=near,
                output=path,
            )
            for number, path in enumerate(files)
            if not path.exists()
        ]
    )
    return Texts(rows, columns, near, files)


def known_questions(context: Context, rows: Stage) -> Texts:
    """What is known of the questions; only hashes are, where the recipe wants no near ones."""
    near = near_questions(context.recipe.split) or NearConfig(permutations=64, band_rows=16)
    return known_texts(context, rows, ["question"], near)


def text_settings(columns: list[str], near: NearConfig) -> dict[str, Any]:
    """What is known depends on, besides the rows."""
    return {"columns": columns, "near": near.model_dump(mode="json"), "version": TEXTS_VERSION}
