import { int } from 'neo4j-driver';
import { monoMs } from '../../host/clock.ts';
import type {
  Bounds,
  QueryAnswer,
  StoreConnection,
  StoreMember,
  StoreQuery,
  StoreTarget,
} from '../store/store-driver.ts';
import { askAny, connectionOf, viewOf } from './ask.ts';
import type { BoltConnection, BoltOptions } from './bolt.ts';
import { leaderOf, seatsOf } from './members.ts';
import { bounded, connectWithin } from './query.ts';

/** The canary's own graph, made again for each trial. */
export const GRAPH_LABEL = 'PlumblineGraph';
const LINK = 'PLUMBLINE_LINK';
const NODES = 240;
const LINKS_EACH = 3;

const INDEX = `CREATE INDEX plumbline_graph IF NOT EXISTS FOR (p:${GRAPH_LABEL}) ON (p.id)`;
const CLEAR = `MATCH (p:${GRAPH_LABEL}) DETACH DELETE p`;
const MAKE_NODES = `UNWIND range(0, $nodes - 1) AS id CREATE (:${GRAPH_LABEL} {id: id})`;
const MAKE_LINKS = `
  UNWIND $links AS link
  MATCH (a:${GRAPH_LABEL} {id: link[0]}), (b:${GRAPH_LABEL} {id: link[1]})
  CREATE (a)-[:${LINK}]->(b)`;
const PATHS = `
  MATCH (a:${GRAPH_LABEL} {id: $from}), (b:${GRAPH_LABEL} {id: $to})
  MATCH path = allShortestPaths((a)-[:${LINK}*..20]->(b))
  RETURN [p IN nodes(path) | p.id] AS ids`;
/** Without its index a graph answers correctly, only slowly: so the index itself is checked. */
const INDEXES = `SHOW INDEXES YIELD name, state, labelsOrTypes, properties WHERE name = 'plumbline_graph'`;
const INDEX_QUESTION = 'the index over the nodes';
const INDEX_ANSWER = [`${GRAPH_LABEL}(id) ONLINE`];

export type Link = readonly [number, number];

/** Directed, the same each time, even (a linear congruential generator; constants of Numerical Recipes). */
function linksOf(seed: number): Link[] {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * NODES);
  };
  // A ring besides, so that every node can be reached.
  const links = Array.from({ length: NODES }, (_, id): Link => [id, (id + 1) % NODES]);
  for (let id = 0; id < NODES; id++)
    for (let i = 1; i < LINKS_EACH; i++) {
      const to = next();
      if (to !== id && !links.some(([a, b]) => a === id && b === to)) links.push([id, to]);
    }
  return links;
}

const LINKS = linksOf(1);
/** Pairs far apart on the ring. */
const ASKED: readonly Link[] = [0, 20, 40, 60, 80, 100, 120, 140, 160, 180].map((from) => [
  from,
  (from + 117) % NODES,
]);
const questionOf = ([from, to]: Link): string => `shortest paths from ${from} to ${to}`;
const nameOf = (ids: readonly number[]): string => ids.join('>');

/** Every shortest path between two nodes, as `a>b>c`, sorted; found by breadth-first search here, so that the store's answer can be compared with it. */
export function shortestPaths(links: readonly Link[], [from, to]: Link): string[] {
  let paths: number[][] = [[from]];
  const seen = new Set([from]);
  while (paths.length > 0 && !seen.has(to)) {
    const longer = paths.flatMap((path) =>
      links.filter(([a, b]) => a === path.at(-1) && !seen.has(b)).map(([, b]) => [...path, b]),
    );
    for (const path of longer) seen.add(path.at(-1) as number);
    paths = longer;
  }
  return paths
    .filter((path) => path.at(-1) === to)
    .map(nameOf)
    .sort();
}

/** Paths through a graph of a few hundred nodes: the same must be found after a failover. */
export const graphQuery: StoreQuery = { prepare, ask };

