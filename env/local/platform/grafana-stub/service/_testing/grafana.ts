/** For tests: a stub of Prometheus, and the Grafana stand-in in front of it, both on loopback. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { Dashboard } from '../dashboards.ts';
import { grafanaServer } from '../grafana.ts';

export const TOKEN = 'token-of-a-test';
/** An address without a listener: IANA has not assigned the port, and fetch does not block it. */
export const NOWHERE = 'http://127.0.0.1:4';

async function listening(context: TestContext, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

export interface PrometheusAnswer {
  readonly status?: number;
  readonly body: unknown;
}

/** @param answer for the path and parameters of a request */
export function prometheusFor(
  context: TestContext,
  answer: (path: string, parameters: URLSearchParams) => PrometheusAnswer,
): Promise<string> {
  const server = createServer((request: IncomingMessage, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://prometheus');
    const { status = 200, body } = answer(pathname, searchParams);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  return listening(context, server);
}

export function grafanaFor(
  context: TestContext,
  prometheusUrl: string,
  dashboards: readonly Dashboard[],
): Promise<string> {
  return listening(context, grafanaServer({ token: TOKEN, prometheusUrl, dashboards }));
}

/** Prometheus' answer to a range query, with one series. */
export function range(labels: Record<string, string>, ...values: string[]): PrometheusAnswer {
  const result = [{ metric: labels, values: values.map((value, at) => [1000 + at, value]) }];
  return { body: { status: 'success', data: { resultType: 'matrix', result } } };
}
