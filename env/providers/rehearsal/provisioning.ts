/** The `plumbline env …` commands for the rehearsal: those of an embedded environment, of its instance. */
import * as embedded from '../embedded/provisioning.ts';
import type { Provisioning } from '../provider.ts';
import { INSTANCE } from './declaration.ts';

type Of<Method extends keyof Provisioning> = Provisioning<'rehearsal'>[Method];

const at = { embedded: INSTANCE, size: 'small' } as const;

export const check: Of<'check'> = (_cluster, how) => embedded.check(at, how);

export const up: Of<'up'> = (_cluster, how) => embedded.up(at, how);

export const down: Of<'down'> = (_cluster, how) => embedded.down(at, how);

export const status: Of<'status'> = (_cluster, how) => embedded.status(at, how);
