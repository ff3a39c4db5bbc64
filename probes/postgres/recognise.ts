import { beside, todo } from '../drafting.ts';
import type { DraftMap } from '../drafting.ts';
import { commonSection, imageName, portsOf } from '../store/recognising.ts';
import type { SeenSet, SeenStore, StoreRecognition } from '../store/recognising.ts';

const CNPG = 'cnpg.io/cluster';
/** Of Crunchy's operator, and of Percona's, which began as a copy of it. */
const CRUNCHY = 'postgres-operator.crunchydata.com/cluster';
const CRUNCHY_DATA = 'postgres-operator.crunchydata.com/data';
const STACKGRES = 'stackgres.io/cluster-name';
/** Of Zalando's operator and of Patroni's own examples (Patroni documentation, "Using Patroni with Kubernetes"). */
const PATRONI = 'cluster-name';
/** Patroni's REST API (its documentation, `restapi.listen`). */
const REST_PORT = 8008;

function section(seen: SeenStore, recognition: StoreRecognition): DraftMap {
  const [set] = seen.sets;
  const manager = managerOf(set);
  return {
    ...commonSection(seen, { recognition, oneLeads: true, ...manager.common }),
    database: beside('plumbline', "the canary's own, never the platform's"),
    user: 'plumbline',
    ...manager.section,
  };
}

interface Managed {
  common: { pods?: Readonly<Record<string, string>>; tls?: string };
  section: DraftMap;
}

/** Who decides which member leads, by labels, images and ports. */
function managerOf(set: SeenSet): Managed {
  const { labels } = set;
  const cnpg = labels[CNPG];
  if (cnpg !== undefined)
    return {
      common: {
        pods: { [CNPG]: cnpg, 'cnpg.io/podRole': 'instance' },
        tls: `CloudNativePG always speaks TLS; ca.crt of the Secret ${cnpg}-ca`,
      },
      section: {},
    };
  const crunchy = labels[CRUNCHY];
  if (crunchy !== undefined)
    return {
      common: {
        pods: { [CRUNCHY]: crunchy, [CRUNCHY_DATA]: 'postgres' },
        tls: `ca.crt of the Secret ${crunchy}-cluster-cert`,
      },
      section: { partition: { also: ['api'] } },
    };
  const listens = set.containers.flatMap(portsOf).some(({ containerPort }) => containerPort === REST_PORT);
  const scope = labels[PATRONI];
  if (listens || scope !== undefined || has(set, /^(spilo|patroni)/))
    return {
      common: {},
      section: {
        patroni: {
          port: REST_PORT,
          scope: scope === undefined ? todo(set.name, 'the name of its cluster: patronictl list') : scope,
        },
        partition: beside({ also: ['api'] }, 'where it elects its leader through the API server'),
      },
    };
  return { common: {}, section: has(set, /repmgr/) ? { repmgr: {} } : {} };
}

function has({ containers }: SeenSet, name: RegExp): boolean {
  return containers.some(({ image }) => name.test(imageName(image)));
}

export const recognition: StoreRecognition = {
  name: 'postgres',
  // The server's own image, those of charts, and those of operators: CloudNativePG, Zalando, Crunchy, Percona.
  image:
    /^(postgres|postgresql(-(repmgr|ha|\d+))?|postgis|pgvector|timescaledb(-ha)?|spilo(-\d+)?|patroni|pg-repmgr|crunchy-postgres(-.+)?|percona-(distribution-)?postgresql.*)$/,
  port: 5432,
  // The database of Percona's operator may have the operator's own image by another tag, such as 2.4.1-ppg16-postgres.
  server: ({ labels }) => labels[CRUNCHY_DATA] === 'postgres',
  together: [CNPG, CRUNCHY, STACKGRES, PATRONI],
  section,
};
