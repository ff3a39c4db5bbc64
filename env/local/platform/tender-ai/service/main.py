"""Entry: reads the environment, serves HTTP and takes jobs until SIGTERM, then finishes those in flight."""

from __future__ import annotations

import asyncio
import os
import sys

import httpx
import uvicorn
from jobs import Queue, Sinks, Worker
from llm import Model
from stores import Graph, Search, Tenders
from telemetry import Telemetry
from web import State, Traced, make_app


def setting(name: str) -> str:
    value = os.environ.get(name, "")
    if value == "":
        sys.exit(f"the environment variable {name} is not set")
    return value


async def main() -> None:
    telemetry = Telemetry("tender-ai")
    # verify=False: HTTP within the cluster is plain, and loading certificates would only take time.
    client = httpx.AsyncClient(verify=False, limits=httpx.Limits(max_connections=64), trust_env=False)
    model = Model(client, setting("LLM_URL"), setting("LLM_API_KEY"), telemetry)
    tenders = Tenders(setting("POSTGRES_HOST"), setting("POSTGRES_PASSWORD"), telemetry)
    sinks = Sinks(
        model,
        Search(client, setting("ELASTICSEARCH_URL"), setting("ELASTICSEARCH_PASSWORD"), telemetry),
        Graph(client, setting("NEO4J_URL"), setting("NEO4J_PASSWORD"), telemetry),
        tenders,
    )
    queue = Queue(
        setting("RABBITMQ_HOST"),
        int(setting("RABBITMQ_PORT")),
        setting("RABBITMQ_VHOST"),
        setting("RABBITMQ_USER"),
        setting("RABBITMQ_PASSWORD"),
        setting("RABBITMQ_QUEUE"),
    )
    worker = Worker(queue, sinks, telemetry, os.environ.get("ACK_BEFORE_WORK") == "on")
    state = State()
    app = Traced(make_app(model, telemetry, state), telemetry, setting("POD_NAME"))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="0.0.0.0",
            port=int(setting("PORT")),
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_keep_alive=75,  # longer than the gateway keeps its connections
        )
    )
    await tenders.open()
    working = asyncio.ensure_future(worker.run())
    state.ready = True
    telemetry.log("info", "ready")
    await server.serve()  # returns after SIGTERM, when no request is in flight
    worker.stop()
    await asyncio.wait({working}, timeout=20)
    await tenders.close()
    await client.aclose()
    telemetry.stop()


if __name__ == "__main__":
    asyncio.run(main())
