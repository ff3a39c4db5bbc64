import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import { planChecks } from '../../suites/catalogue/index.ts';
import { refuse, rerunOf } from './drill.ts';

const CHECK = 'failover/postgres/node-loss';
const environment = { envOption: 'ops/staging.yaml' };

test('should be refused with 75 where its fault may outlast the permit of the file, the dry run too', async () => {
  const staging = await loadEnvironment('staging');
  const refusalOf = (check: string, seconds: number): { exitCode?: number; message?: string } => {
    const until = new Date(Date.now() + seconds * 1000).toISOString();
    const permit = { checks: [check], faults: ['hang' as const, 'pod-crash' as const], until, ticket: 'T' };
    const permitted = { ...staging, permits: [permit] };
    const [planned = assert.fail()] = planChecks(permitted, { checks: [check] });
    try {
      refuse(permitted, planned, { check, env: 'staging', yes: true, dryRun: true });
      return {};
    } catch (error) {
      return error as { exitCode: number; message: string };
    }
  };
  const { exitCode, message = '' } = refusalOf('failover/postgres/hang', 60);
  assert.equal(exitCode, 75);
  assert.match(message, /^failover\/postgres\/hang cannot be drilled in \S+: its fault may stay for 600 s/);
  assert.deepEqual(refusalOf('failover/postgres/hang', 700), {});
  assert.deepEqual(refusalOf('failover/postgres/pod-crash', 60), {});
});

test('should be repeated with its own options, and not as a run of the check', () => {
  const asked = { check: CHECK, env: 'staging', target: 'majority' as const, also: ['api' as const] };
  assert.equal(
    rerunOf(environment, { ...asked, repeat: 10, yes: true, out: '/runs' }),
    `npx plumbline drill ${CHECK} --env ops/staging.yaml --repeat 10 --target majority --also api`,
  );
});
