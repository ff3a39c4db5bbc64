/** What the owners of the rehearsal do to it, as its administrators: they break something, and put it back whatever happened meanwhile. */
import { kubectl, type StoreRows } from './platform.ts';

/** A member: its pod, and the StatefulSet that makes it. */
export interface Member {
  readonly namespace: string;
  readonly pod: string;
  readonly set: string;
}

const READY_WITHIN = '180s';
const READY_MS = 190_000;

/** The members of a store, as they are declared. */
export function membersOf({ statefulSet, statefulSets, members }: StoreRows): Member[] {
  const { namespace = '', name: single = '' } = statefulSet ?? {};
  const sets = statefulSets?.sets ?? [{ name: single, members }];
  return sets.flatMap(({ name, members: count }) =>
    Array.from({ length: count }, (_, at) => ({
      namespace: statefulSets?.namespace ?? namespace,
      pod: `${name}-${at}`,
      set: name,
    })),
  );
}

/** Breaks, looks, and puts back. @param broken returns what puts it back */
export async function whileBroken<T>(
  broken: () => Promise<() => Promise<void>>,
  look: () => Promise<T>,
): Promise<T> {
  const mend = await broken();
  try {
    return await look();
  } finally {
    await mend();
  }
}

/** Runs a command in a member. */
export function inMember(
  { namespace, pod }: Member,
  container: string,
  command: readonly string[],
): Promise<string> {
  return kubectl(['-n', namespace, 'exec', pod, '-c', container, '--', ...command]);
}

/** One statement on the server of a member of PostgreSQL, as its superuser. */
export async function sqlIn(member: Member, statement: string, database = 'postgres'): Promise<string> {
  const psql = ['psql', '-h', '/run/pg', '-U', 'postgres', '-d', database, '-XAtqc', statement];
  return (await inMember(member, 'server', psql)).trim();
}

/** A member of PostgreSQL that is in recovery. @throws Error when there is none */
export async function replicaOfPostgres(rows: StoreRows): Promise<Member> {
  for (const member of membersOf(rows).toReversed())
    if ((await sqlIn(member, 'SELECT pg_is_in_recovery()')) === 't') return member;
  throw new Error('no member of PostgreSQL is a replica');
}

export async function waitReady({ namespace, pod }: Member): Promise<void> {
  await kubectl(
    ['-n', namespace, 'wait', '--for=create', `pod/${pod}`, `--timeout=${READY_WITHIN}`],
    READY_MS,
  );
  await kubectl(
    ['-n', namespace, 'wait', '--for=condition=Ready', `pod/${pod}`, `--timeout=${READY_WITHIN}`],
    READY_MS,
  );
}

/** Its node takes no pod any more, and the pod is deleted: it stays Pending, since its volume is on that node. */
export async function leavePending(member: Member): Promise<() => Promise<void>> {
  const { namespace, pod } = member;
  const node = await kubectl(['-n', namespace, 'get', 'pod', pod, '-o', 'jsonpath={.spec.nodeName}']);
  const mend = async (): Promise<void> => {
    await kubectl(['uncordon', node]);
    await waitReady(member);
  };
  try {
    await kubectl(['cordon', node]);
    await kubectl(['-n', namespace, 'delete', 'pod', pod], READY_MS);
    await kubectl(['-n', namespace, 'wait', '--for=create', `pod/${pod}`, '--timeout=60s'], READY_MS);
  } catch (error) {
    await mend();
    throw error;
  }
  return mend;
}

/** One more pod than is declared, in the last StatefulSet of the store. */
export async function addMember(members: readonly Member[]): Promise<() => Promise<void>> {
  const last = members.at(-1);
  if (last === undefined) throw new Error('the store has no members');
  const { namespace, set } = last;
  const declared = members.filter((one) => one.set === set).length;
  const added = `${set}-${declared}`;
  const scale = (replicas: number): Promise<string> =>
    kubectl(['-n', namespace, 'scale', `statefulset/${set}`, `--replicas=${replicas}`]);
  const mend = async (): Promise<void> => {
    await scale(declared);
    await kubectl(['-n', namespace, 'wait', '--for=delete', `pod/${added}`, '--timeout=120s'], READY_MS);
    const claims = ['-n', namespace, 'get', 'pvc', '-o', 'name'];
    const own = (await kubectl(claims)).split('\n').filter((name) => name.endsWith(`-${added}`));
    if (own.length > 0) await kubectl(['-n', namespace, 'delete', ...own], READY_MS);
  };
  try {
    await scale(declared + 1);
    await kubectl(['-n', namespace, 'wait', '--for=create', `pod/${added}`, '--timeout=60s'], READY_MS);
  } catch (error) {
    await mend();
    throw error;
  }
  return mend;
}
