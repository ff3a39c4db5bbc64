import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { probeCommand, readProbe } from './reach.ts';
import type { Peer } from './reach.ts';

/** Answers every request as the pod on node-b does, and keeps the URLs. */
const BUSYBOX = `#!/bin/sh
case "$*" in
  *wget*) for url; do :; done; echo "$url" >> "$URLS"; echo node-b; head -c 16384 /dev/zero | tr '\\0' . ;;
  *nslookup*) echo 'Address: fd00::10' ;;
  *) exec "$@" ;;
esac
`;

test('should put IPv6 addresses into brackets, and no others', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'reach-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'busybox'), BUSYBOX);
  chmodSync(join(folder, 'busybox'), 0o755);
  const urls = join(folder, 'urls');
  const asked = (address: string, service: string, also?: Peer): { urls: string[]; targets: string[] } => {
    writeFileSync(urls, '');
    const [, ...command] = probeCommand({
      timeoutMs: 0,
      nodes: ['node-b'],
      service,
      name: 'reach.c.svc.cluster.local',
      peers: [{ kind: 'pair', node: 'node-b', ip: address }, ...(also === undefined ? [] : [also])],
    });
    const [shell = '', ...args] = command;
    const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}`, URLS: urls };
    const lines = readProbe(execFileSync(shell, args, { env, encoding: 'utf8' }));
    const seen = readFileSync(urls, 'utf8').trim().split('\n');
    return {
      urls: [...new Set(seen)].sort(),
      targets: lines
        .filter(({ ok, kind }) => ok && !kind.startsWith('burst'))
        .map(({ kind }) => kind)
        .sort(),
    };
  };
  assert.deepEqual(asked('fd00:1::7', 'fd00::10'), {
    urls: ['http://[fd00:1::7]:8080/index.html', 'http://[fd00::10]:8080/index.html'],
    targets: ['dns', 'pair', 'service'],
  });
  const { urls: plain } = asked('10.0.0.7', '10.96.0.10');
  const both = asked('10.0.0.7', '10.96.0.10', { kind: 'also', node: 'node-b', ip: 'fd00:1::7' });
  assert.ok(both.urls.includes('http://[fd00:1::7]:8080/index.html'));
  assert.deepEqual(both.targets, ['also', 'pair', 'service'], 'each is a target of its own');
  assert.deepEqual(plain, ['http://10.0.0.7:8080/index.html', 'http://10.96.0.10:8080/index.html']);
});
