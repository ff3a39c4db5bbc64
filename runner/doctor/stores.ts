import { traitsOf } from '../../env/providers/declared.ts';
import type { DeclaredStore, StoreName } from '../../env/schema.ts';
import { askFailureOf, askText, connectError } from '../../probes/asking.ts';
import type { AskFailure } from '../../probes/asking.ts';
import { storeDriver } from '../../probes/stores.ts';
import type { StoreDescription, StoreTarget } from '../../probes/store/store-driver.ts';
import { clientAddresses } from '../../suites/catalogue/plan/reached.ts';
import type { Address } from '../../suites/catalogue/plan/reached.ts';
import { RequestError } from '../../suites/harness/request-error.ts';
import { storesAsked } from '../plan/configuration.ts';
import { tlsAdvice } from './expiry.ts';
import { missing, notNeeded, NOT_REACHED, ok, unknown } from './item.ts';
import type { Item, Kind, Reached, Situation } from './item.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** Each declared store: its addresses, the login as its clients log in, and what it says of its members. Nothing is written. */
export const stores: Kind = { name: 'stores', look };

interface Asking {
  name: StoreName;
  declared: DeclaredStore;
  deadlineMs: number;
  signal: AbortSignal;
}

async function look(situation: Situation): Promise<Item[]> {
  const { environment, running, reached, deadlineMs, signal } = situation;
  const needed = new Set(storesAsked(environment, running));
  const forwarded = traitsOf(environment).reach === 'port-forward';
  const found = Object.entries(environment.stores).map(async ([name, declared]) => {
    const asking = { name: name as StoreName, declared, deadlineMs, signal };
    if (!needed.has(asking.name)) return [notNeeded(`stores.${name}`, 'no planned check asks it')];
    if (forwarded && environment.readOnly === true)
      return [notNeeded(`stores.${name}`, 'cluster.reach: port-forward: a read-only run does not ask it')];
    return reached === null ? withoutCluster(asking, forwarded) : withCluster(asking, reached);
  });
  return (await Promise.all(found)).flat();
}

/** Passwords may be in Secrets, and members are listed by the cluster. */
async function withoutCluster(asking: Asking, forwarded: boolean): Promise<Item[]> {
  const login = unknown(`stores.${asking.name}: login and members`, NOT_REACHED);
  return forwarded ? [login] : [...(await addressItems(asking, null)), login];
}

async function withCluster(asking: Asking, { stores: targets }: Reached): Promise<Item[]> {
  const { name } = asking;
  let target: StoreTarget;
  try {
    target = await targets.target(name);
  } catch (error) {
    return [unknown(`stores.${name}`, `not asked: ${errorText(error)}`)];
  }
  const explained = (error: unknown): unknown => targets.explained(name, error);
  const members = describedItem(asking, target, explained);
  // Through the API server only the store's own view is asked: clients are not forwarded.
  if (target.connection.dial !== undefined) return [await members];
  const looked = [addressItems(asking, asking.declared.primary), loginItems(asking, target)];
  return (await Promise.all([...looked, members])).flat();
}

/** Every declared address. @param except the one at which a client logs in; null: none */
async function addressItems(
  { name, declared, deadlineMs, signal }: Asking,
  except: Address | null,
): Promise<Item[]> {
  const { replica } = declared;
  const distinct = new Map(
    [...clientAddresses(declared), ...(replica === undefined ? [] : [replica])]
      .filter((at) => at !== except)
      .map((at) => [`${at.host}:${at.port}`, at]),
  );
  return Promise.all(
    [...distinct.values()].map(async (at) => {
      const what = `stores.${name} at ${at.host}:${at.port}`;
      const error = await connectError(at, { deadlineMs, signal });
      if (error === null) return ok(what, 'accepts connections');
      return missing(what, askText(error), adviceOf(name, error, at));
    }),
  );
}

