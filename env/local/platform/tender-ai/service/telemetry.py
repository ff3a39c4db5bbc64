"""Log lines, W3C trace context, and spans as OTLP/HTTP in JSON: service-kit's counterpart in Python. Uses only the standard library."""

from __future__ import annotations

import contextlib
import contextvars
import json
import os
import re
import secrets
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Callable, Iterator

KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}  # trace.proto, SpanKind
CORRELATION_HEADER = "x-plumbline-mark"
DEFAULT_RATIO = 0.02
FORMAT = re.compile(r"^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$")

EVERY_S = 0.5
MOST_HELD = 8192
BATCH = 512
ANSWER_S = 5.0
LONGEST_PAUSE_S = 5.0


@dataclass(frozen=True)
class Context:
    """Trace id and span id (32 and 16 hexadecimal digits), and whether the trace is sampled."""

    trace_id: str
    span_id: str
    sampled: bool

    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


def parse_traceparent(header: Any) -> Context | None:
    """The trace context in a header; None if the header is missing or invalid."""
    if isinstance(header, bytes):
        header = header.decode("latin-1")
    found = FORMAT.match(header.strip()) if isinstance(header, str) else None
    if found is None:
        return None
    version, trace_id, span_id, flags, rest = found.groups()
    if set(trace_id) == {"0"} or set(span_id) == {"0"} or (version == "00" and rest is not None):
        return None
    return Context(trace_id, span_id, bool(int(flags, 16) & 1))


def new_root(ratio: float) -> Context:
    """A new trace, for a request without trace context; its id decides whether it is sampled."""
    trace_id = secrets.token_hex(16)
    return Context(trace_id, "", int(trace_id[16:24], 16) / 2**32 < ratio)


@dataclass
class Span:
    name: str
    kind: str
    context: Context
    parent_id: str
    mark: str | None
    attributes: dict[str, Any] = field(default_factory=dict)
    start_ns: int = field(default_factory=time.time_ns)
    end_ns: int = 0
    error_type: str | None = None


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"stringValue": str(value)}


def _list(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in attributes.items()]


def _encode_span(span: Span) -> dict[str, Any]:
    marked = {"plumbline.mark": span.mark} if span.mark else {}
    failed = {"error.type": span.error_type} if span.error_type is not None else {}
    encoded: dict[str, Any] = {
        "traceId": span.context.trace_id,
        "spanId": span.context.span_id,
        "name": span.name,
        "kind": KINDS[span.kind],
        "startTimeUnixNano": str(span.start_ns),
        "endTimeUnixNano": str(span.end_ns),
        "attributes": _list({**span.attributes, **marked, **failed}),
    }
    if span.parent_id:
        encoded["parentSpanId"] = span.parent_id
    if failed:
        encoded["status"] = {"code": 2}
    return encoded


def encode(spans: list[Span], resource: dict[str, Any]) -> bytes:
    """The body of an ExportTraceServiceRequest."""
    scope = {"scope": {"name": "plumbline.tender-ai"}, "spans": [_encode_span(span) for span in spans]}
    return json.dumps({"resourceSpans": [{"resource": {"attributes": _list(resource)}, "scopeSpans": [scope]}]}).encode()


