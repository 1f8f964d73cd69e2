"""The job of a judge on this machine: `python -m tunesmith.evaluate.judge.local`.

Questions are answered in batches of one seed and similar length, each batch one file, so that a
run that was broken off goes on at the first missing one.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch

from tunesmith.decoding import greedy
from tunesmith.evaluate.loaded import load_method
from tunesmith.io import read_json, write_json
from tunesmith.models import load_tokenizer
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.worker import Emit, serve

TOO_LONG = "the question and its answers are too long for the judge's context window"


def ask(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Answer all questions; `endpoint.job` says what a part's rows are."""
    work, path = Path(request["work"]), Path(request["model"])
    judge = _Judge(path, limit=request["max_new_tokens"])
    questions = request["questions"]
    prompts = [judge.encoder.prompt_ids(question["messages"]) for question in questions]
    order = sorted(
        range(len(questions)), key=lambda i: (questions[i].get("seed", 0), -len(prompts[i]), i)
    )
    seconds = 0.0
    for number, unit in enumerate(_batches(order, questions, request["batch_size"])):
        file = work / f"part-{number:05d}.json"
        if not file.exists():
            batch = [(questions[i], prompts[i]) for i in unit]
            write_json(file, judge.answer(batch, draw=number))
        part = read_json(file)
        seconds += part["seconds"]
        emit({"rows": len(unit)})
    return {"seconds": round(seconds, 3)}


def _batches(order: list[int], questions: list[dict[str, Any]], size: int) -> list[list[int]]:
    """Runs of at most `size` questions of one seed."""
    batches: list[list[int]] = []
    for i in order:
        seed = questions[i].get("seed")
        if batches and len(batches[-1]) < size and questions[batches[-1][0]].get("seed") == seed:
            batches[-1].append(i)
        else:
            batches.append([i])
    return batches


class _Judge:
    """The model, and how it writes."""

    def __init__(self, path: Path, *, limit: int) -> None:
        self.encoder = ChatEncoder(load_tokenizer(path))
        self.model: Any = load_method(path, weights=None, precision="auto").model
        self.pad_id: int = self.encoder.tokenizer.pad_token_id
        self.stop_ids = frozenset({self.encoder.end_id, self.encoder.tokenizer.eos_token_id})
        self.limit = limit
        self.room = self.model.config.max_position_embeddings - limit

    def answer(self, batch: list[tuple[dict[str, Any], list[int]]], *, draw: int) -> dict[str, Any]:
        """Answer some questions of one seed; `draw` makes a batch's draws its own."""
        begin = time.perf_counter()
        able = [(question, prompt) for question, prompt in batch if len(prompt) <= self.room]
        written: dict[str, list[int]] = {}
        if able:
            heat, seed = able[0][0].get("temperature"), able[0][0].get("seed", 0)
            prompts = [prompt for _, prompt in able]
            made = self._drawn(prompts, heat, seed, draw) if heat else self._greedy(prompts)
            written = {row[0]["id"]: ids for row, ids in zip(able, made, strict=True)}
        rows = [self._row(question, prompt, written) for question, prompt in batch]
        return {"rows": rows, "seconds": time.perf_counter() - begin}

    def _row(
        self, question: dict[str, Any], prompt: list[int], written: dict[str, list[int]]
    ) -> dict[str, Any]:
        ids = written.get(question["id"])
        return {
            "id": question["id"],
            "text": None if ids is None else self.encoder.decode(ids),
            "tokens_in": len(prompt),
            "tokens_out": 0 if ids is None else len(ids),
            "error": TOO_LONG if ids is None else None,
            "again": False,
        }

    def _greedy(self, prompts: list[list[int]]) -> list[list[int]]:
        with torch.inference_mode():
            answers = greedy(
                self.model,
                prompts,
                stop_ids=self.stop_ids,
                pad_id=self.pad_id,
                max_new_tokens=self.limit,
            )
        return [answer.ids for answer in answers]

    def _drawn(
        self, prompts: list[list[int]], heat: float, seed: int, draw: int
    ) -> list[list[int]]:
        width = max(map(len, prompts))
        ids = [[self.pad_id] * (width - len(prompt)) + prompt for prompt in prompts]
        mask = [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts]
        torch.manual_seed(seed * 1_000_003 + draw)
        with torch.inference_mode():
            made = self.model.generate(
                input_ids=torch.tensor(ids, device=self.model.device),
                attention_mask=torch.tensor(mask, device=self.model.device),
                do_sample=True,
                temperature=heat,
                top_k=0,
                top_p=1.0,
                max_new_tokens=self.limit,
                pad_token_id=self.pad_id,
                eos_token_id=sorted(self.stop_ids),
            )
        return [self._until_end(row) for row in made[:, width:].tolist()]

    def _until_end(self, ids: list[int]) -> list[int]:
        ends = [place for place, token in enumerate(ids) if token in self.stop_ids]
        return ids[: ends[0]] if ends else ids


if __name__ == "__main__":
    serve(ask)
