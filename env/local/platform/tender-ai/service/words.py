"""Stands in for an embedding model and an entity model: the same text always gives the same vector and terms."""

from __future__ import annotations

import hashlib
import math
import re

DIMENSIONS = 32
MOST_TERMS = 8


def embed(text: str) -> list[float]:
    """A vector of length 1. Each word changes the one dimension that its hash selects. Never all zeros."""
    vector = [0.0] * DIMENSIONS
    vector[0] = 0.1
    for word in _words(text):
        digest = hashlib.sha256(word.encode()).digest()
        vector[digest[0] % DIMENSIONS] += 1.0 if digest[1] % 2 == 0 else -1.0
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [round(value / length, 6) for value in vector]


def terms(text: str) -> list[str]:
    """The first few distinct words of at least four letters."""
    return list(dict.fromkeys(word for word in _words(text) if len(word) >= 4))[:MOST_TERMS]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
