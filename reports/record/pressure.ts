/** How busy the machine of an embedded environment is (Linux PSI), or the nodes of a cluster, measured beside each trial. */
import { z } from 'zod';

/** File of a trial's folder. It holds no observation: no pass rests on it. */
export const PRESSURE_FILE = 'pressure.ndjson';

/**
 * How long tasks had waited by then, ms since the machine was started: `some` of PSI, which counts time in which at least one waited. Null on other
 * clusters than embedded ones, of whose nodes only the cores are known.
 */
export const pressureLookSchema = z.strictObject({
  kind: z.literal('pressure'),
  /** CLOCK_MONOTONIC, ms. */
  t: z.number(),
  cpuMs: z.number().nullable(),
  memoryMs: z.number().nullable(),
  ioMs: z.number().nullable(),
  /** CPU time by then of everything that runs there, and of the environment and the harness, ms; null: it could not be read. */
  cores: z
    .strictObject({
      count: z.number(),
      busyMs: z.number(),
      oursMs: z.number(),
      /** How much of the time by then that is about, ms; left out where it is all of it. */
      knownMs: z.number().optional(),
    })
    .nullable(),
  /** Of a cluster: how many of its nodes that is about, those that hold pods of the environment. */
  nodes: z.int().optional(),
  /** How late the harness was at most since the look before, ms; left out where that is not measured. */
  lateMs: z.number().optional(),
});
export type PressureLook = z.infer<typeof pressureLookSchema>;

const sharesSchema = z.object({
  /** Of the whole time, as a ratio. */
  mean: z.number(),
  /** Of the worst stretch of 10 s. */
  most: z.number(),
});
export const pressureSchema = z.object({
  cpu: sharesSchema.nullable(),
  memory: sharesSchema.nullable(),
  io: sharesSchema.nullable(),
  /** What others than the environment and the harness took of all cores. */
  others: sharesSchema.nullable(),
  /** Of a cluster: on how many nodes, those that hold pods of the environment; left out for the machine of an embedded one. */
  nodes: z.int().optional(),
  /** How late the harness itself was at most, ms. */
  lateMs: z.number().optional(),
  /** How long it was measured, ms. */
  spanMs: z.number(),
});
export type Shares = z.infer<typeof sharesSchema>;
export type Pressure = z.infer<typeof pressureSchema>;

const STRETCH_MS = 10_000;

/** Shares from looks in the order of their times; null where fewer than two were taken. */
export function pressureOf(looks: readonly PressureLook[]): Pressure | null {
  const [first, last] = [looks[0], looks.at(-1)];
  if (first === undefined || last === undefined || last.t <= first.t) return null;
  const of = (waited: (look: PressureLook) => number | null): Shares | null => {
    const points = looks.map((look) => ({ t: look.t, ms: waited(look) }));
    return points.every(isKnown) ? sharesOf(points) : null;
  };
  return {
    cpu: of(({ cpuMs }) => cpuMs),
    memory: of(({ memoryMs }) => memoryMs),
    io: of(({ ioMs }) => ioMs),
    others: othersOf(looks),
    ...(last.nodes !== undefined && { nodes: last.nodes }),
    ...latest(looks),
    spanMs: last.t - first.t,
  };
}

/** Of less than this part of the time nobody knows what the rest was like. */
const LEAST_KNOWN = 0.5;

/**
 * A process of ours that ends between two looks may take what it has used out of our books: nobody knows then how much of the time was
 * ours, and all of it counts as such. Null where too little of the time is known.
 */
function othersOf(looks: readonly PressureLook[]): Shares | null {
  const points: Point[] = [];
  let ms = 0;
  for (const [i, { t, cores }] of looks.entries()) {
    const before = looks[i - 1]?.cores ?? cores;
    if (cores === null || before === null) return null;
    const [all, ours] = [cores.busyMs - before.busyMs, cores.oursMs - before.oursMs];
    if (ours >= 0) ms += Math.max(0, all - ours) / cores.count;
    points.push({ t: cores.knownMs ?? t, ms });
  }
  const spanOf = (of: readonly { t: number }[]): number => (of.at(-1)?.t ?? 0) - (of[0]?.t ?? 0);
  return spanOf(points) < LEAST_KNOWN * spanOf(looks) ? null : sharesOf(points);
}

interface Point {
  t: number;
  /** Counts up. */
  ms: number;
}

/** What the first look says was before. */
function latest([, ...looks]: readonly PressureLook[]): { lateMs?: number } {
  const late = looks.flatMap(({ lateMs }) => lateMs ?? []);
  return late.length === 0 ? {} : { lateMs: Math.max(...late) };
}

function isKnown(point: { t: number; ms: number | null }): point is Point {
  return point.ms !== null;
}

function sharesOf(points: readonly Point[]): Shares | null {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return null;
  const mean = shareOf(first, last);
  const stretches = points.flatMap((to) => {
    // The shortest of at least 10 s that ends here.
    const from = points.findLast(({ t }) => to.t - t >= STRETCH_MS);
    return from === undefined ? [] : [shareOf(from, to)];
  });
  return { mean, most: stretches.length === 0 ? mean : Math.max(...stretches) };
}

const shareOf = (from: Point, to: Point): number => (to.t > from.t ? (to.ms - from.ms) / (to.t - from.t) : 0);
