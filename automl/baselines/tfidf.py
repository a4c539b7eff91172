"""Logistic or ridge regression on the words of a text and their pairs, by how rare they are (TF-IDF).

Salton & Buckley, "Term-Weighting Approaches in Automatic Text Retrieval", 1988. Pairs of neighbours beside
single words: Wang & Manning, "Baselines and Bigrams", ACL 2012.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl.baselines import Baseline, Predict
from automl.baselines._linear_model import fit_linear
from automl.signature import Signature
from automl.task import Array, Rows, Task

_MOST_TERMS = 200_000  # the most frequent ones
_FEWEST_TEXTS = 2  # with a term, or it tells nothing of others
_STRENGTH = 2.0  # rows have length one, so the penalty must be small


@dataclass(frozen=True)
class _Terms:
    """The terms of the training texts, sorted; a single token is a pair with nothing (0) before it."""

    keys: Array
    base: int  # more than any token

    @classmethod
    def of(cls, tokens: Array) -> _Terms:
        base = int(tokens.max(initial=1)) + 1
        rows, keys = _pairs(tokens, base)
        terms, place = np.unique(keys, return_inverse=True)
        once = np.unique(place * len(tokens) + rows) // max(len(tokens), 1)  # each term once a text
        n_texts = np.bincount(once, minlength=len(terms))
        kept = np.flatnonzero(n_texts >= min(_FEWEST_TEXTS, n_texts.max(initial=1)))
        most = kept[np.argsort(-n_texts[kept], kind="stable")[:_MOST_TERMS]]
        return cls(terms[np.sort(most)], base)

    def counts(self, tokens: Array) -> Any:
        """How often each term is in each text, sparse ``(rows, n_terms)``."""
        from scipy import sparse  # type: ignore[import-untyped]

        shape = len(tokens), max(1, len(self.keys))
        if not len(self.keys):
            return sparse.csr_matrix(shape)
        # A token that training never had is in no term, and must not look like a pair that is.
        rows, keys = _pairs(np.where(tokens < self.base, tokens, 0), self.base)
        place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        known = self.keys[place] == keys
        return sparse.csr_matrix((np.ones(known.sum()), (rows[known], place[known])), shape=shape)


def _pairs(tokens: Array, base: int) -> tuple[Array, Array]:
    """The row and the number of every token, and of every token with the one before it."""
    tokens = tokens.astype(np.int64)
    single = np.nonzero(tokens)
    before = tokens[:, :-1]
    double = np.nonzero((before > 0) & (tokens[:, 1:] > 0))
    keys = before[double] * base + tokens[:, 1:][double]
    return np.concatenate([single[0], double[0]]), np.concatenate([tokens[single], keys])


def _fit(train: Rows, _signature: Signature, task: Task, _seed: int) -> Predict:
    from sklearn.feature_extraction.text import TfidfTransformer

    terms = _Terms.of(train.inputs["tokens"])
    weights = TfidfTransformer(sublinear_tf=True)
    features = weights.fit_transform(terms.counts(train.inputs["tokens"]))
    predict_from = fit_linear(features, train.target, task, _STRENGTH)

    def predict(inputs: Mapping[str, Array]) -> Array:
        return predict_from(weights.transform(terms.counts(inputs["tokens"])))

    return predict


BASELINE = Baseline(
    "tfidf",
    ("classification", "multilabel", "regression"),
    ("text",),
    "logistic or ridge regression on rare words and pairs of words (TF-IDF)",
    _fit,
)
