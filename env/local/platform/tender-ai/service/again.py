"""Retries of requests that did not reach their server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def asked_again(
    ask: Callable[[], Awaitable[T]], unreached: tuple[type[Exception], ...], for_s: float, pause_s: float = 0.5
) -> T:
    """Sends a request, and retries for `for_s` seconds while the server, which then did nothing, is not reached. Raises the last error."""
    end = time.monotonic() + for_s
    while True:
        try:
            return await ask()
        except unreached:
            if time.monotonic() >= end:
                raise
        await asyncio.sleep(pause_s)
