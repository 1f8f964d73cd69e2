from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from factory import pairs
from tunesmith.check.language import LanguageId
from tunesmith.language import CALIBRATION, COMMON_LANGUAGES, KNOTS, evidence, identifier
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


def test_a_confidence_is_the_share_that_is_right(shared_data) -> None:
    """On the sentences that the calibration has not seen, whole and cut to a few words."""
    texts, gold = [], []
    for path in sorted((shared_data / "language-id").glob("??.txt")):
        spaced = path.stem not in {"ja", "zh"}
        for line in path.read_text(encoding="utf-8").splitlines()[1:400:2]:
            for words in (1, 2, 3, 5, 8, 40):
                texts.append(" ".join(line.split()[:words]) if spaced else line[: 2 * words])
                gold.append("no" if path.stem == "nb" else path.stem)
    names, confidence = identifier(COMMON_LANGUAGES).identify(pl.Series(texts))
    right = np.array(names.fill_null("").to_numpy() == np.array(gold))
    for low, high in ((0.2, 0.5), (0.5, 0.8), (0.8, 0.9), (0.9, 0.97), (0.97, 1.01)):
        band = (confidence >= low) & (confidence < high)
        assert band.sum() > 500
        assert abs(confidence[band].mean() - right[band].mean()) < 0.035


def test_the_kernel_calibrates_as_the_fit_does() -> None:
    texts = pl.Series(["okay", "where is my parcel?", "wo ist mein Paket geblieben", "好"])
    _, figures = identifier(COMMON_LANGUAGES).classify(texts)
    expected = 1 / (1 + np.exp(-evidence(figures, KNOTS) @ np.array(CALIBRATION)))
    assert figures[:, 1] == pytest.approx(expected)


def test_more_evidence_is_never_less_confidence() -> None:
    own = np.linspace(0.001, 0.9999, 400)
    for size in (1, 3, 10, 40, 160, 480):
        for letters in (1, size):
            figures = np.stack([own, own, np.full(400, size), np.full(400, letters)], axis=1)
            assert (np.diff(evidence(figures, KNOTS) @ np.array(CALIBRATION)) > 0).all()


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
