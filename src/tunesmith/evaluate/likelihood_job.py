"""The likelihood job: `python -m tunesmith.evaluate.likelihood_job`, started by `likelihood`.

Texts go in batches of similar length, each of them one file, so that a killed job goes on at the
first missing one.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import torch

from tunesmith.decoding import greedy
from tunesmith.evaluate.decode import plan, reference_nll
from tunesmith.evaluate.loaded import Loaded, load_method
from tunesmith.heads import check_head
from tunesmith.io import write_json
from tunesmith.models import load_tokenizer
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.prompting.template import PromptConfig, question_messages
from tunesmith.tune.remember import check_serving
from tunesmith.worker import Emit, serve

Ids = list[int]


def read(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Write `part-N.json`: `[id, nll, tokens]` of scored texts, `[id, tokens]` of begun ones."""
    job = _Job(request)
    rows = job.scored() if request["scored"] else job.begun()
    lengths = [len(prompt) + len(target) for _, prompt, target in rows]
    work = job.score if request["scored"] else job.go_on
    for number, unit in enumerate(plan(lengths, batch_size=request["batch_size"], alone=0)):
        file = Path(request["work"]) / f"part-{number:05d}.json"
        if not file.exists():
            write_json(file, work([rows[place] for place in unit]))
        emit({"rows": len(unit)})
    return {"texts": len(rows), "tokens": sum(lengths)}


class _Job:
    """The method, loaded once, and what is asked of it."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.request = request
        path = Path(request["model"])
        self.encoder = ChatEncoder(load_tokenizer(path))
        weights = Path(request["weights"]) if request["weights"] else None
        if weights is not None:
            check_serving(
                weights, template=self.encoder.template, fingerprint=request["model_fingerprint"]
            )
        self.method: Loaded = load_method(path, weights=weights, precision=request["precision"])
        check_head(self.method.model)
        tokenizer = self.encoder.tokenizer
        self.pad_id: int = tokenizer.pad_token_id
        begin = tokenizer.bos_token_id
        self.begin: int = tokenizer.eos_token_id if begin is None else begin
        self.stop_ids = frozenset({self.encoder.end_id, tokenizer.eos_token_id})
        self.room = self.method.model.config.max_position_embeddings
        if self.method.before is not None:
            self.room -= self.method.before.tokens

    def scored(self) -> list[tuple[str, Ids, Ids]]:
        """Identifier, prompt and target of each text that has a token."""
        rows = []
        for item in self.request["scored"]:
            if item["question"] is not None:
                prompt, target = self._prompt(item), self.encoder.answer_ids(item["text"])
            else:
                context, target = self.encoder.ids_of([item["context"], item["text"]])
                prompt = [self.begin, *context]
            most = min(self.request["max_tokens"], self.room - len(prompt))
            if target[: max(most, 0)]:
                rows.append((item["id"], prompt, target[:most]))
        return rows

    def begun(self) -> list[tuple[str, Ids, Ids]]:
        """Identifier, prompt with the given tokens, and the tokens that should follow.

        Of each set the first texts that are long enough.
        """
        going = self.request["going"]
        given, wanted = going["given"], going["wanted"]
        counts: Counter[str] = Counter()
        rows = []
        for item in self.request["begun"]:
            if counts[item["set"]] == going["most"]:
                continue
            target = self.encoder.ids_of([item["text"].strip()])[0]
            prompt = [self.begin] if item["question"] is None else self._prompt(item)
            if given + wanted <= len(target) and len(prompt) + given + wanted <= self.room:
                counts[item["set"]] += 1
                rows.append(
                    (item["id"], [*prompt, *target[:given]], target[given : given + wanted])
                )
        return rows

    def _prompt(self, item: dict[str, Any]) -> Ids:
        messages = question_messages(
            item["question"],
            PromptConfig.model_validate(self.request["prompt"]),
            instruction=item["instruction"],
        )
        return self.encoder.prompt_ids(messages)

    def score(self, rows: list[tuple[str, Ids, Ids]]) -> list[list[Any]]:
        """The negative log-likelihood of each target, and its tokens."""
        sums = reference_nll(
            self.method.model,
            [prompt for _, prompt, _ in rows],
            [target for _, _, target in rows],
            pad_id=self.pad_id,
            before=self.method.before,
        )
        return [[name, nll, len(target)] for (name, _, target), nll in zip(rows, sums, strict=True)]

    @torch.inference_mode()
    def go_on(self, rows: list[tuple[str, Ids, Ids]]) -> list[list[Any]]:
        """How many tokens of each target the method writes itself, from its first on."""
        answers = greedy(
            self.method.model,
            [prompt for _, prompt, _ in rows],
            stop_ids=self.stop_ids,
            pad_id=self.pad_id,
            max_new_tokens=max(len(target) for _, _, target in rows),
            before=self.method.before,
        )
        return [
            [name, _shared(answer.ids, target)]
            for (name, _, target), answer in zip(rows, answers, strict=True)
        ]


def _shared(written: Ids, target: Ids) -> int:
    count = 0
    for one, other in zip(written, target, strict=False):
        if one != other:
            break
        count += 1
    return count


if __name__ == "__main__":
    serve(read)
