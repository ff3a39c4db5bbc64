import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { holds } from '../machine/ports.ts';
import { freePort, startRegistry } from './registry.ts';

/** Stands in for docker-registry: listens on the configured address, or prints the same error when it cannot. */
const PROGRAM = `#!${process.execPath}
const { addr } = JSON.parse(require('node:fs').readFileSync(process.argv[3], 'utf8')).http;
const [host, port] = addr.split(':');
const server = require('node:http').createServer((_, response) => response.end('{}'));
server.once('error', () => setTimeout(() => {
  console.error('listen tcp ' + addr + ': bind: address already in use');
  process.exit(1);
}, 300));
server.listen(Number(port), host);
`;

// In a suite, because hooks outside of one would also apply to tests of other files in the same process.
suite('a registry', () => {
  let folder: string;
  const path = process.env['PATH'];

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'plumbline-registry-'));
    writeFileSync(join(folder, 'docker-registry'), PROGRAM);
    chmodSync(join(folder, 'docker-registry'), 0o755);
    process.env['PATH'] = `${folder}:${path ?? ''}`;
  });
  after(() => {
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true });
  });

  const start = (address: string): ReturnType<typeof startRegistry> =>
    startRegistry({ address, storage: join(folder, 'storage'), logFile: join(folder, 'registry.log') });

  test('a registry that is started holds its port', { skip: process.platform !== 'linux' }, async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const registry = await start(address);
    assert.ok(holds(registry.pid, address));
    await registry.stop();
  });

  test(
    'another process that answers on the port is not taken for the registry, and is named',
    { skip: process.platform !== 'linux' },
    async () => {
      const port = await freePort();
      const stranger = createServer((_, response) => {
        response.end('{}');
      });
      await new Promise<void>((resolve) => {
        stranger.listen(port, '0.0.0.0', resolve);
      });
      try {
        await assert.rejects(start(`127.0.0.1:${port}`), {
          message: `the registry cannot listen on 127.0.0.1:${port}, which node (process ${process.pid}) holds; end that process, or make it use another port`,
        });
      } finally {
        stranger.close();
      }
    },
  );
});

test('a port is given out once: who asked for it may not have bound it yet', async () => {
  const ports = await Promise.all(Array.from({ length: 400 }, () => freePort()));
  const later = await Promise.all(Array.from({ length: 400 }, () => freePort()));
  assert.equal(new Set([...ports, ...later]).size, 800);
});
