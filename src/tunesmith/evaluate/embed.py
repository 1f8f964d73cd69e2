"""The embedding job: `python -m tunesmith.evaluate.embed`, started by `likeness.likened`.

Rows come in an order without meaning, and every row is compared twice: its answer with its
reference, and its reference with the next row's, which tells how alike unrelated answers are.
Some rows are a unit, each unit is one file, so a killed job goes on at the first missing one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from tunesmith.errors import ModelError
from tunesmith.io import read_json, write_json
from tunesmith.worker import Emit, serve


def embed(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Write `part-N.json`: for each row `cosine`, `f1` (BERTScore) and the same of `unrelated`."""
    work = Path(request["work"])
    pairs: list[list[str]] = read_json(work / "pairs.json")
    reader = Reader(
        Path(request["model"]), layer=request["layer"], max_tokens=request["max_tokens"]
    )
    size = request["batch_size"]
    for number, start in enumerate(range(0, len(pairs), size)):
        unit = range(start, min(start + size, len(pairs)))
        file = work / f"part-{number:05d}.json"
        if not file.exists():
            answers = [pairs[i][0] for i in unit]
            references = [pairs[i][1] for i in (*unit, (unit[-1] + 1) % len(pairs))]
            read = reader.read(answers + references)
            ours, theirs = read[: len(answers)], read[len(answers) :]
            write_json(
                file,
                [
                    {**_compared(ours[k], theirs[k]), "unrelated": _compared(theirs[k + 1],
                                                                            theirs[k])}
                    for k in range(len(unit))
                ],
            )  # fmt: skip
        emit({"rows": len(unit)})
    return {"layer": reader.layer, "layers": reader.layers}


def _compared(answer: torch.Tensor, reference: torch.Tensor) -> dict[str, float | None]:
    if not len(answer) or not len(reference):
        return {"cosine": None, "f1": None}
    return {
        "cosine": float(torch.cosine_similarity(answer.mean(0), reference.mean(0), dim=0)),
        "f1": bert_score_f1(answer, reference),
    }


def bert_score_f1(answer: torch.Tensor, reference: torch.Tensor) -> float:
    """BERTScore (Zhang et al. 2020, section 3), neither weighted by idf nor rescaled.

    Every token of the answer is matched with the token of the reference whose vector has the
    highest cosine similarity to its own (their mean is precision), and the other way round for
    recall.

    Args:
        answer: Contextual embeddings, shape (tokens, dimensions).
        reference: The same, shape (other tokens, dimensions).

    Returns:
        The F1 of both.
    """
    unit = torch.nn.functional.normalize
    likeness = unit(answer, dim=1) @ unit(reference, dim=1).T
    precision = float(likeness.max(dim=1).values.mean())
    recall = float(likeness.max(dim=0).values.mean())
    return 2 * precision * recall / (precision + recall)


class Reader:
    """A model that gives each token of a text its contextual embedding.

    Args:
        path: The model's folder.
        layer: The layer, counted from 1, whose outputs are taken; None: two thirds up.
        max_tokens: So many tokens of a text are read.

    Raises:
        ModelError: The model cannot be read, or has fewer layers.
    """

    def __init__(self, path: Path, *, layer: int | None, max_tokens: int) -> None:
        from transformers import AutoModel, AutoTokenizer

        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(path, local_files_only=True)
            model: Any = AutoModel.from_pretrained(
                path, dtype=torch.float32, local_files_only=True, use_safetensors=True
            )
        except (OSError, ValueError) as error:
            raise ModelError(
                f"the model cannot be read ({type(error).__name__})",
                where="evaluate.embedding.model",
                todo="name a folder with config.json, safetensors and a tokenizer",
            ) from error
        self.layers: int = model.config.num_hidden_layers
        self.layer = layer or round(self.layers * 2 / 3)
        if self.layer > self.layers:
            raise ModelError(
                f"there is no layer {self.layer}: the model has {self.layers}",
                where="evaluate.embedding.layer",
                todo=f"name a layer from 1 to {self.layers}, or null",
            )
        self._model = model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
        self._most = min(max_tokens, model.config.max_position_embeddings) - 1

    @torch.inference_mode()
    def read(self, texts: list[str]) -> list[torch.Tensor]:
        """Of each text its tokens' embeddings, shape (tokens, dimensions), without special ones."""
        rows = [self._tokens(text) for text in texts]
        width = max(len(ids) for ids, _ in rows)
        pad = self._tokenizer.pad_token_id or 0
        device = self._model.device
        ids = torch.tensor([row + [pad] * (width - len(row)) for row, _ in rows], device=device)
        lengths = torch.tensor([len(row) for row, _ in rows], device=device)
        mask = (torch.arange(width, device=device) < lengths[:, None]).long()
        states = self._model(
            input_ids=ids, attention_mask=mask, output_hidden_states=True
        ).hidden_states[self.layer]
        return [states[k, places].cpu() for k, (_, places) in enumerate(rows)]

    def _tokens(self, text: str) -> tuple[list[int], list[int]]:
        """A text's tokens and the places of those that are compared.

        A text that the tokenizer puts nothing before gets the begin token: causal models give the
        first token of all a state that says little about it.
        """
        found = self._tokenizer(
            text, truncation=True, max_length=self._most, return_special_tokens_mask=True
        )
        ids, special = list(found["input_ids"]), list(found["special_tokens_mask"])
        if not special or not special[0]:
            begin = self._tokenizer.bos_token_id
            ids = [self._tokenizer.eos_token_id if begin is None else begin, *ids]
            special = [1, *special]
        return ids, [place for place, one in enumerate(special) if not one]


if __name__ == "__main__":
    serve(embed)
