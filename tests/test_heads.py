"""Losses of tokens without all their logits, against PyTorch's cross entropy of all of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.errors import ModelError

torch = pytest.importorskip("torch")

from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from tunesmith import heads  # noqa: E402
from tunesmith.heads import Head, check_head, head_of  # noqa: E402


def layer(*, bias: bool = True, width: int = 6, vocabulary: int = 11) -> Any:
    torch.manual_seed(1)
    return torch.nn.Linear(width, vocabulary, bias=bias, dtype=torch.float64)


def computed(head: Head, hidden: Any, targets: Any, upstream: Any, *, plain: bool) -> list[Any]:
    """The losses, and the gradients of hidden states, weight and bias, whichever learns."""
    hidden = hidden.detach().clone().requires_grad_()
    head.linear.zero_grad()
    if plain:
        loss = torch.nn.functional.cross_entropy(head.scores(hidden), targets, reduction="none")
    else:
        loss = head.nll(hidden, targets)
    torch.autograd.backward(loss, upstream.to(loss.dtype))
    return [loss.detach(), hidden.grad, *(p.grad for p in head.linear.parameters())]


@given(
    tokens=st.integers(0, 9),
    pieces=st.integers(1, 40),
    scale=st.sampled_from([1.0, 0.25]),
    bias=st.booleans(),
    learns=st.booleans(),
)
def test_losses_and_gradients_are_those_of_all_logits_at_once(
    tokens: int, pieces: int, scale: float, bias: bool, learns: bool
) -> None:
    head = Head(layer(bias=bias).requires_grad_(learns), scale, None)
    generator = torch.Generator().manual_seed(tokens)
    hidden = torch.randn(tokens, 6, dtype=torch.float64, generator=generator)
    targets = torch.randint(0, 11, (tokens,), generator=generator)
    upstream = torch.rand(tokens, dtype=torch.float64, generator=generator)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(heads, "SCORES", pieces)  # of several tokens, or of one
        found = computed(head, hidden, targets, upstream, plain=False)
    expected = computed(head, hidden, targets, upstream, plain=True)
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            assert torch.allclose(ours.double(), theirs, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("learns", [True, False])
def test_a_loss_that_is_only_measured_never_holds_all_scores(learns: bool) -> None:
    """Nor works out gradients, though the weights would learn elsewhere."""
    made: set[tuple[int, ...]] = set()
    called: set[str] = set()

    class Seen(TorchDispatchMode):
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            out = func(*args, **(kwargs or {}))
            made.add(tuple(getattr(out, "shape", ())))
            called.add(str(func))
            return out

    head = Head(layer().requires_grad_(learns), 1.0, None)
    hidden = torch.randn(5, 6, dtype=torch.float64, requires_grad=True)
    with pytest.MonkeyPatch.context() as patch, torch.no_grad(), Seen():
        patch.setattr(heads, "SCORES", 22)  # of two tokens
        loss = head.nll(hidden, torch.tensor([1, 2, 3, 4, 5]))
    assert loss.grad_fn is None
    assert (2, 11) in made
    assert (5, 11) not in made
    assert "aten.mm.out" not in called  # the gradient of hidden states


def test_capped_scores_are_scored_by_pytorch() -> None:
    head = Head(layer(), 1.0, 2.0)
    hidden = torch.randn(3, 6, dtype=torch.float64)
    scores = 2 * torch.tanh(head.linear(hidden) / 2)
    expected = torch.nn.functional.cross_entropy(scores, torch.tensor([1, 2, 3]), reduction="none")
    assert torch.allclose(head.nll(hidden, torch.tensor([1, 2, 3])).double(), expected, atol=1e-6)


SMALL: dict[str, Any] = {
    "vocab_size": 40, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1,
    "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 32,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("llama", {}),
        ("granite", {"logits_scaling": 8.0}),
        ("cohere", {"logit_scale": 0.0625}),
        ("gemma2", {"final_logit_softcapping": 3.0, "head_dim": 8}),
    ],
)
def test_models_that_change_their_scores_are_known(kind: str, more: dict[str, Any]) -> None:
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(2)
    config = AutoConfig.for_model(kind, **SMALL, **more, initializer_range=0.5)
    model = AutoModelForCausalLM.from_config(config).eval()
    check_head(model)
    ids = torch.tensor([[5, 6, 7, 8]])
    hidden = model.get_decoder()(input_ids=ids).last_hidden_state[0]
    ours = head_of(model).nll(hidden[:-1], ids[0, 1:])
    theirs = model(input_ids=ids, labels=ids).loss
    assert float(ours.detach().mean()) == pytest.approx(float(theirs.detach()), rel=1e-5)


def test_a_model_that_changes_them_otherwise_is_refused(model: Any) -> None:
    check_head(model)
    plain = model.forward

    def forward(**given: Any) -> Any:
        out = plain(**given)
        out.logits = out.logits + torch.arange(out.logits.shape[-1])
        return out

    model.forward = forward
    with pytest.raises(ModelError, match="changes its scores"):
        check_head(model)
