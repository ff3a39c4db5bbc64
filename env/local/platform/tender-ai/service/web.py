"""HTTP of the AI service: POST /v1/draft, /healthz, /readyz, /metrics. Each request is part of its caller's trace."""

from __future__ import annotations

import time
from typing import Any, Awaitable, Callable

from fastapi import FastAPI, Response
from llm import Model
from prometheus_client import REGISTRY, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from pydantic import BaseModel, Field
from telemetry import CORRELATION_HEADER, Telemetry, parse_traceparent

HOPS = ("haproxy", "traefik", "gateway")
ROUTES = ("/v1/draft", "/healthz", "/readyz")
PROBES = ("/healthz", "/readyz", "/metrics")
# Shorter than the goal for an answer of this service (p95 of 3 s).
LLM_TIMEOUT_S = 2.5

DURATIONS = Histogram(
    "http_request_duration_seconds",
    "Time from the request to its answer.",
    ["method", "route", "status"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10),
)

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Question(BaseModel):
    title: str = Field(min_length=1, max_length=500)


class State:
    """Whether the service can answer; /readyz reports it."""

    ready = False


class Spans:
    """Metrics of the telemetry itself."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def collect(self) -> Any:
        sent, dropped = self._telemetry.exported()
        yield CounterMetricFamily("telemetry_spans_sent", "Spans sent to the collector.", value=sent)
        yield CounterMetricFamily("telemetry_spans_dropped", "Spans that could not be sent.", value=dropped)


class Traced:
    """Wraps the application: adds a span, a log line, a duration and the hop headers to each request."""

    def __init__(self, app: Any, telemetry: Telemetry, pod_name: str) -> None:
        self._app = app
        self._telemetry = telemetry
        self._pod_name = pod_name

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        method, path = scope["method"], scope["path"]
        seen = {"status": 500}
        extra = self._answer_headers(headers)

        async def sending(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        began = time.monotonic()
        try:
            if path in PROBES:
                await self._app(scope, receive, sending)
            else:
                await self._within(scope, receive, sending, (headers, seen))
        finally:
            if path != "/metrics":
                route = path if path in ROUTES else "other"
                DURATIONS.labels(method, route, str(seen["status"])).observe(time.monotonic() - began)

    async def _within(
        self, scope: dict[str, Any], receive: Receive, send: Send, about: tuple[dict[str, str], dict[str, int]]
    ) -> None:
        headers, seen = about
        parent = parse_traceparent(headers.get("traceparent"))
        name = f"{scope['method']} {scope['path']}"
        attributes = {"http.request.method": scope["method"], "url.path": scope["path"]}
        with self._telemetry.span(name, "server", parent, headers.get(CORRELATION_HEADER), **attributes) as span:
            await self._app(scope, receive, send)
            status = seen["status"]
            span.attributes["http.response.status_code"] = status
            if status >= 500:
                span.error = f"status {status}"
            if span.context.sampled or status >= 500:
                self._telemetry.log("error" if status >= 500 else "info", f"{name} {status}", status=status)

    def _answer_headers(self, headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
        hops = [hop for hop in HOPS if f"x-plumbline-hop-{hop}" in headers]
        answer = {
            "x-plumbline-hops": ", ".join([*hops, "tender-ai"]),
            "x-plumbline-served-by": self._pod_name,
        }
        if CORRELATION_HEADER in headers:
            answer[CORRELATION_HEADER] = headers[CORRELATION_HEADER]
        return [(name.encode(), value.encode("latin-1")) for name, value in answer.items()]


def make_app(model: Model, telemetry: Telemetry, state: State) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    registry: CollectorRegistry = REGISTRY
    registry.register(Spans(telemetry))

    @app.post("/v1/draft")
    async def draft(question: Question) -> dict[str, Any]:
        found = await model.draft(question.title, LLM_TIMEOUT_S)
        return {"text": found.text, "degraded": found.degraded, "llm": "stubbed"}

    @app.get("/healthz")
    async def healthz() -> dict[str, bool]:
        return {"alive": True}

    @app.get("/readyz")
    async def readyz(response: Response) -> dict[str, bool]:
        response.status_code = 200 if state.ready else 503
        return {"ready": state.ready}

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")

    return app
