"""Reading an answer as one of the labels of a classification task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from tunesmith.evaluate.metrics.base import Prediction
from tunesmith.evaluate.settings import ClassificationConfig, label_key


class Labels:
    """The labels of a task.

    Args:
        names: The labels as they are written.
        mentions: Whether a label that an answer mentions counts, see `read`.
    """

    def __init__(self, names: Sequence[str], *, mentions: bool) -> None:
        self.names = tuple(names)
        self._place = {label_key(name): place for place, name in enumerate(names)}
        self._longest_first = sorted(self._place, key=len, reverse=True)
        self._mentions = mentions

    def exact(self, text: str | None) -> int | None:
        """The place of the label that a text is, and nothing else; None if it is none."""
        return None if text is None else self._place.get(label_key(text))

    def read(self, answer: str) -> int | None:
        """The place of the label that an answer gives; None if it gives none, or several.

        The whole answer; or, where mentions count, its first line; or the one label whose words
        stand in it (a label inside a longer one that stands there is not counted).
        """
        whole = self.exact(answer)
        if whole is not None or not self._mentions:
            return whole
        first = self.exact(answer.strip().partition("\n")[0])
        return self._mentioned(label_key(answer)) if first is None else first

    def _mentioned(self, text: str) -> int | None:
        padded, found = f" {text} ", []
        for key in self._longest_first:
            if f" {key} " in padded:
                found.append(self._place[key])
                padded = padded.replace(f" {key} ", "  ")
        return found[0] if len(found) == 1 else None


@lru_cache(maxsize=8)
def _labels(names: tuple[str, ...], mentions: bool) -> Labels:
    return Labels(names, mentions=mentions)


def labels_of(predictions: Sequence[Prediction], config: ClassificationConfig) -> Labels:
    """The labels of the settings; the different references of these rows if they name none."""
    names = config.labels or distinct(row["reference"] for row in predictions)
    return _labels(names, config.reading == "mentioned")


def distinct(texts: Iterable[str | None]) -> tuple[str, ...]:
    """The different labels among texts, each as it is written first, in alphabetical order."""
    found: dict[str, str] = {}
    for text in texts:
        if text is not None and (key := label_key(text)):
            found.setdefault(key, text.strip())
    return tuple(found[key] for key in sorted(found))


def read_rows(
    predictions: Sequence[Prediction], labels: Labels
) -> list[tuple[int, int | None] | None]:
    """(label of the reference, label of the answer or None) of each row; None if unscored."""
    out: list[tuple[int, int | None] | None] = []
    for row in predictions:
        wanted, answer = labels.exact(row["reference"]), row["prediction"]
        scored = wanted is not None and answer is not None
        out.append((wanted, labels.read(answer)) if scored else None)  # type: ignore[arg-type]
    return out
