/** Generates histories of any length with the characteristics of each store's load, on which the cost of judging depends. */

/** Characteristics of one store's operations in a history. */
export interface Shape {
  store: string;
  members: number;
  /** An outage of `outageSeconds` begins every so many seconds. */
  outageEverySeconds: number;
  outageSeconds: number;
  /** Outcome (1 fail, 2 unknown, 3 unsent) and detail of the operations in an outage, used in turn. */
  failures: readonly (readonly [1 | 2 | 3, string])[];
  /** Detail of the nth write that succeeds; undefined: none. */
  detail?: (n: number) => string | undefined;
  /** One of this many acknowledged writes is lost; one of `doubledEvery` is present twice. */
  lostEvery?: number;
  doubledEvery?: number;
}

/** Detail of an operation that waited for a free connection; the text differs each time. */
const waited = (n: number): string => `waited=${((n * 7919) % 5000) / 10}`;

export const SHAPES: readonly Shape[] = [
  {
    store: 'postgres',
    members: 3,
    outageEverySeconds: 250,
    outageSeconds: 1,
    failures: [
      [2, 'ECONNRESET'],
      [1, 'connect: ECONNREFUSED'],
      [2, '57P01 terminating connection due to administrator command'],
    ],
  },
  {
    store: 'redis',
    members: 3,
    outageEverySeconds: 100,
    outageSeconds: 5,
    failures: [
      [1, 'READONLY You can not write against a read only replica.'],
      [2, 'replicas 0 of 1'],
      [1, 'connect: sentinel: no master'],
    ],
    lostEvery: 1000,
  },
  {
    store: 'rabbitmq',
    members: 3,
    outageEverySeconds: 100,
    outageSeconds: 5,
    failures: [
      [2, 'nack'],
      [2, 'deadline'],
      [1, 'connect: 541 INTERNAL_ERROR'],
    ],
    doubledEvery: 500,
  },
  {
    store: 'elasticsearch',
    members: 3,
    outageEverySeconds: 60,
    outageSeconds: 10,
    failures: [
      [2, '503 unavailable_shards_exception'],
      [2, 'copies 1 of 2'],
      [3, ''],
    ],
    detail: (n) => (n % 2 === 0 ? waited(n) : undefined),
  },
  {
    store: 'neo4j',
    members: 1,
    outageEverySeconds: 90,
    outageSeconds: 45,
    failures: [
      [1, 'connect: connect timeout'],
      [1, 'before COMMIT: ServiceUnavailable'],
      [2, 'Database.DatabaseUnavailable'],
      [3, ''],
    ],
    detail: waited,
  },
];

const SPACING_MS = 5;
/** One read per ten writes, as in the default load. */
const READS_EVERY = 10;

/** The line of the nth write in a history, and the line of a read after every tenth. */
export function linesOf(shape: Shape, n: number, startMs: number): string {
  const due = startMs + (n - 1) * SPACING_MS;
  const write = isDown(shape, n) ? failed(shape, n, due) : succeeded(shape, n, due);
  if (n % READS_EVERY !== 0) return `${write}\n`;
  const read = ['r', n / READS_EVERY, due + 2.5, due + 2.713, due + 4.2, 0, String(n - 1)];
  return `${write}\n${JSON.stringify(read)}\n`;
}

/** Whether the nth write is in an outage. There is none before `outageEverySeconds`. */
export function isDown({ outageEverySeconds, outageSeconds }: Shape, n: number): boolean {
  const atMs = (n - 1) * SPACING_MS;
  const everyMs = outageEverySeconds * 1000;
  return atMs >= everyMs && atMs % everyMs < outageSeconds * 1000;
}

function failed({ failures }: Shape, n: number, due: number): string {
  const [outcome, detail] = failures[n % failures.length] ?? [2, 'deadline'];
  return JSON.stringify([
    'w',
    n,
    due,
    due + 0.213,
    due + 101.847,
    outcome,
    ...(detail === '' ? [] : [detail]),
  ]);
}

function succeeded({ detail }: Shape, n: number, due: number): string {
  const text = detail?.(n);
  return JSON.stringify(['w', n, due, due + 0.213, due + 1.847, 0, ...(text === undefined ? [] : [text])]);
}

/** Result of a read-back: all acknowledged writes, without those that the shape loses, and with its duplicates. */
export function contentsOf(
  shape: Shape,
  operations: number,
): { present: [number, number][]; duplicates: [number, number][] } {
  const present: [number, number][] = [];
  const duplicates: [number, number][] = [];
  for (let n = 1; n <= operations; n++) {
    if (isDown(shape, n) || (shape.lostEvery !== undefined && n % shape.lostEvery === 0)) continue;
    const last = present.at(-1);
    if (last?.[1] === n - 1) last[1] = n;
    else present.push([n, n]);
    if (shape.doubledEvery !== undefined && n % shape.doubledEvery === 0) duplicates.push([n, 2]);
  }
  return { present, duplicates };
}