class Exporter:
    """Sends spans in batches from its own thread. When its queue is full, the oldest spans are dropped and counted."""

    def __init__(self, url: str, resource: dict[str, Any], every_s: float = EVERY_S) -> None:
        self._url = f"{url}/v1/traces"
        self._resource = resource
        self._every_s = every_s
        self._held: deque[Span] = deque()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.sent = 0
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="otlp", daemon=True)
        self._thread.start()

    def add(self, span: Span) -> None:
        with self._lock:
            self._held.append(span)
            self._trim()

    def stop(self, deadline_s: float) -> None:
        """Sends the queued spans, until the deadline."""
        self._stop.set()
        self._thread.join(deadline_s)

    def _trim(self) -> None:
        while len(self._held) > MOST_HELD:
            self._held.popleft()
            self.dropped += 1

    def _run(self) -> None:
        failures = 0
        while True:
            pause = min(self._every_s * 2**failures, max(self._every_s, LONGEST_PAUSE_S))
            stopping = self._stop.wait(pause)
            failures = 0 if self._flush() else min(failures + 1, 10)
            if stopping:
                return

    def _flush(self) -> bool:
        while True:
            with self._lock:
                batch = [self._held.popleft() for _ in range(min(BATCH, len(self._held)))]
            if not batch:
                return True
            outcome = self._send(batch)
            if outcome == "failed":
                with self._lock:
                    self._held.extendleft(reversed(batch))
                    self._trim()
                return False
            if outcome == "sent":
                self.sent += len(batch)
            else:
                self.dropped += len(batch)

    def _send(self, batch: list[Span]) -> str:
        request = urllib.request.Request(
            self._url, data=encode(batch, self._resource), headers={"content-type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
                answer.read()
            return "sent"
        except urllib.error.HTTPError as error:
            return "refused" if 400 <= error.code < 500 and error.code != 429 else "failed"
        except OSError:
            return "failed"


class Telemetry:
    """Set up from the environment. Without OTLP_URL spans are created, so that log lines have ids, but not exported."""

    def __init__(
        self, service: str, env: dict[str, str] | None = None, write: Callable[[str], Any] | None = None
    ) -> None:
        env = dict(os.environ) if env is None else env
        self._service = service
        self._write = write or _to_stdout
        self._ratio = float(env.get("TRACE_RATIO", DEFAULT_RATIO))
        self._broken = set(env.get("TELEMETRY_BREAK", "").split(","))
        self._current: contextvars.ContextVar[Span | None] = contextvars.ContextVar("span", default=None)
        url = env.get("OTLP_URL", "")
        keeps = url != "" and "export" not in self._broken
        self._exporter = Exporter(url, _resource(service, env)) if keeps else None

    def broken(self, what: str) -> bool:
        """Whether a negative control has broken this: see service-kit/telemetry.ts."""
        return what in self._broken

    def current(self) -> Span | None:
        return self._current.get()

    @contextlib.contextmanager
    def span(
        self, name: str, kind: str, parent: Context | None = None, mark: str | None = None, **attributes: Any
    ) -> Iterator[Span]:
        """A span around a block of code: a child of the parent; by default of the current span; without one, a new trace."""
        outer = self.current()
        came_from = parent or (outer.context if outer else new_root(self._ratio))
        context = Context(came_from.trace_id, secrets.token_hex(8), came_from.sampled)
        inherited = outer.mark if outer and parent is None else None
        span = Span(name, kind, context, came_from.span_id, mark or inherited, attributes)
        token = self._current.set(span)
        try:
            yield span
        except BaseException as error:
            # Never its text: that may contain an address with a password, or a user's text.
            span.error_type = type(error).__name__
            raise
        finally:
            self._current.reset(token)
            span.end_ns = time.time_ns()
            if context.sampled and self._exporter is not None:
                self._exporter.add(span)

    def log(self, level: str, message: str, **fields: Any) -> None:
        """Writes one JSON object per line, with the ids of the current span."""
        span = self.current()
        line: dict[str, Any] = {
            "ts": datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": level,
            "service": self._service,
            "msg": message,
        }
        if span is not None and not self.broken("log-trace-id"):
            line |= {"trace_id": span.context.trace_id, "span_id": span.context.span_id}
        if span is not None and span.mark:
            line["mark"] = span.mark
        self._write(json.dumps(line | fields) + "\n")

    def exported(self) -> tuple[int, int]:
        """Numbers of sent and dropped spans."""
        return (self._exporter.sent, self._exporter.dropped) if self._exporter else (0, 0)

    def stop(self) -> None:
        if self._exporter is not None:
            self._exporter.stop(3.0)


def _to_stdout(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


def _resource(service: str, env: dict[str, str]) -> dict[str, Any]:
    resource = {"service.name": service}
    if "POD_NAME" in env:
        resource |= {"service.instance.id": env["POD_NAME"], "k8s.pod.name": env["POD_NAME"]}
    if "NODE_NAME" in env:
        resource["k8s.node.name"] = env["NODE_NAME"]
    return resource
