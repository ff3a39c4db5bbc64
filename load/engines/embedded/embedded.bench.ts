/**
 * The engine beside autocannon on loopback: `node load/engines/embedded/embedded.bench.ts [millions of requests]`. Both ask the same server in
 * turns, three times, and the middle ratio counts. Processor time is that of this process, in which both run; the
 * server has its own. With a number, memory after 1 and after that many million requests follows.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { EmbeddedEngine } from './index.ts';

const CONNECTIONS = 20;
/** Of each, in each round: a number, so that a machine that is busy with other things changes nothing. */
const REQUESTS = 200_000;
const ROUNDS = 3;
const SERVER = `
  const answer = Buffer.from('HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nContent-Length: 2\\r\\n\\r\\nok');
  const server = require('node:net').createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', () => socket.write(answer));
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;

const folder = mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
const server = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
try {
  const url = `http://127.0.0.1:${await portOf(server)}/`;
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const own = await perCpuSecond(() => embedded(url, { iterations: REQUESTS }));
    const peer = await perCpuSecond(
      async () => (await autocannon({ url, connections: CONNECTIONS, amount: REQUESTS })).requests.total,
    );
    ratios.push(own / peer);
    say(
      `round ${round + 1}: embedded ${own.toFixed(0)}, autocannon ${peer.toFixed(0)} requests per CPU-second`,
    );
  }
  const middle = ratios.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? 0;
  say(`embedded / autocannon per CPU-second: ${middle.toFixed(2)} x`);
  const millions = Number(process.argv[2] ?? 0);
  if (millions > 0) await memory(url, millions);
} finally {
  server.kill();
  rmSync(folder, { recursive: true });
}

async function portOf({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('the server has no output');
  const [line] = (await once(stdout, 'data')) as [Buffer];
  return line.toString().trim();
}

/** @returns requests for each second of this process's processor time */
async function perCpuSecond(run: () => Promise<number>): Promise<number> {
  const before = process.cpuUsage();
  const requests = await run();
  const { user, system } = process.cpuUsage(before);
  return requests / ((user + system) / 1e6);
}

async function embedded(url: string, options: object, second?: (requests: number) => void): Promise<number> {
  const script = join(folder, 'one-line.js');
  const text = JSON.stringify({ vus: CONNECTIONS, ...options });
  writeFileSync(
    script,
    `import http from 'k6/http'; export const options = ${text}; export default function () { http.get('${url}'); }`,
  );
  const limits = { requests: 2 ** 31 - 1, durationMs: 3_600_000 };
  let requests = 0;
  const listener = { second: ({ requests: more }: { requests: number }) => second?.((requests += more)) };
  const result = await new EmbeddedEngine({ threads: 1 }).run(
    { script, variables: {}, limits },
    listener,
    new AbortController().signal,
  );
  if (result.outcome !== 'completed') throw new Error(result.reason);
  return result.requests.count;
}

async function memory(url: string, millions: number): Promise<void> {
  let next = 1e6;
  const seen: number[] = [];
  await embedded(url, { iterations: millions * 1e6 + 1, duration: '1h' }, (requests) => {
    if (requests < next) return;
    next = requests < millions * 1e6 * 0.98 ? millions * 1e6 * 0.98 : Infinity;
    seen.push(process.memoryUsage().rss / 2 ** 20);
  });
  const first = seen[0] ?? NaN;
  const last = process.memoryUsage().rss / 2 ** 20;
  say(
    `memory after 1 and ${millions} million requests: ${first.toFixed(0)} and ${last.toFixed(0)} MiB, ${(last / first).toFixed(2)} x`,
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
