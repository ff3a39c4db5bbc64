/**
 * A second tenant of a cluster on this machine: `npm run tenant -- --env NAME [--minutes 180]`, beside runs, controls or
 * `npm run repeat`. In a namespace of its own it deploys, scales, evicts, rolls nodes (cordons one, moves its own pods away and opens it
 * again) and makes load with a bounded share of a core. What it does is printed with its time, so that a verdict can be held against it. It
 * ends by itself; when it ends or is interrupted, its namespace is removed and the node is open again.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { INSTANCES, stateDir } from '../host/paths.ts';
import type { InstanceName } from '../host/paths.ts';
import { kubeCallFrom } from '../runner/provider-safety.ts';
import { Tenant } from './tenant/tenant.ts';

/** An image with busybox that the registry of each environment has. */
const IMAGES: Readonly<Record<InstanceName, string>> = {
  local: 'registry.plumbline.test:5000/busybox:1.35',
  'local-small': 'registry.plumbline.test:5000/busybox:1.35',
  rehearsal: 'registry.plumbline.test:5000/node-tools:1',
};
const MINUTE_MS = 60_000;

const { values } = parseArgs({
  options: {
    env: { type: 'string', default: '' },
    minutes: { type: 'string', default: '180' },
  },
});
const instance = INSTANCES.find((name) => name === values.env);
const minutes = Number(values.minutes);
if (instance === undefined || !(minutes > 0 && minutes <= 24 * 60)) {
  process.stderr.write(`usage: npm run tenant -- --env ${INSTANCES.join('|')} [--minutes 1 to 1440]\n`);
  process.exit(64);
}

const interrupt = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort());
const kube = kubeCallFrom(join(stateDir(instance), 'kubeconfig'));
const tenant = new Tenant(kube.call, {
  image: IMAGES[instance],
  say: (what) => process.stdout.write(`${new Date().toISOString()} ${what}\n`),
});
try {
  await tenant.begin();
  const until = performance.now() + minutes * MINUTE_MS;
  while (performance.now() < until && !interrupt.signal.aborted) {
    await tenant.act();
    await sleep(tenant.pauseMs, undefined, { signal: interrupt.signal }).catch(() => undefined);
  }
} finally {
  await tenant.end().finally(() => kube.close());
}
