"""The generation job: `python -m tunesmith.evaluate.decode`, started by `generate`.

Rows are answered in units, each of them one file, so that a killed job goes on at the first
missing one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from tunesmith.decoding import Answer, Before, greedy
from tunesmith.evaluate.loaded import Loaded, load_method
from tunesmith.evaluate.performance.conditions import Watch, machine
from tunesmith.evaluate.performance.energy import Meter
from tunesmith.evaluate.performance.memory import model_memory_mib
from tunesmith.evaluate.performance.timing import timed_wave
from tunesmith.heads import check_head, head_of
from tunesmith.io import read_json, write_json
from tunesmith.models import compute_dtype, load_tokenizer
from tunesmith.prompting.encode import ChatEncoder, FittedPrompt, fit_prompt
from tunesmith.prompting.example import Example
from tunesmith.prompting.template import PromptConfig
from tunesmith.tune.remember import check_serving
from tunesmith.worker import Emit, serve


@torch.inference_mode()
def reference_nll(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    answers: Sequence[Sequence[int]],
    *,
    pad_id: int,
    before: Before | None = None,
) -> list[float]:
    """Negative log-likelihood of each answer's tokens after its prompt, summed, in nats.

    Args:
        model: A causal model.
        prompts: n prompts as tokens.
        answers: n answers as tokens, end tokens included.
        pad_id: Fills shorter rows on the right, masked.
        before: Virtual tokens that every prompt continues.
    """
    rows = [[*prompt, *answer] for prompt, answer in zip(prompts, answers, strict=True)]
    width = max(len(row) for row in rows)
    device = model.device
    ids = torch.tensor([row + [pad_id] * (width - len(row)) for row in rows], device=device)
    lengths = torch.tensor([len(row) for row in rows], device=device)
    mask = (torch.arange(width, device=device) < lengths[:, None]).long()
    decoder: Any = model.get_decoder()
    head = head_of(model)
    hidden = decoder(
        input_ids=ids,
        attention_mask=mask if before is None else before.mask(mask),
        past_key_values=None if before is None else before.cache(len(rows)),
        use_cache=False,
    ).last_hidden_state
    sums = []
    for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        states = hidden[row, len(prompt) - 1 : len(prompt) + len(answer) - 1]
        targets = torch.tensor(list(answer), device=device)
        sums.append(float(head.nll(states, targets).sum()))
    return sums


def plan(lengths: Sequence[int], *, batch_size: int, alone: int) -> list[list[int]]:
    """Split rows into units of work: `alone` rows (at most all) by themselves, then batches.

    The rows that are timed alone are spread evenly over the rows; batches are of similar length,
    the longest first, so that too little memory shows at once.
    """
    rows = len(lengths)
    single = [i * rows // alone for i in range(alone)]
    rest = sorted(set(range(rows)) - set(single), key=lambda i: (-lengths[i], i))
    batches = [rest[start : start + batch_size] for start in range(0, len(rest), batch_size)]
    return [[i] for i in single] + batches


@dataclass(frozen=True)
class Opened:
    """A method that is loaded, and the prompts that it is to answer."""

    method: Loaded
    encoder: ChatEncoder
    examples: list[Example]
    prompts: list[FittedPrompt]

    @property
    def pad_id(self) -> int:
        """Fills shorter prompts."""
        return int(self.encoder.tokenizer.pad_token_id)

    @torch.inference_mode()
    def greedy(
        self, prompts: list[list[int]], *, limit: int, moments: list[float] | None = None
    ) -> list[Answer]:
        """Answer prompts together with at most `limit` tokens each (`decoding.greedy`)."""
        return greedy(
            self.method.model,
            prompts,
            stop_ids=frozenset({self.encoder.end_id, self.encoder.tokenizer.eos_token_id}),
            pad_id=self.pad_id,
            max_new_tokens=limit,
            before=self.method.before,
            moments=moments,
        )


def opened(request: dict[str, Any]) -> Opened:
    """Load a method and make its prompts.

    Args:
        request: `generate.asked`, with `model`, `model_fingerprint`, `weights`, `precision` and
            `max_new_tokens`.
    """
    encoder = ChatEncoder(load_tokenizer(Path(request["model"])))
    weights = Path(request["weights"]) if request["weights"] else None
    if weights is not None:
        check_serving(weights, template=encoder.template, fingerprint=request["model_fingerprint"])
    method = load_method(Path(request["model"]), weights=weights, precision=request["precision"])
    check_head(method.model)
    examples = [Example.from_row(row) for row in request["examples"]]
    context = method.model.config.max_position_embeddings
    if method.before is not None:
        context -= method.before.tokens
    prompts = _prompts(request, encoder, examples, context=context)
    return Opened(method, encoder, examples, prompts)


def answer(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Answer all rows, unit by unit; units that an earlier run finished are not computed again."""
    work = Path(request["work"])
    watch = Watch()
    loaded = opened(request)
    examples, prompts = loaded.examples, loaded.prompts
    dropped = [prompt.dropped for prompt in prompts if prompt.dropped]
    emit({"dropped_shots": sum(dropped), "rows_with_dropped_shots": len(dropped)})
    alone = min(request["latency_rows"], len(examples))
    units = plan(
        [len(prompt.ids) for prompt in prompts], batch_size=request["batch_size"], alone=alone
    )
    job = _Job(loaded, limit=request["max_new_tokens"])
    parts = []
    warm = False
    for number, unit in enumerate(units):
        file = work / f"part-{number:05d}.json"
        if not file.exists():
            if not warm:
                job.warm_up()
                warm = True
            write_json(file, job.run(unit, timed=number < alone))
        emit({"rows": len(unit)})
        parts.append(read_json(file))
    together = parts[alone:]
    seconds = sum(part["answer_s"] for part in together)
    tokens = sum(row["tokens_out"] for part in together for row in part["rows"])
    return {
        "seconds": round(sum(part["answer_s"] + part["score_s"] for part in parts), 3),
        "tokens_per_s": round(tokens / seconds, 2) if seconds else None,
        "batch_size": request["batch_size"],
        "max_new_tokens": request["max_new_tokens"],
        "precision": compute_dtype(request["precision"]),
        "threads": torch.get_num_threads(),
        "dropped_shots": sum(dropped),
        "rows_with_dropped_shots": len(dropped),
        "conditions": {
            **watch.read(),
            **machine(compute_dtype(request["precision"])),
            "model_memory_mib": model_memory_mib(loaded.method),
        },
    }


