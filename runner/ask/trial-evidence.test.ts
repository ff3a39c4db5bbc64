import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { monoMs } from '../../host/clock.ts';
import { openHistory } from '../../probes/history.ts';
import { redactor } from '../../probes/redact.ts';
import type { KubeObject } from '../../suites/harness/protocol.ts';
import { collectEvidence, cutMiddle, type EvidenceSource } from './trial-evidence.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-evidence-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const stamp = (secondsAgo: number): string => new Date(Date.now() - secondsAgo * 1000).toISOString();
const pod = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'tender' },
  spec: { containers: [{ name: 'postgres' }] },
});
const event = (about: string, secondsAgo: number, message: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: `${about}.1`, namespace: 'tender' },
  involvedObject: { kind: 'Pod', name: about },
  reason: 'Killing',
  message,
  lastTimestamp: stamp(secondsAgo),
});

interface Given {
  logs?: (pod: string, previous: boolean) => string;
  events?: KubeObject[];
}

async function collected(trial: string, given: Given): Promise<{ source: string; text: string }[]> {
  const cluster = {
    list: ({ kind }: { kind: string }) =>
      Promise.resolve({
        items:
          kind === 'v1/Pod'
            ? ['postgres-0', 'postgres-1', 'redis-0', 'postgresql-x'].map(pod)
            : (given.events ?? []),
      }),
    logs: ({ pod: name, previous }: { pod: string; previous?: boolean }) => {
      const text = given.logs?.(name, previous === true) ?? '';
      return text === '' && previous === true
        ? Promise.reject(new Error('no previous'))
        : Promise.resolve(text);
    },
  } as EvidenceSource['cluster'];
  const now = monoMs();
  const redact = redactor(['secret-word']);
  const writer = openHistory(join(folder, trial), 'evidence.ndjson', { redact });
  await collectEvidence(
    {
      cluster,
      namespace: 'tender',
      prefixes: ['postgres'],
      container: 'postgres',
      seconds: { fromMs: now - 20_000, toMs: now - 10_000 },
      signal: new AbortController().signal,
      redact,
    },
    writer,
  );
  await writer.close();
  return readFileSync(join(folder, trial, 'evidence.ndjson'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { source: string; text: string });
}

test('should keep the lines and events of those seconds, of the pods concerned, without secrets', async () => {
  const found = await collected('a', {
    logs: (name, previous) =>
      previous
        ? ''
        : `${stamp(15)} ${name} promoted, password=secret-word\nsecond line\n${stamp(1)} much later\n`,
    events: [
      event('postgres-0', 15, 'Stopping container'),
      event('postgres-0', 90, 'old'),
      event('redis-0', 15, 'other'),
    ],
  });
  assert.deepEqual(
    found.map(({ source }) => source),
    ['events tender: postgres', 'logs tender/postgres-0', 'logs tender/postgres-1'],
  );
  assert.match(found[0]?.text ?? '', /Pod\/postgres-0 Killing: Stopping container$/);
  assert.match(found[1]?.text ?? '', /postgres-0 promoted, password=\*\*\*\nsecond line$/);
});

test('should keep what services log of each other without what they show, also where the log is cut', async () => {
  const shown = await collected('d', {
    logs: (_, previous) =>
      previous
        ? ''
        : `${stamp(15)} authorization: Basic dHVsaXBz\nGET with Bearer sk-live-4711 at postgres://a:b@pg`,
  });
  assert.match(
    shown[0]?.text ?? '',
    /authorization: Basic \*\*\*\nGET with Bearer \*\*\* at postgres:\/\/a:\*\*\*@pg$/,
  );
  for (let before = 0; before < 'secret-word'.length; before++) {
    const line = `${'x'.repeat(before)}secret-word`;
    const cut = await collected(`e${before}`, {
      logs: (_, previous) => (previous ? '' : `${stamp(15)} ${line.repeat(2_000)}`),
    });
    assert.doesNotMatch(cut[0]?.text ?? '', /cret|wor/, String(before));
  }
});

test('should stay within its bytes, however much was logged', async () => {
  const line = `${stamp(15)} ${'x'.repeat(200)}\n`;
  const found = await collected('b', { logs: () => line.repeat(5_000) });
  const bytes = found.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  assert.ok(bytes <= 32 * 1024, String(bytes));
  assert.match(found[0]?.text ?? '', /bytes left out/);
});

test('should say what cannot be had, in its place', async () => {
  const found = await collected('c', {
    logs: (_, previous) => {
      if (previous) return '';
      throw new Error('the node does not answer');
    },
  });
  assert.ok(found.every(({ text }) => text === 'no log: the node does not answer'));
});

test('should keep begin and end of what is too long', () => {
  const cut = cutMiddle(`begin ${'y'.repeat(1000)} end`, 200);
  assert.match(cut, /^begin y+\n… \d+ bytes left out …\ny+ end$/);
  assert.ok(Buffer.byteLength(cut) <= 200);
  assert.equal(cutMiddle('short', 200), 'short');
});
