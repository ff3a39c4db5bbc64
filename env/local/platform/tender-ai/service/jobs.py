"""Takes jobs from RabbitMQ: writes a draft, a vector, a graph and the tender's status, and then acknowledges the job."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass
from typing import Any

import aio_pika
import asyncpg
import httpx
from aio_pika.abc import AbstractIncomingMessage
from llm import Model
from prometheus_client import Counter, Gauge, Histogram
from stores import Graph, Refused, Search, Tenders
from telemetry import CORRELATION_HEADER, Telemetry, parse_traceparent

PREFETCH = 8
HEARTBEAT_S = 5
CONNECT_S = 3.0
RECONNECT_S = 0.5
# Limit for one job: longer than the failover of any store. After it the job is put back, and another pod may try.
WORK_S = 60.0
PAUSES_S = (0.2, 0.5, 1.0, 2.0)
LLM_TIMEOUT_S = 10.0
# When a node is lost, a part of the cluster's DNS is lost too, until the control plane marks the node NotReady after 40 s.
LLM_REACH_S = 45.0
STOP_S = 15.0

DONE = Counter("tender_jobs_total", "Jobs by what became of them.", ["outcome"])
DURATION = Histogram("tender_job_duration_seconds", "From delivery to acknowledgement.", buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60))
CONSUMING = Gauge("tender_jobs_consuming", "1 while jobs are taken from the queue.")


@dataclass(frozen=True)
class Queue:
    host: str
    port: int
    vhost: str
    user: str
    password: str
    name: str


@dataclass(frozen=True)
class Sinks:
    model: Model
    search: Search
    graph: Graph
    tenders: Tenders


class NotNow(Exception):
    """A store that a job needs is unavailable."""


class Worker:
    def __init__(self, queue: Queue, sinks: Sinks, telemetry: Telemetry, ack_first: bool = False) -> None:
        self._queue = queue
        self._sinks = sinks
        self._telemetry = telemetry
        # For a negative control: acknowledge before the work, so that the jobs of a pod that dies are lost.
        self._ack_first = ack_first
        self._stopping = asyncio.Event()
        self._running: set[asyncio.Task[Any]] = set()

    async def run(self) -> None:
        """Takes jobs until it is stopped, and reconnects when the connection is lost."""
        told = ""
        while not self._stopping.is_set():
            cause = "closed"
            try:
                await self._session()
                told = ""
            except Exception as error:  # noqa: BLE001 – after any error it reconnects
                cause = f"{type(error).__name__}: {error}"
            CONSUMING.set(0)
            if cause != told and not self._stopping.is_set():
                self._telemetry.log("warn", "no connection to RabbitMQ", cause=cause)
            told = cause
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), RECONNECT_S)

    def stop(self) -> None:
        self._stopping.set()

    async def _session(self) -> None:
        queue = self._queue
        connection = await aio_pika.connect(
            host=queue.host,
            port=queue.port,
            login=queue.user,
            password=queue.password,
            virtualhost=queue.vhost,
            timeout=CONNECT_S,
            heartbeat=HEARTBEAT_S,
            client_properties={"connection_name": "tender-ai"},
        )
        lost = asyncio.Event()
        connection.close_callbacks.add(lambda *_: lost.set())
        try:
            channel = await connection.channel()
            channel.close_callbacks.add(lambda *_: lost.set())
            await channel.set_qos(prefetch_count=PREFETCH)
            jobs = await channel.get_queue(queue.name, ensure=True)
            tag = await jobs.consume(self._take)
            CONSUMING.set(1)
            self._telemetry.log("info", "taking jobs", queue=queue.name)
            await self._until(lost)
            if not lost.is_set():
                await jobs.cancel(tag)
                await self._finish()
        finally:
            await asyncio.wait_for(connection.close(), CONNECT_S)

    async def _until(self, lost: asyncio.Event) -> None:
        waits = {asyncio.ensure_future(lost.wait()), asyncio.ensure_future(self._stopping.wait())}
        _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in pending:
            wait.cancel()

    async def _finish(self) -> None:
        """Waits for running jobs before the connection is closed."""
        if self._running:
            await asyncio.wait(set(self._running), timeout=STOP_S)

    async def _take(self, message: AbstractIncomingMessage) -> None:
        task = asyncio.ensure_future(self._handle(message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await task

    async def _handle(self, message: AbstractIncomingMessage) -> None:
        parent = parse_traceparent(message.headers.get("traceparent"))
        mark = _text(message.headers.get(CORRELATION_HEADER))
        attributes = {"messaging.system": "rabbitmq", "messaging.destination.name": self._queue.name}
        with self._telemetry.span(
            f"{self._queue.name} process", "consumer", parent, mark, **attributes
        ) as span:
            span.attributes["messaging.message.id"] = str(message.message_id)
            try:
                await self._attend(message)
            except Exception as error:  # noqa: BLE001 – the connection is lost, so RabbitMQ delivers the job again
                self._telemetry.log("warn", "the job was not acknowledged", cause=f"{type(error).__name__}: {error}")

    async def _attend(self, message: AbstractIncomingMessage) -> None:
        began = time.monotonic()
        job = _job(message.body)
        if job is None:
            DONE.labels("poison").inc()
            self._telemetry.log("error", "the message is not a job and is discarded", bytes=len(message.body))
            await message.ack()
            return
        if self._ack_first:
            await message.ack()
        try:
            outcome = await self._work(*job)
        except NotNow as error:
            DONE.labels("put_back").inc()
            self._telemetry.log("error", "the job is put back", tender=job[0], cause=str(error))
            if not self._ack_first:
                await message.nack(requeue=True)
            return
        if not self._ack_first:
            await message.ack()
        DONE.labels(outcome).inc()
        DURATION.observe(time.monotonic() - began)
        self._telemetry.log("info", f"tender {outcome}", tender=job[0], redelivered=bool(message.redelivered))

    async def _work(self, tender: str, title: str) -> str:
        """Does all steps of a job and retries those that an unavailable store did not accept. Raises NotNow after WORK_S."""
        draft = await self._sinks.model.draft(title, LLM_TIMEOUT_S, LLM_REACH_S)
        status = "degraded" if draft.degraded else "done"
        await self._again(lambda: self._sinks.search.put(tender, title, draft.text, draft.degraded))
        await self._again(lambda: self._sinks.graph.merge(tender, title, draft.text))
        await self._again(lambda: self._sinks.tenders.finish(tender, status))
        return status

    async def _again(self, write: Any) -> None:
        end = time.monotonic() + WORK_S
        for attempt in range(1_000_000):
            try:
                await write()
                return
            except (httpx.HTTPError, Refused, OSError, asyncio.TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                seen = f"{type(error).__name__}: {error}"[:300]
                if attempt == 0:
                    self._telemetry.log("warn", "a write to a store failed and is retried", cause=seen)
                if time.monotonic() >= end or self._stopping.is_set():
                    raise NotNow(seen) from error
                await asyncio.sleep(PAUSES_S[min(attempt, len(PAUSES_S) - 1)])


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return value[:200] if isinstance(value, str) and value else None


def _job(body: bytes) -> tuple[str, str] | None:
    """Number and title of a tender; None if the message is not a job."""
    try:
        job = json.loads(body)
        tender, title = job["tender"], job["title"]
    except (ValueError, KeyError, TypeError):
        return None
    valid = isinstance(tender, str) and tender.isdigit() and isinstance(title, str)
    return (tender, title) if valid else None