/** A login at the address of applications, and at the first address of each further path of clients. */
async function loginItems(asking: Asking, target: StoreTarget): Promise<Item[]> {
  const { declared } = asking;
  const paths = 'paths' in declared ? Object.entries(declared.paths ?? {}) : [];
  const further = paths.flatMap(([path, [first, ...alternatives]]) =>
    first === undefined ? [] : [{ path: ` (path ${path})`, at: first, alternatives }],
  );
  const all = [{ path: '', at: declared.primary, alternatives: [] }, ...further];
  return Promise.all(all.map((one) => loginItem(asking, target, one)));
}

async function loginItem(
  { name, deadlineMs }: Asking,
  { connection }: StoreTarget,
  { path, at, alternatives }: { path: string; at: Address; alternatives: Address[] },
): Promise<Item> {
  const what = `stores.${name}: login at ${at.host}:${at.port}${path}`;
  const to = { ...connection, host: at.host, port: at.port, alternatives };
  const client = storeDriver(name).client(to, 'doctor');
  const session = client.session();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`no connection within the limit of ${deadlineMs} ms`)),
    deadlineMs,
  );
  try {
    await Promise.race([session.open(deadlineMs), late.promise]);
    return ok(what, 'accepted');
  } catch (error) {
    return missing(what, askText(error), adviceOf(name, error, at));
  } finally {
    clearTimeout(timer);
    session.destroy();
    client.end?.();
  }
}

/** What the store says of itself, by the driver's own way of asking it. */
async function describedItem(
  { name, declared, deadlineMs, signal }: Asking,
  target: StoreTarget,
  explained: (error: unknown) => unknown,
): Promise<Item> {
  const what = `stores.${name}: members`;
  try {
    const found = await storeDriver(name).describe(target, { deadlineMs, signal });
    return describedAs(what, found, declared.members);
  } catch (failed) {
    signal.throwIfAborted();
    // The cluster did not list its pods, which is a right of its own.
    if (failed instanceof RequestError) return unknown(what, errorText(failed));
    const error = explained(failed);
    return missing(what, askText(error), adviceOf(name, error, declared.primary));
  }
}

/** As the check of roles judges it, at this moment. */
function describedAs(
  what: string,
  { leader, members, conditions = [] }: StoreDescription,
  declared: number,
): Item {
  const wrong = conditions.filter(({ ok: holds }) => holds === false);
  const said = `${members.length} seen, leader ${leader ?? 'none'}`;
  const more = [
    ...(members.length === declared ? [] : [`members: expected ${declared}, seen ${members.length}`]),
    ...wrong.map(({ name, expected, seen }) => `${name}: expected ${expected}, seen ${seen}`),
  ];
  return more.length === 0
    ? ok(what, said)
    : { ...ok(what, [`answers; ${said}`, ...more].join('; ')), notice: true };
}

const WAY = 'name resolution, NetworkPolicy, firewall';
const wayTo = (_: string, { host, port }: Address): string =>
  `a way from this machine to ${host}:${port} (${WAY}), the right address, or cluster.reach: port-forward`;
const membersOf = (store: string): string => `the right statefulSet, statefulSets or pods of ${store}`;

/** What to do about a failure, in terms of the environment file. */
const ADVICE: Readonly<Record<AskFailure['cause'], (store: string, at: Address) => string>> = {
  credentials: (store) =>
    `the account of ${store} (user, password, or the key in their place), with the rights of deploy/accounts/`,
  tls: (store) => `${store}.tls as the server has it: ca, serverName, client; none where it speaks none`,
  manager: (store) => `the manager that ${store} declares, at its declared port`,
  members: membersOf,
  absent: membersOf,
  protocol: (store) =>
    `${store} as the server is: the port of another service, or TLS on one side alone, looks like this`,
  'too-large': (store) =>
    `less in ${store} that one answer holds (queues, indices): what is said of them has more than 64 MiB`,
  route: wayTo,
  refused: wayTo,
  refuses: wayTo,
  silent: wayTo,
};

function adviceOf(name: string, error: unknown, at: Address): string {
  const { cause } = askFailureOf(error);
  const advice = ADVICE[cause](`stores.${name}`, at);
  return cause === 'tls' ? tlsAdvice(error, advice) : advice;
}
