"""Tests of what needs only the standard library: telemetry and words. Run by ../service.test.ts."""

import asyncio
import json
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer

from again import asked_again
from telemetry import Context, Exporter, Span, Telemetry, encode, new_root, parse_traceparent
from words import DIMENSIONS, embed, terms

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
HEADER = f"00-{TRACE}-{SPAN}-01"


def finished(name: str) -> Span:
    return Span(name, "server", Context(TRACE, SPAN, True), "", "m", {"n": 1}, 1, 2)


class Collector:
    """A collector that answers with these statuses, then with 200, and records what it receives."""

    def __init__(self, statuses: list[int]) -> None:
        self.bodies: list[bytes] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = statuses.pop(0) if statuses else 200
                if status == 200:
                    collector.bodies.append(body)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class AgainTest(unittest.TestCase):
    def asked(self, failures: list[Exception], for_s: float) -> str:
        async def ask() -> str:
            if failures:
                raise failures.pop(0)
            return "an answer"

        return asyncio.run(asked_again(ask, (ConnectionError,), for_s, 0.001))

    def test_asks_again_whoever_was_not_reached(self) -> None:
        self.assertEqual(self.asked([ConnectionError(), ConnectionError()], 5), "an answer")

    def test_gives_up_in_time_and_asks_nobody_again_who_was_reached(self) -> None:
        with self.assertRaises(ConnectionError):
            self.asked([ConnectionError()], 0)
        with self.assertRaises(ValueError):
            self.asked([ValueError()], 5)


class TelemetryTest(unittest.TestCase):
    def test_reads_trace_context_as_the_recommendation_writes_it(self) -> None:
        self.assertEqual(parse_traceparent(HEADER), Context(TRACE, SPAN, True))
        self.assertEqual(parse_traceparent(HEADER.encode()), Context(TRACE, SPAN, True))
        wrong = [None, "", f"{HEADER}-more", f"ff-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01"]
        self.assertEqual([parse_traceparent(text) for text in wrong], [None] * 5)
        self.assertTrue(new_root(1.0).sampled)
        self.assertFalse(new_root(0.0).sampled)

    def test_links_spans_and_writes_their_ids_and_the_mark_into_lines(self) -> None:
        lines: list[str] = []
        telemetry = Telemetry("tender-ai", {}, lines.append)
        with telemetry.span("process", "consumer", parse_traceparent(HEADER), "m-1") as outer:
            with telemetry.span("chat", "client") as inner:
                telemetry.log("info", "two\nlines", tender="7")
        line = json.loads(lines[0])
        self.assertEqual((outer.parent_id, inner.parent_id), (SPAN, outer.context.span_id))
        self.assertEqual((line["trace_id"], line["span_id"]), (TRACE, inner.context.span_id))
        self.assertEqual((line["mark"], line["service"], line["tender"]), ("m-1", "tender-ai", "7"))
        self.assertRegex(line["ts"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        stripped = Telemetry("tender-ai", {"TELEMETRY_BREAK": "log-trace-id"}, lines.append)
        with stripped.span("process", "consumer", parse_traceparent(HEADER), "m-1"):
            stripped.log("info", "x")
        self.assertNotIn("trace_id", json.loads(lines[1]))

    def test_names_only_the_type_of_an_error(self) -> None:
        telemetry = Telemetry("tender-ai", {}, lambda _: None)
        with self.assertRaises(ValueError), telemetry.span("chat", "client") as span:
            raise ValueError("http://user:password@store")
        sent = encode([span], {}).decode()
        self.assertNotIn("password", sent)
        encoded = json.loads(sent)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
        self.assertEqual(encoded["attributes"], [{"key": "error.type", "value": {"stringValue": "ValueError"}}])
        self.assertEqual(encoded["status"], {"code": 2})

    def test_sends_again_what_a_collector_could_not_take(self) -> None:
        collector = Collector([503, 200, 400])
        exporter = Exporter(collector.url, {"service.name": "s"}, 0.005)
        try:
            exporter.add(finished("first"))
            self._until(lambda: exporter.sent == 1)
            exporter.add(finished("second"))
            self._until(lambda: exporter.dropped == 1)
            exporter.add(finished("third"))
            exporter.stop(2.0)
            self.assertEqual((exporter.sent, len(collector.bodies)), (2, 2))
        finally:
            collector.close()

    def test_encodes_spans_as_otlp_has_them_in_json(self) -> None:
        resource = json.loads(encode([finished("a")], {"service.name": "s"}))["resourceSpans"][0]
        span = resource["scopeSpans"][0]["spans"][0]
        self.assertEqual((span["startTimeUnixNano"], span["kind"], span["traceId"]), ("1", 2, TRACE))
        self.assertEqual(span["attributes"][1], {"key": "plumbline.mark", "value": {"stringValue": "m"}})

    def _until(self, reached: object) -> None:
        end = time.monotonic() + 5
        while not reached():  # type: ignore[operator]
            self.assertLess(time.monotonic(), end)
            time.sleep(0.005)


class WordsTest(unittest.TestCase):
    def test_gives_the_same_vector_of_length_one_for_the_same_text(self) -> None:
        vector = embed("A bridge over the river")
        self.assertEqual((len(vector), vector), (DIMENSIONS, embed("a BRIDGE over the river")))
        self.assertAlmostEqual(sum(value * value for value in vector), 1.0, places=4)
        self.assertNotEqual(embed(""), [0.0] * DIMENSIONS)
        self.assertEqual(terms("A bridge, a Bridge over the river"), ["bridge", "over", "river"])


if __name__ == "__main__":
    unittest.main()
