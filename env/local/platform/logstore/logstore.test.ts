import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { fileOf, objectsWith } from '../_testing/platform.ts';
import { INDEX_TEMPLATE, outdated } from './lines.ts';

const OBJECTS = objectsWith(['postgres', 'telemetry']);

test('should delete indices of days long ago, and nothing else', () => {
  const now = Date.UTC(2026, 10, 24, 12);
  const names = ['logs-2026.11.24', 'logs-2026.11.21', 'logs-2026.11.20', 'logs-other', 'tenders'];
  assert.deepEqual(outdated(names, now), ['logs-2026.11.21', 'logs-2026.11.20']);
});

test('should ask its own two accounts for a password, and no one else', () => {
  const config = fileOf(OBJECTS, 'logstore-gate', 'haproxy.cfg');
  assert.deepEqual(config.match(/^ {2}user .*$/gm), [
    '  user plumbline insecure-password "${PLUMBLINE_PASSWORD}"',
    '  user shipper insecure-password "${OWNER_PASSWORD}"',
  ]);
});

test('should be one node that listens to the gate alone, and index only the fields that are searched', () => {
  const config = parse(fileOf(OBJECTS, 'logstore-config', 'elasticsearch.yml')) as Record<string, unknown>;
  assert.deepEqual([config['discovery.type'], config['http.host']], ['single-node', '127.0.0.1']);
  assert.equal(INDEX_TEMPLATE.template.mappings.dynamic, false);
});
