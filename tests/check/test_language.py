from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from factory import pairs
from tunesmith.check.language import LanguageId
from tunesmith.language import COMMON_LANGUAGES, identifier
from tunesmith.step import apply


@pytest.fixture(scope="module")
def reference() -> LanguageIdentifier:
    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model.set_languages(list(COMMON_LANGUAGES))
    return model


def test_the_kernel_decides_as_py3langid_does(shared_data, reference) -> None:
    texts, gold = [], []
    for path in sorted((shared_data / "language-id").glob("??.txt")):
        lines = path.read_text(encoding="utf-8").splitlines()[:60]
        texts += lines
        gold += ["no" if path.stem == "nb" else path.stem] * len(lines)
    names, figures = identifier(COMMON_LANGUAGES).classify(pl.Series(texts))
    confidence = figures[:, 0]
    expected = [reference.classify(text) for text in texts]
    assert names.to_list() == [name for name, _ in expected]
    difference = np.abs(confidence - np.array([sure for _, sure in expected]))
    assert np.quantile(difference, 0.99) < 0.005
    accuracy = np.mean([one == other for one, other in zip(names, gold, strict=True)])
    assert accuracy > 0.98


@settings(max_examples=80, deadline=None)
@example("\u0958")  # normal form C takes it apart
@given(st.text(alphabet=st.characters(categories=["Ll", "Lo"]), min_size=1, max_size=60))
def test_on_any_letters(reference, text: str) -> None:
    names, figures = identifier(COMMON_LANGUAGES).classify(pl.Series([text]))
    confidence = figures[:, 0]
    expected, sure = reference.classify(text)
    if names[0] is not None and sure > 0.3:
        assert names[0] == expected or abs(confidence[0] - sure) < 0.01


def test_nothing_to_tell_by() -> None:
    names, confidence = identifier(COMMON_LANGUAGES).identify(pl.Series(["", None, "123 456"]))
    assert names[0] is None
    assert names[1] is None
    assert confidence[0] == 0


def test_tags_and_capitals_do_not_mislead() -> None:
    texts = pl.Series(
        [
            "PLEASE SEND ME THE INVOICE AGAIN, IT NEVER ARRIVED",
            "[EMAIL] wo ist mein Paket geblieben [PHONE]",
        ]
    )
    names, _ = identifier(COMMON_LANGUAGES).identify(texts)
    assert names.to_list() == ["en", "de"]


def test_a_german_question_with_an_english_answer_is_german() -> None:
    frame = pairs(
        {"question": "Mein Paket ist seit zwei Wochen unterwegs, wo bleibt es denn nur?",
         "answer": "Parcels leave on the next working day and arrive within three days. You can follow "
         "yours under My Orders, where each step of its way is shown as soon as it happens."},
        {"question": "Where is my parcel? It has been two weeks now.", "answer": "It arrives on Friday."},
    )  # fmt: skip
    assert apply([LanguageId()], frame).frame["language"].to_list() == ["de", "en"]


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(ValueError, match="xx"):
        identifier(("en", "xx"))
