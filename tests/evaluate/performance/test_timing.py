"""Times of answers on a tiny model."""

from __future__ import annotations

import time
from typing import Any

import pytest

from token_rows import prompts_of
from tunesmith.evaluate.performance.energy import Meter
from tunesmith.evaluate.performance.timing import Wave, timed_wave
from tunesmith.prompting import Example
from tunesmith.prompting.encode import ChatEncoder

torch = pytest.importorskip("torch")

from tunesmith.evaluate.decode import Opened  # noqa: E402
from tunesmith.evaluate.loaded import Loaded  # noqa: E402


def test_times_come_with_the_same_answers(
    model: Any, encoder: ChatEncoder, examples: list[Example]
) -> None:
    prompts = prompts_of(encoder, examples[:6])
    # An end token that some rows reach and others do not.
    encoder.end_id = int(model(torch.tensor([prompts[0]])).logits[0, -1].argmax())
    loaded = Opened(Loaded(model), encoder, examples[:6], [])
    plain = loaded.greedy(prompts, limit=9)
    begin = time.perf_counter()
    answers, wave = timed_wave(
        loaded, prompts, limit=9, meter=Meter(), groups=[row.group for row in examples[:6]]
    )
    assert wave.seconds <= time.perf_counter() - begin
    assert answers == plain
    assert [timed.tokens for timed in wave.answers] == [answer.tokens for answer in answers]
    assert [timed.group for timed in wave.answers] == [row.group for row in examples[:6]]
    assert wave.concurrency == 6
    for timed in wave.answers:
        assert timed.first_token_s is not None
        assert 0 < timed.first_token_s <= timed.answer_s <= wave.seconds
    # An answer is complete with its own last token, and no two tokens come at once.
    ends = {timed.tokens: timed.answer_s for timed in wave.answers}
    assert len(ends) > 1
    assert [ends[tokens] for tokens in sorted(ends)] == sorted(set(ends.values()))
    assert len({timed.answer_s for timed in wave.answers}) == len(ends)
    assert wave.cpu_s is not None
    assert wave.cpu_s > 0
    assert Wave.from_json(wave.to_json()) == wave


def test_every_step_has_its_moment(
    model: Any, encoder: ChatEncoder, examples: list[Example]
) -> None:
    moments: list[float] = []
    loaded = Opened(Loaded(model), encoder, examples[:4], [])
    answers = loaded.greedy(prompts_of(encoder, examples[:4]), limit=7, moments=moments)
    assert len(moments) == max(answer.tokens for answer in answers)
    assert moments == sorted(moments)
