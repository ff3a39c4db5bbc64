"""Writes vectors to Elasticsearch, a graph to Neo4j, and the status of a tender to PostgreSQL. Every write may be repeated."""

from __future__ import annotations

from typing import Any

import asyncpg
import httpx
from telemetry import Telemetry
from words import DIMENSIONS, embed, terms

INDEX = "tenders"
ANSWER_S = 5.0
CONNECT_S = 2.0
# Two pods with two connections each stay below the role's limit of 30, together with the backend's connections.
CONNECTIONS = 2

MAPPING = {
    "settings": {"number_of_shards": 1, "number_of_replicas": 2},
    "mappings": {
        "dynamic": "strict",
        "properties": {
            "title": {"type": "text"},
            "text": {"type": "text"},
            "degraded": {"type": "boolean"},
            "vector": {"type": "dense_vector", "dims": DIMENSIONS, "index": True, "similarity": "cosine"},
        },
    },
}

# MERGE finds nodes by their names, so that a job that is done twice leaves one graph.
MERGE = """MERGE (t:Tender {id: $id}) SET t.title = $title
WITH t UNWIND $terms AS name
MERGE (w:Term {name: name}) MERGE (t)-[:MENTIONS]->(w)"""
CONSTRAINTS = (
    "CREATE CONSTRAINT tender_id IF NOT EXISTS FOR (t:Tender) REQUIRE t.id IS UNIQUE",
    "CREATE CONSTRAINT term_name IF NOT EXISTS FOR (w:Term) REQUIRE w.name IS UNIQUE",
)


class Refused(Exception):
    """A store answered with an error."""


class Search:
    def __init__(self, client: httpx.AsyncClient, url: str, password: str, telemetry: Telemetry) -> None:
        self._client = client
        self._url = url
        self._auth = ("tender", password)
        self._telemetry = telemetry
        self._prepared = False

    async def put(self, tender: str, title: str, text: str, degraded: bool) -> None:
        await self._prepare()
        document = {"title": title, "text": text, "degraded": degraded, "vector": embed(f"{title} {text}")}
        with self._telemetry.span(
            f"index {INDEX}", "client", **{"db.system.name": "elasticsearch", "db.operation.name": "index"}
        ):
            await self._call("PUT", f"/{INDEX}/_doc/{tender}", document)

    async def _prepare(self) -> None:
        """Creates the index. Two pods may do that at once: the second gets "already exists", which is fine."""
        if self._prepared:
            return
        answer = await self._client.put(
            f"{self._url}/{INDEX}", json=MAPPING, auth=self._auth, timeout=ANSWER_S
        )
        if answer.status_code != 200 and "resource_already_exists" not in answer.text:
            raise Refused(f"Elasticsearch: index {INDEX}: status {answer.status_code} {answer.text[:200]}")
        self._prepared = True

    async def _call(self, method: str, path: str, body: dict[str, Any]) -> None:
        answer = await self._client.request(
            method, f"{self._url}{path}", json=body, auth=self._auth, timeout=ANSWER_S
        )
        if answer.status_code not in (200, 201):
            raise Refused(f"Elasticsearch: {path}: status {answer.status_code} {answer.text[:200]}")


class Graph:
    """Uses Neo4j's Query API (v2), because Debian has no driver. Each request is a whole transaction."""

    def __init__(self, client: httpx.AsyncClient, url: str, password: str, telemetry: Telemetry) -> None:
        self._client = client
        self._url = f"{url}/db/neo4j/query/v2"
        self._auth = ("neo4j", password)
        self._telemetry = telemetry
        self._prepared = False

    async def merge(self, tender: str, title: str, text: str) -> None:
        if not self._prepared:
            for constraint in CONSTRAINTS:
                await self._run(constraint, {})
            self._prepared = True
        with self._telemetry.span("MERGE", "client", **{"db.system.name": "neo4j", "db.operation.name": "MERGE"}):
            await self._run(MERGE, {"id": tender, "title": title, "terms": terms(f"{title} {text}")})

    async def _run(self, statement: str, parameters: dict[str, Any]) -> None:
        answer = await self._client.post(
            self._url,
            json={"statement": statement, "parameters": parameters},
            auth=self._auth,
            timeout=ANSWER_S,
        )
        body = answer.json() if answer.status_code in (200, 202) else {}
        if answer.status_code not in (200, 202) or body.get("errors"):
            raise Refused(f"Neo4j: status {answer.status_code} {answer.text[:200]}")


class Tenders:
    def __init__(self, host: str, password: str, telemetry: Telemetry) -> None:
        self._host = host
        self._password = password
        self._telemetry = telemetry
        self._pool: asyncpg.Pool | None = None

    async def open(self) -> None:
        """Creates the pool; it connects at the first query."""
        self._pool = await asyncpg.create_pool(
            host=self._host,
            user="tender",
            database="tender",
            password=self._password,
            min_size=0,
            max_size=CONNECTIONS,
            timeout=CONNECT_S,
            command_timeout=ANSWER_S,
            max_inactive_connection_lifetime=60,
            ssl=False,
            server_settings={"application_name": "tender-ai"},
        )

    async def finish(self, tender: str, status: str) -> None:
        """Sets the status of a tender, unless it was set before."""
        if self._pool is None:
            raise Refused("PostgreSQL: not opened")
        with self._telemetry.span(
            "UPDATE tenders", "client", **{"db.system.name": "postgresql", "db.operation.name": "UPDATE"}
        ):
            query = "UPDATE tenders SET status = $2 WHERE id = $1 AND status = 'accepted'"
            await self._pool.execute(query, int(tender), status, timeout=ANSWER_S)

    async def close(self) -> None:
        if self._pool is not None:
            self._pool.terminate()
