"""Asking again whoever was not reached."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def asked_again(
    ask: Callable[[], Awaitable[T]], unreached: tuple[type[Exception], ...], for_s: float, pause_s: float = 0.5
) -> T:
    """Asks, and again for `for_s` seconds where nobody was reached, which did nothing yet. Raises what came last."""
    end = time.monotonic() + for_s
    while True:
        try:
            return await ask()
        except unreached:
            if time.monotonic() >= end:
                raise
        await asyncio.sleep(pause_s)
