"""The tree against the definitions of RFC 6962, written again here as they stand there."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core import merkle

LEAVES = [merkle.leaf_hash(bytes([n])) for n in range(70)]
SIZES = range(1, 36)


def mth(leaves: list[bytes]) -> bytes:
    """Section 2.1."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def test_known_roots() -> None:
    """Test vectors of the RFC's reference implementation (empty tree, one empty leaf)."""
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


@pytest.mark.parametrize("size", SIZES)
def test_appending_gives_the_root_of_the_definition_and_the_last_leaf_its_path(size: int) -> None:
    frontier = merkle.frontier_of(LEAVES[: size - 1])
    after = merkle.extend(frontier, size - 1, LEAVES[size - 1])
    assert merkle.root_of(after) == mth(LEAVES[:size])
    assert len(after) == merkle.SIZE * size.bit_count()
    path = merkle.last_path(frontier)
    assert path == merkle.inclusion_path(merkle.over(LEAVES), size - 1, size)
    assert merkle.included_root(LEAVES[size - 1], size - 1, size, path) == mth(LEAVES[:size])


@pytest.mark.parametrize("size", SIZES)
def test_every_leaf_is_shown_to_be_in_every_tree_and_nowhere_else(size: int) -> None:
    root = mth(LEAVES[:size])
    for index in range(size):
        path = merkle.inclusion_path(merkle.over(LEAVES), index, size)
        assert merkle.included_root(LEAVES[index], index, size, path) == root
        assert merkle.included_root(LEAVES[index + 1], index, size, path) != root
        assert merkle.included_root(LEAVES[index], index, size, [*path, LEAVES[0]]) is None
        if path:
            assert merkle.included_root(LEAVES[index], index, size, path[:-1]) != root
            assert merkle.included_root(LEAVES[index], index ^ 1, size, path) != root
    assert merkle.included_root(LEAVES[0], size, size, []) is None


@pytest.mark.parametrize("new", SIZES)
def test_every_earlier_tree_is_shown_to_be_the_beginning_and_no_other(new: int) -> None:
    root = mth(LEAVES[:new])
    for old in range(new + 1):
        proof = merkle.consistency_proof(merkle.over(LEAVES), old, new)
        assert merkle.is_consistent(old, mth(LEAVES[:old]), new, root, proof)
        if old:
            assert not merkle.is_consistent(old, LEAVES[-1], new, root, proof)
            assert not merkle.is_consistent(old, mth(LEAVES[:old]), new, LEAVES[-1], proof)
            assert not merkle.is_consistent(old, mth(LEAVES[:old]), new, root, [*proof, LEAVES[0]])
        if proof:
            assert not merkle.is_consistent(old, mth(LEAVES[:old]), new, root, proof[:-1])


@given(st.lists(st.binary(max_size=40), max_size=300))
def test_any_leaves(contents: list[bytes]) -> None:
    leaves = [merkle.leaf_hash(each) for each in contents]
    assert merkle.root(leaves) == mth(leaves)
