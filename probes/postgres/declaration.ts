import { z } from 'zod';
import { kubeName, port, secretSource } from '../declaring.ts';
import { common } from '../store/declaring.ts';
import type { StoreKind } from '../store/declaring.ts';
import { GOVERNING } from './governing.ts';

const postgres = z.strictObject({
  ...common,
  database: z.string().min(1),
  user: z.string().min(1),
  password: secretSource,
  services: z
    .strictObject({ primary: kubeName, replica: kubeName.optional() })
    .describe('Services in the namespace of the StatefulSet whose endpoints follow the roles'),
  patroni: z
    .strictObject({ port, scope: z.string().min(1) })
    .optional()
    .describe('REST port of Patroni in each pod, and the name of its cluster'),
});

declare module '../store/declaring.ts' {
  interface StoreDeclarations {
    postgres: z.infer<typeof postgres>;
  }
}

export const store: StoreKind = {
  name: 'postgres',
  order: 10,
  label: 'PostgreSQL',
  schema: postgres,
  seconds: { 'pod-crash': 30, 'pod-delete': 15, hang: 35, 'node-loss': 45, partition: 45, switchover: 10 },
  goals: { lostWrites: 0 },
  lostText: '0 acknowledged writes lost',
  dataFolders: ['/var/lib/postgresql'],
  recorded: {
    governing: { read: { ...GOVERNING.patroni, ...GOVERNING.server } },
    members: {
      serving: 'running',
      following: 'streaming',
      roles: ['replica', 'sync_standby', 'quorum_standby'],
    },
  },
};
