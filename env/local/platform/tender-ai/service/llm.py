"""Gets a draft from the language model. If the model is busy, slow or unavailable, the draft is degraded; it is never an error."""

from __future__ import annotations

from dataclasses import dataclass

import httpx
from again import asked_again
from telemetry import Telemetry

MODEL = "plumbline-stub-1"
# Errors with which the request was never sent: the name was not resolved in time, or there was no connection.
UNREACHED = (httpx.ConnectError, httpx.ConnectTimeout)


@dataclass(frozen=True)
class Draft:
    text: str
    degraded: bool


class Model:
    def __init__(self, client: httpx.AsyncClient, url: str, key: str, telemetry: Telemetry) -> None:
        self._client = client
        self._url = f"{url}/v1/chat/completions"
        self._key = key
        self._telemetry = telemetry

    async def draft(self, title: str, timeout_s: float, reach_s: float = 0.0) -> Draft:
        """Waits at most `timeout_s` for the answer, and retries for `reach_s` while the model is not reached."""
        try:
            with self._telemetry.span(
                "chat", "client", **{"gen_ai.operation.name": "chat", "gen_ai.request.model": MODEL}
            ) as span:
                parent = span.context.traceparent()
                text = await asked_again(lambda: self._ask(title, timeout_s, parent), UNREACHED, reach_s)
                return Draft(text, False)
        except (httpx.HTTPError, KeyError, IndexError, TypeError, ValueError) as error:
            # Log only the kind of the error: the request contains the key.
            self._telemetry.log("warn", "the language model gave no draft", cause=_kind(error))
            return Draft(f"{title}: to be drafted by hand, the language model did not answer.", True)

    async def _ask(self, title: str, timeout_s: float, traceparent: str) -> str:
        answer = await self._client.post(
            self._url,
            json={"model": MODEL, "messages": [{"role": "user", "content": title}]},
            headers={"authorization": f"Bearer {self._key}", "traceparent": traceparent},
            timeout=timeout_s,
        )
        answer.raise_for_status()
        return str(answer.json()["choices"][0]["message"]["content"])


def _kind(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"status {error.response.status_code}"
    return type(error).__name__
