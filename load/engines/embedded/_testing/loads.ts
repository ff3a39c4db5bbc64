/** Runs loads for tests: each has its own server, a script and the result. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { promisify } from 'node:util';
import type { LoadListener, LoadRequest, LoadResult } from '../../engine.ts';
import { EmbeddedEngine } from '../index.ts';

export interface TestServer {
  url: string;
  /** Number of requests by method and path. */
  asked: Map<string, number>;
  [Symbol.asyncDispose](): Promise<void>;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export const OK: Handler = (_request, response) => void response.end('ok');

/** Starts an HTTP server on a free port of 127.0.0.1. */
export async function serve(handler: Handler = OK): Promise<TestServer> {
  const asked = new Map<string, number>();
  const server = createServer((request, response) => {
    const key = `${request.method ?? ''} ${request.url ?? ''}`;
    asked.set(key, (asked.get(key) ?? 0) + 1);
    handler(request, response);
  });
  const url = `http://${await listen(server)}`;
  return {
    url,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function listen(server: NetServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export interface Ran extends LoadResult {
  logs: string[];
}

interface Extras extends Partial<Omit<LoadRequest, 'script' | 'variables'>> {
  files?: Record<string, string>;
  signal?: AbortSignal;
  second?: LoadListener['second'];
}

const folder = mkdtempSync(join(tmpdir(), 'plumbline-script-'));
after(() => rmSync(folder, { recursive: true }));
let made = 0;

/** Writes a script, and files beside it. @returns its path */
export function scriptOf(code: string, files: Record<string, string> = {}): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const path = join(folder, `script-${made++}.ts`);
  writeFileSync(path, code);
  return path;
}

/** One line, so that the code after it begins on line 2. */
export const HEAD = `import http from 'k6/http'; import { check, fail, sleep } from 'k6'; import exec from 'k6/execution';\n`;

/** Options with one scenario, `s`. */
export const scenario = (of: object, more: object = {}): string =>
  `export const options = ${JSON.stringify({ scenarios: { s: of }, ...more })};\n`;

/** Runs a script that finds the server in `__ENV.URL`. */
export async function load(code: string, url: string, extras: Extras = {}): Promise<Ran> {
  const { files, signal = new AbortController().signal, second, ...others } = extras;
  const logs: string[] = [];
  const result = await new EmbeddedEngine().run(
    {
      script: scriptOf(code, files),
      variables: { URL: url },
      limits: { requests: 1_000_000, durationMs: 60_000 },
      ...others,
    },
    { log: (level, text) => logs.push(`${level}: ${text}`), ...(second !== undefined && { second }) },
    signal,
  );
  return { ...result, logs };
}

/** A self-signed certificate for `localhost` and its key, PEM, made by openssl. */
export async function selfSigned(): Promise<{ cert: string; key: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-certificate-'));
  try {
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
    await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', cert]);
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