async function prepare(
  target: StoreTarget,
  bounds: Bounds,
): Promise<Awaited<ReturnType<StoreQuery['prepare']>>> {
  const end = monoMs() + bounds.deadlineMs;
  const left = (): Bounds => ({ ...bounds, deadlineMs: Math.max(1, end - monoMs()) });
  const bookmarks = await using(target.connection, left(), {}, async (bolt) => {
    await bolt.run(INDEX);
    await bolt.run(`CALL db.awaitIndex('plumbline_graph', 30)`);
    await bolt.run(CLEAR);
    await bolt.run(MAKE_NODES, { nodes: int(NODES) });
    return (await bolt.runWithBookmark(MAKE_LINKS, { links: LINKS.map((link) => link.map((id) => int(id))) }))
      .bookmarks;
  });
  // Answered only by a member that has all of it.
  for (const member of await withCopy(target, left()))
    await using(connectionOf(target, member), left(), { direct: true, read: true, bookmarks }, (bolt) =>
      bolt.run('RETURN 1'),
    );
  const leader = await askAny(target, left(), async (bolt, members) =>
    leaderOf(await viewOf(bolt, target), members),
  );
  const paths = ASKED.map((pair) => ({ question: questionOf(pair), answer: shortestPaths(LINKS, pair) }));
  return { leader, expected: [{ question: INDEX_QUESTION, answer: INDEX_ANSWER }, ...paths] };
}

async function ask(target: StoreTarget, of: 'clients' | 'members', bounds: Bounds): Promise<QueryAnswer[]> {
  if (of === 'clients') return answersOf('clients', target.connection, bounds, {});
  const end = monoMs() + bounds.deadlineMs;
  const members = await withCopy(target, bounds);
  const left = { ...bounds, deadlineMs: Math.max(1, end - monoMs()) };
  const answers = await Promise.all(
    members.map((member) =>
      answersOf(member.name, connectionOf(target, member), left, { direct: true, read: true }),
    ),
  );
  return answers.flat();
}

/** Members that hold the database; of a server of a cluster that does not nothing can be read. @throws Error when no member answers */
function withCopy(target: StoreTarget, bounds: Bounds): Promise<StoreMember[]> {
  return askAny(target, bounds, async (bolt, members) => {
    const copies = seatsOf(await viewOf(bolt, target), members).filter(({ copy }) => copy !== null);
    return members.filter((member) => copies.some(({ name }) => name === member.name));
  });
}

function answersOf(
  source: string,
  at: StoreConnection,
  bounds: Bounds,
  options: BoltOptions,
): Promise<QueryAnswer[]> {
  return using(at, bounds, options, async (bolt) => {
    const answers: QueryAnswer[] = [{ source, question: INDEX_QUESTION, answer: await indexesOf(bolt) }];
    for (const pair of ASKED)
      answers.push({ source, question: questionOf(pair), answer: await pathsOf(bolt, pair) });
    return answers;
  });
}

async function indexesOf(bolt: BoltConnection): Promise<string[]> {
  const rows = await bolt.run<{ state: string; labelsOrTypes: string[]; properties: string[] }>(INDEXES);
  return rows.map(
    ({ state, labelsOrTypes, properties }) => `${labelsOrTypes.join()}(${properties.join()}) ${state}`,
  );
}

async function pathsOf(bolt: BoltConnection, [from, to]: Link): Promise<string[]> {
  const rows = await bolt.run<{ ids: number[] }>(PATHS, { from: int(from), to: int(to) });
  return rows.map(({ ids }) => nameOf(ids)).sort();
}

async function using<T>(
  at: StoreConnection,
  bounds: Bounds,
  options: BoltOptions,
  work: (bolt: BoltConnection) => Promise<T>,
): Promise<T> {
  const end = monoMs() + bounds.deadlineMs;
  const bolt = await connectWithin(at, bounds, options);
  try {
    const left = { ...bounds, deadlineMs: Math.max(1, end - monoMs()) };
    return await bounded(bolt, `${at.host}:${at.port}`, left, () => work(bolt));
  } finally {
    bolt.destroy();
  }
}
