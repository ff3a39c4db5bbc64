import assert from 'node:assert/strict';
import { test } from 'node:test';
import { named, objectsWith } from '../_testing/platform.ts';
import { edgeFiles, renderEdge } from './haproxy.ts';

const ADDRESS = '198.18.0.2';

test('should send to every node given and drop marks that a client brought', () => {
  const text = renderEdge(ADDRESS, edgeFiles('/state'), [
    { name: 'worker-1', address: '198.18.0.20' },
    { name: 'worker-2', address: '198.18.0.21' },
  ]);
  assert.match(text, /bind 198\.18\.0\.2:443 ssl crt \/state\/edge\/server\.pem/);
  assert.deepEqual(text.match(/server \S+ \S+:\d+/g), [
    'server worker-1 198.18.0.20:30080',
    'server worker-2 198.18.0.21:30080',
  ]);
  const { ports } = named(objectsWith(['postgres']), 'Service', 'traefik')?.['spec'] as {
    ports: { nodePort: number }[];
  };
  assert.deepEqual(
    ports.map(({ nodePort }) => nodePort),
    [30_080],
  );
  for (const hop of ['haproxy', 'traefik', 'gateway'])
    assert.match(text, new RegExp(`del-header x-plumbline-hop-${hop}`));
  assert.ok(text.indexOf('del-header') < text.indexOf('set-header x-plumbline-hop-haproxy'));
});
