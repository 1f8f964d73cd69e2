"""The scoring job: `python -m tunesmith.evaluate.score`, started by `perplexities`.

Texts are read in batches of similar length, the longest first, so that too little memory shows at
once. Every part of some batches is one file, so a killed job goes on at the first missing one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunesmith.evaluate.decode import plan, reference_nll
from tunesmith.evaluate.loaded import load_method
from tunesmith.io import read_json, write_json
from tunesmith.models import load_tokenizer
from tunesmith.worker import Emit, serve

#: Batches in one part.
_PART = 16


def score(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Write `part-N.json` files: `[row, negative log-likelihood (nats), tokens]` of each text."""
    work, path = Path(request["work"]), Path(request["model"])
    texts: list[str] = read_json(work / "texts.json")
    tokenizer: Any = load_tokenizer(path)
    model: Any = load_method(path, weights=None, precision=request["precision"]).model
    begin = tokenizer.bos_token_id
    if begin is None:
        begin = tokenizer.eos_token_id
    most = min(request["max_tokens"], model.config.max_position_embeddings - 1)
    # Many texts are longer than what is read: the rest need not be tokenised.
    heads = [text[: 16 * most] for text in texts]
    ids: list[list[int]] = tokenizer(
        heads, add_special_tokens=False, truncation=True, max_length=most
    )["input_ids"]
    size = request["batch_size"]
    batches = plan([len(row) for row in ids], batch_size=size, alone=0)
    for number, start in enumerate(range(0, len(batches), _PART)):
        file = work / f"part-{number:05d}.json"
        unit = batches[start : start + _PART]
        if file.exists():
            emit({"rows": sum(map(len, unit))})
            continue
        scored = []
        for batch in unit:
            rows = [row for row in batch if ids[row]]
            if rows:
                answers = [ids[row] for row in rows]
                sums = reference_nll(
                    model, [[begin]] * len(rows), answers, pad_id=tokenizer.pad_token_id
                )
                scored += [[row, nll, len(ids[row])] for row, nll in zip(rows, sums, strict=True)]
            emit({"rows": len(batch)})
        write_json(file, scored)
    return {"texts": len(texts), "tokens": sum(map(len, ids))}


if __name__ == "__main__":
    serve(score)
