import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planChecks } from '../catalogue/index.ts';
import { loadEnvironment } from '../../env/loader.ts';
import { settingsFor } from '../catalogue/plan/settings.ts';
import { replyTo } from './replies.ts';

const checkoutDir = new URL('../..', import.meta.url).pathname;

test('should take what every check of every size is begun with', async () => {
  for (const name of ['local', 'local-small', 'staging']) {
    const environment = await loadEnvironment(name, { checkoutDir });
    for (const { row, goals } of planChecks(environment, { checks: ['**'] })) {
      const begun = { folder: '/runs/x', goals, settings: settingsFor(row.id, environment) };
      const sent: unknown = JSON.parse(JSON.stringify(begun));
      assert.deepEqual(replyTo('check.begin', sent), sent, `${name}: ${row.id}`);
    }
  }
});

test('should take any answer of an order that says no more', () => {
  assert.equal(replyTo('clientLoad.stop', { stopped: true }), null);
  assert.equal(replyTo('check.end', { verdict: 'fail', reason: 'it is so' }), null);
});

test('should hand on whose a setting is that overrides the one of the server, and what hides that', () => {
  const own = {
    name: 'synchronous_commit',
    value: 'on',
    source: 'pg_settings',
    hiddenBy: 'ALTER ROLE plumbline',
  };
  const other = { ...own, value: 'off', override: { role: 'app', database: null } };
  const servers = [{ member: 'pg-0', dataFolders: [], settings: [own, other] }];
  const sent = { servers, clusterWide: false };
  assert.deepEqual(replyTo('store.servers', sent), sent);
});

test('should hand objects on as they are, and refuse what has no name', () => {
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' }, spec: { odd: [1] }, status: {} };
  assert.deepEqual(replyTo('cluster.list', { items: [node] }), { items: [node] });
  const nameless = { apiVersion: 'v1', kind: 'Node', metadata: {} };
  assert.throws(
    () => replyTo('cluster.list', { items: [node, nameless] }),
    /items\.1: not a Kubernetes object/,
  );
});
