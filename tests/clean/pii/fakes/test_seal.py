from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from tunesmith.clean.pii.fakes.seal import Draw, is_sealed, sealed, sealed_hex

KEY, OTHER = b"a secret of this test", b"another secret of this test"
SHAPES = st.text(alphabet=string.ascii_letters + string.digits + " -./:", max_size=40)


@given(SHAPES, st.integers(0, 4))
def test_a_sealed_text_keeps_its_shape_and_is_known_again(text, keep) -> None:
    fake = sealed(KEY, text, Draw(KEY, text), keep=keep)
    if fake is None:
        assert sum(letter.isalnum() for letter in text) < 6 + keep
        return
    assert is_sealed(KEY, fake)
    for old, new in zip(text, fake, strict=True):
        assert old.isdigit() == new.isdigit()
        assert old.isupper() == new.isupper()
        assert old == new or old.isalnum()
    assert sealed(KEY, text, Draw(KEY, text), keep=keep) == fake


def test_few_numbers_pass_as_sealed_by_chance() -> None:
    passed = sum(is_sealed(KEY, f"{number:08d}") for number in range(20_000))
    assert 5 < passed < 45  # 20 are expected


def test_another_key_does_not_know_them() -> None:
    fakes = [sealed(KEY, "AC-00000000", Draw(KEY, str(n))) for n in range(300)]
    assert sum(is_sealed(OTHER, fake or "") for fake in fakes) < 5


@given(st.text(alphabet="0123456789abcdef", min_size=12, max_size=40))
def test_sealing_hex_digits_twice_changes_nothing(digits) -> None:
    once = sealed_hex(KEY, digits)
    assert sealed_hex(KEY, once) == once
    assert len(once) == len(digits)