class _Job:
    """What every unit of work needs."""

    def __init__(self, loaded: Opened, *, limit: int) -> None:
        self.loaded, self.limit = loaded, limit
        self.meter = Meter()

    def warm_up(self) -> None:
        """The first products allocate and tune: nobody's latency."""
        self.loaded.greedy([self.loaded.prompts[0].ids], limit=2)

    def run(self, unit: list[int], *, timed: bool) -> dict[str, Any]:
        """Answer and score the rows of one unit."""
        loaded = self.loaded
        examples = [loaded.examples[i] for i in unit]
        prompts = [loaded.prompts[i].ids for i in unit]
        answers, wave = timed_wave(
            loaded, prompts, limit=self.limit, meter=self.meter, groups=[e.group for e in examples]
        )
        answered = time.perf_counter()
        references = [loaded.encoder.answer_ids(example.answer) for example in examples]
        scores = reference_nll(
            loaded.method.model,
            prompts,
            references,
            pad_id=loaded.pad_id,
            before=loaded.method.before,
        )
        scored = time.perf_counter()
        rows = [
            {
                "id": example.id,
                "prediction": loaded.encoder.decode(answer.ids),
                "tokens_in": len(prompt),
                "tokens_out": answer.tokens,
                "finish": "stop" if answer.stopped else "length",
                "latency_s": round(wave.seconds, 4) if timed else None,
                "reference_nll": score,
                "reference_tokens": len(reference),
            }
            for example, prompt, answer, reference, score in zip(
                examples, prompts, answers, references, scores, strict=True
            )
        ]
        return {
            "rows": rows,
            "answer_s": wave.seconds,
            "score_s": scored - answered,
            "wave": wave.to_json(),
        }


def _prompts(
    request: dict[str, Any], encoder: ChatEncoder, examples: list[Example], *, context: int
) -> list[FittedPrompt]:
    prompt = PromptConfig.model_validate(request["prompt"])
    table = [Example.from_row(row) for row in request["shots"]]
    budget = context - request["max_new_tokens"]
    if request["max_prompt_tokens"] is not None:
        budget = min(budget, request["max_prompt_tokens"])
    return [
        fit_prompt(
            encoder,
            example.question,
            [table[i] for i in shots],
            prompt=prompt,
            template=request["template"],
            budget_tokens=budget,
            instruction=instruction,
        )
        for example, shots, instruction in zip(
            examples,
            request["shots_of"] or [[] for _ in examples],
            request["instructions"],
            strict=True,
        )
    ]


if __name__ == "__main__":
    serve(answer)
