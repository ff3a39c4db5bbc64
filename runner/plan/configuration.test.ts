import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setVariable } from '../../host/_testing/variable.ts';
import { EXIT } from '../../host/errors.ts';
import { loadEnvironment } from '../../env/loader.ts';
import type { Environment } from '../../env/schema.ts';
import { planChecks } from '../../suites/catalogue/index.ts';
import { requireConfiguration } from './configuration.ts';

const staging = await loadEnvironment('staging');
const [certificate] = staging.topology.certificates;

/** Staging with nothing that it names, and this besides. */
function naming(more: object): Environment {
  const { stores: _s, application: _a, ai: _i, prometheus: _p, telemetry: _t, ...rest } = staging;
  const { edge: _e, certificates: _c, ...topology } = staging.topology;
  const kubeconfig = { file: import.meta.filename };
  const cluster = { ...staging.cluster, kubeconfig };
  return { ...rest, stores: {}, telemetry: {}, topology, ...more, cluster } as unknown as Environment;
}

/** What is said of an environment before a run of this check; null: nothing. */
function saidOf(environment: Environment, check: string, scope: 'profile' | 'selection'): string | null {
  const planned = planChecks(staging, { checks: [check] }).map((one) => ({ ...one, notRun: null }));
  try {
    requireConfiguration(environment, planned, scope);
    return null;
  } catch (error) {
    assert.ok(error instanceof Error && 'exitCode' in error && error.exitCode === EXIT.usage);
    return error.message;
  }
}

const PODS = 'failover/postgres/pod-crash';
const LOAD = 'performance/api/latency';
const NODES = 'topology/nodes/pools';
const FILE = { file: '/no/such.pem' };

it('should refuse the authority of a store that is not there, where the store is asked', (t) => {
  setVariable(t, 'PLUMBLINE_UNSET', undefined);
  const withAuthority = (ca: object): Environment =>
    naming({ stores: { postgres: { ...staging.stores.postgres, password: undefined, tls: { ca } } } });
  const where = 'the file /no/such.pem (stores.postgres.tls.ca) does not exist';
  assert.equal(saidOf(withAuthority(FILE), PODS, 'selection'), `staging cannot be asked: ${where}`);
  assert.equal(saidOf(withAuthority(FILE), PODS, 'profile'), `staging cannot be asked: ${where}`);
  // It disturbs, and a run that does asks every store at its end.
  assert.equal(saidOf(withAuthority(FILE), LOAD, 'profile'), `staging cannot be asked: ${where}`);
  assert.equal(saidOf(withAuthority(FILE), NODES, 'profile'), null);
  assert.equal(saidOf(withAuthority(FILE), NODES, 'selection'), null);
  assert.equal(
    saidOf(withAuthority({ env: 'PLUMBLINE_UNSET' }), PODS, 'selection'),
    'staging cannot be asked: the environment variable PLUMBLINE_UNSET is not set',
  );
});

it('should refuse the authority of the edge that is not there, where the application is asked', () => {
  const environment = naming({
    topology: { ...staging.topology, certificates: [], edge: { ...staging.topology.edge, trust: FILE } },
  });
  const where = 'the file /no/such.pem (topology.edge.trust) does not exist';
  for (const scope of ['selection', 'profile'] as const) {
    assert.equal(saidOf(environment, 'topology/edge/path', scope), `staging cannot be asked: ${where}`);
    assert.equal(saidOf(environment, NODES, scope), null);
  }
});

it('should refuse the authority of a declared certificate that is not there, where it is looked at', () => {
  const environment = naming({
    topology: { ...staging.topology, edge: undefined, certificates: [{ ...certificate, trust: FILE }] },
  });
  const where = 'the file /no/such.pem (topology.certificates.0.trust) does not exist';
  const versions = 'topology/cluster/versions';
  for (const scope of ['selection', 'profile'] as const) {
    assert.equal(saidOf(environment, versions, scope), `staging cannot be asked: ${where}`);
    assert.equal(saidOf(environment, NODES, scope), null);
  }
});

it('should refuse for a profile a password that is not there, whatever its checks ask', () => {
  const environment = naming({ stores: { postgres: { ...staging.stores.postgres, password: FILE } } });
  const where = 'the file /no/such.pem (stores.postgres.password) does not exist';
  assert.equal(saidOf(environment, NODES, 'profile'), `staging cannot be asked: ${where}`);
  assert.equal(saidOf(environment, NODES, 'selection'), null);
});

it('should never say what the variable of a kubeconfig holds', (t) => {
  setVariable(t, 'PLUMBLINE_HOLDS', 'apiVersion: v1');
  const cluster = { ...staging.cluster, kubeconfig: { env: 'PLUMBLINE_HOLDS' } };
  const said = saidOf({ ...naming({}), cluster }, NODES, 'selection') ?? '';
  assert.match(said, /variable PLUMBLINE_HOLDS \(cluster\.kubeconfig\) holds no path of an existing file/);
  assert.doesNotMatch(said, /apiVersion/);
});
