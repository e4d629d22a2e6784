"""What somebody reads when an act is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from marketplace.core.errors import Problems


def refused(act: Callable[..., object], *args: object, **kwargs: object) -> str:
    """The words of the problems that refuse the act; a test in which it is done fails."""
    with pytest.raises(Problems) as caught:
        act(*args, **kwargs)
    return caught.value.message
