"""The Merkle tree of RFC 6962 (sections 2.1 to 2.1.2; RFC 9162 section 2.1 for checking): hashes only, no rows.

A tree is known by its size and root. Its frontier is what is needed to go on: the roots of the perfect subtrees it
consists of, largest first, 32 bytes each, one for every bit that is set in the size. Appending a leaf touches only the
frontier: about one hash more than the leaf's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

SIZE = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(content: bytes) -> bytes:
    """What stands for a leaf in the tree."""
    return sha256(b"\0" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """What stands for two subtrees side by side."""
    return sha256(b"\1" + left + right).digest()


def extend(frontier: bytes, size: int, leaf: bytes) -> bytes:
    """The frontier of the tree of `size` leaves after one more leaf hash."""
    # A subtree is merged for every bit that the new leaf carries over, as in counting.
    while size & 1:
        leaf = sha256(b"\1" + frontier[-SIZE:] + leaf).digest()
        frontier = frontier[:-SIZE]
        size >>= 1
    return frontier + leaf


def frontier_of(leaves: Iterable[bytes]) -> bytes:
    """The frontier of the tree over these leaf hashes."""
    frontier = b""
    for size, leaf in enumerate(leaves):
        frontier = extend(frontier, size, leaf)
    return frontier


def root_of(frontier: bytes) -> bytes:
    """The root of the tree that a frontier belongs to."""
    if not frontier:
        return EMPTY_ROOT
    subtrees = split(frontier)
    root = subtrees.pop()
    while subtrees:
        root = node_hash(subtrees.pop(), root)
    return root


def split(frontier: bytes) -> list[bytes]:
    """The subtrees' roots, largest first. ValueError when the bytes are no frontier."""
    if len(frontier) % SIZE:
        raise ValueError("A frontier consists of whole hashes.")
    return [frontier[at : at + SIZE] for at in range(0, len(frontier), SIZE)]


def last_path(frontier_before: bytes) -> list[bytes]:
    """How the next leaf is included once it is appended: its path in the tree that it completes, lowest first."""
    return split(frontier_before)[::-1]


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes."""
    return root_of(frontier_of(leaves))


def included_root(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that the path leads to from leaf number `index` (from 0) of `size`; None when it does not fit them.

    RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        return None
    here, last, found = index, size - 1, leaf
    for each in path:
        if last == 0:
            return None
        if here & 1 or here == last:
            found = node_hash(each, found)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            found = node_hash(found, each)
        here, last = here >> 1, last >> 1
    return found if last == 0 else None


# The root over leaves start..end, of a subtree that the tree keeps whole: end - start is a power of two or the rest.
Subtree = Callable[[int, int], bytes]


def inclusion_path(subtree: Subtree, index: int, size: int) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962, section 2.1.1: lowest first."""
    return _path(subtree, index, 0, size)


def _path(subtree: Subtree, index: int, start: int, end: int) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _below(end - start)
    if index < middle:
        return [*_path(subtree, index, start, middle), subtree(middle, end)]
    return [*_path(subtree, index, middle, end), subtree(start, middle)]


def consistency_proof(subtree: Subtree, old: int, new: int) -> list[bytes]:
    """PROOF(old, D[new]) of RFC 6962, section 2.1.2; empty when the old tree is empty or the same."""
    return [] if old in (0, new) else _subproof(subtree, old, 0, new, True)


def _subproof(subtree: Subtree, old: int, start: int, end: int, is_whole: bool) -> list[bytes]:
    if start + old == end:
        return [] if is_whole else [subtree(start, end)]
    middle = start + _below(end - start)
    if start + old <= middle:
        return [*_subproof(subtree, old, start, middle, is_whole), subtree(middle, end)]
    return [*_subproof(subtree, old - (middle - start), middle, end, False), subtree(start, middle)]


def _below(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def over(leaves: Sequence[bytes]) -> Subtree:
    """Subtrees of leaf hashes held in memory."""
    return lambda start, end: root(leaves[start:end])


def is_consistent(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the old tree is the beginning of the new one. RFC 9162, section 2.1.4.2."""
    if old == 0 or old == new:
        return not proof and (old == 0 or old_root == new_root)
    if not 0 < old < new:
        return False
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    here, last = old - 1, new - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    first = second = path[0]
    for each in path[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            first, second = node_hash(each, first), node_hash(each, second)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            second = node_hash(second, each)
        here, last = here >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root
