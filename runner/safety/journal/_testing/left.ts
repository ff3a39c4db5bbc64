/** For unit tests only: what a run on another machine has left. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempFolder } from '../../../../host/_testing/temp-folder.ts';
import type { Machine, NodePower } from '../../../../faults/_common/rollback.ts';
import type { TestApi } from '../../_testing/api.ts';

export const MIRROR = '/api/v1/namespaces/plumbline-system/configmaps/plumbline-journal';

/** A machine that died: its journal is out of reach, what it did is in the cluster, and so is the mirror. */
export function leftBy(api: TestApi, entries: unknown): void {
  api.put(MIRROR, { data: { holder: 'laptop-a', entries: JSON.stringify(entries) } });
}

export const mirrorOf = (api: TestApi): string =>
  (api.objects.get(MIRROR)?.['data'] as { entries: string } | undefined)?.entries ?? '';

/** A node that it switched off. */
export const POWER = {
  id: '3f0c4b1e-8d0a-4d7e-9f55-1d3b1f6f2a10',
  seq: 1,
  title: 'node-loss of tender/pg-1',
  check: 'failover/postgres/node-loss',
  state: 'pending',
  dueAfterMs: 600_000,
  rollback: { kind: 'node-power', node: 'worker-1', on: ['false'] },
};

/** A machine that can switch nodes on, and what it did. */
export function powerHere(): {
  powerOn: (machine: Pick<Machine, 'node'>) => NodePower;
  switched: () => string;
} {
  const file = join(tempFolder(), 'state');
  writeFileSync(file, '');
  const powerOn = ({ node }: Pick<Machine, 'node'>) => ({
    on: ['sh', '-c', `echo '${node}: on' >>${file}`],
    state: ['cat', file],
    isOn: `${node}: on`,
    isOff: 'off',
    timeoutMs: 5_000,
  });
  return { powerOn, switched: () => readFileSync(file, 'utf8') };
}
