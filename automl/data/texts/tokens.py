"""Texts as numbers of tokens, from a vocabulary of whole words and parts of words.

WordPiece: Schuster & Nakajima, "Japanese and Korean Voice Search", ICASSP 2012; lower case, without accents,
and cut at spaces and punctuation as in Devlin et al., "BERT", NAACL 2019. Words of training that are frequent
stand whole; others are made of parts, so that few are unknown.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from automl.task import Array

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PADDING, UNKNOWN, SEPARATOR = "[PAD]", "[UNK]", "[SEP]"
SPECIAL = (PADDING, UNKNOWN, SEPARATOR)  # ids 0, 1, 2
_PART = "##"  # begins a part that continues a word
_FEWEST = 2  # times that a part must be seen to be a token
_BLOCK = 2048
_LONGEST = 200_000  # characters of a text that are looked at: more than the most tokens that are ever kept


def learn(texts: Iterable[str], size: int) -> tuple[str, ...]:
    """The tokens that texts give, by id: the special ones, then single characters, then the longer ones.

    Args:
        size: how many at most; the rarest characters are unknown where it does not hold them all.
    """
    from tokenizers import trainers

    tokenizer = _tokenizer(SPECIAL)
    plain = [tokenizer.normalizer.normalize_str(text[:_LONGEST]) for text in texts]
    counts = Counter(character for text in plain for character in text if not character.isspace())
    by_count = sorted(counts, key=lambda character: (-counts[character], character))
    kept = sorted(by_count[: max((size - len(SPECIAL)) // 2, 1)])
    if len(kept) < len(counts):
        rare = {ord(character): " " for character in by_count if character not in set(kept)}
        plain = [text.translate(rare) for text in plain]
    # The trainer breaks ties by ids, and gives parts that it is not given their ids in an order of chance.
    given = [*SPECIAL, *kept, *(f"{_PART}{character}" for character in kept)]
    trainer = trainers.WordPieceTrainer(
        vocab_size=max(size, len(given)),
        min_frequency=_FEWEST,
        special_tokens=given,
        show_progress=False,
        continuing_subword_prefix=_PART,
    )
    tokenizer.train_from_iterator(plain, trainer)
    ids = tokenizer.get_vocab(with_added_tokens=False)
    return tuple(sorted(ids, key=ids.__getitem__))


def is_vocabulary(vocabulary: Sequence[Any]) -> bool:
    """Whether these can be tokens by id: texts that differ, the special ones first."""
    are_texts = all(isinstance(token, str) for token in vocabulary)
    return are_texts and tuple(vocabulary[:3]) == SPECIAL and len(set(vocabulary)) == len(vocabulary)


def token_ids(texts: Sequence[str], vocabulary: tuple[str, ...]) -> Iterator[list[int]]:
    """The ids of each text's tokens; a text without any is one unknown token."""
    tokenizer = _restored(vocabulary)
    for start in range(0, len(texts), _BLOCK):
        block = [text[:_LONGEST] for text in texts[start : start + _BLOCK]]
        for encoding in tokenizer.encode_batch_fast(block, add_special_tokens=False):
            yield encoding.ids or [1]


def padded_ids(texts: Sequence[str], vocabulary: tuple[str, ...], n_tokens: int) -> Array:
    """``(texts, n_tokens)`` int64: each text's first tokens, filled up with 0."""
    out = np.zeros((len(texts), n_tokens), np.int64)
    for row, ids in enumerate(token_ids(texts, vocabulary)):
        out[row, : len(ids)] = ids[:n_tokens]
    return out


@lru_cache(maxsize=4)
def _restored(vocabulary: tuple[str, ...]) -> Tokenizer:
    return _tokenizer(vocabulary)


def _tokenizer(vocabulary: Sequence[str]) -> Tokenizer:
    """Only the tokens come from outside: patterns from elsewhere could take for ever to match."""
    # Threads of their own would take cores from training in each worker, and do not survive a fork.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

    ids: dict[str, Any] = {token: place for place, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token=UNKNOWN, continuing_subword_prefix=_PART))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens([AddedToken(SEPARATOR, special=True)])
    return tokenizer
