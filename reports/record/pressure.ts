/** How busy the machine of an embedded environment is (Linux PSI), or the nodes of a cluster, measured beside each trial. */
import { z } from 'zod';

/** File of a trial's folder. It holds no observation: no pass rests on it. */
export const PRESSURE_FILE = 'pressure.ndjson';

/**
 * Time that tasks have waited since boot, ms: `some` of PSI, which counts time in which at least one waited. Null on clusters that are
 * not embedded, of whose nodes only the cores are known.
 */
export const pressureLookSchema = z.strictObject({
  kind: z.literal('pressure'),
  /** CLOCK_MONOTONIC, ms. */
  t: z.number(),
  cpuMs: z.number().nullable(),
  memoryMs: z.number().nullable(),
  ioMs: z.number().nullable(),
  /** CPU time so far, ms: of everything that runs there, and of the environment and the harness alone; null: it could not be read. */
  cores: z
    .strictObject({
      count: z.number(),
      busyMs: z.number(),
      oursMs: z.number(),
      /** How much of the time so far these figures cover, ms; left out: all of it. */
      knownMs: z.number().optional(),
    })
    .nullable(),
  /** For a cluster: number of its nodes covered, those that hold pods of the environment. */
  nodes: z.int().optional(),
  /** Greatest lateness of the harness since the look before, ms; left out: not measured. */
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
  /** Share of all cores used by others than the environment and the harness. */
  others: sharesSchema.nullable(),
  /** Share of all cores used by anything; left out by versions that did not say. */
  used: sharesSchema.nullable().optional(),
  /** For a cluster: number of nodes covered, those that hold pods of the environment; left out for an embedded one. */
  nodes: z.int().optional(),
  /** Greatest lateness of the harness itself, ms. */
  lateMs: z.number().optional(),
  /** How long it was measured, ms. */
  spanMs: z.number(),
});
export type Shares = z.infer<typeof sharesSchema>;
export type Pressure = z.infer<typeof pressureSchema>;

/**
 * Goals of time count only if processes of neither the environment nor the harness took at most this share of the cores, on average over
 * the trial. Ten times that of a free machine, and below where the first verdict changed (between 31 and 50 %):
 * docs/adr/0013-too-busy-to-judge.md.
 */
export const MOST_OTHERS = 0.25;

/**
 * From this share on, on average over a trial, whatever runs there waits for a core: a report then says that a goal may be missed for the machine.
 * It changes no verdict. A platform that took 62 % of two cores at rest took 92 to 100 % in the checks that missed their goals
 * (docs/measured.md, "Whole runs").
 */
export const FULL = 0.9;

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
    others: coresOf(looks, ({ all, ours }) => (ours < 0 ? 0 : Math.max(0, all - ours))),
    used: coresOf(looks, ({ all }) => all),
    ...(last.nodes !== undefined && { nodes: last.nodes }),
    ...latest(looks),
    spanMs: last.t - first.t,
  };
}

/** If less than this part of the time is known, it says nothing about the rest. */
const LEAST_KNOWN = 0.5;

/**
 * Shares of the cores. When a process of ours ends between two looks, our CPU time can drop: it is negative then, and our share unknown.
 * @param taken the part of the CPU time between two looks that counts, ms of one core
 * @returns null if too little of the time is known
 */
function coresOf(
  looks: readonly PressureLook[],
  taken: (between: { all: number; ours: number }) => number,
): Shares | null {
  const points: Point[] = [];
  let ms = 0;
  for (const [i, { t, cores }] of looks.entries()) {
    const before = looks[i - 1]?.cores ?? cores;
    if (cores === null || before === null) return null;
    ms += taken({ all: cores.busyMs - before.busyMs, ours: cores.oursMs - before.oursMs }) / cores.count;
    points.push({ t: cores.knownMs ?? t, ms });
  }
  const spanOf = (of: readonly { t: number }[]): number => (of.at(-1)?.t ?? 0) - (of[0]?.t ?? 0);
  return spanOf(points) < LEAST_KNOWN * spanOf(looks) ? null : sharesOf(points);
}

interface Point {
  t: number;
  /** Cumulative. */
  ms: number;
}

/** The first look is left out: its lateness is from before. */
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
    // The shortest stretch of at least 10 s that ends here.
    const from = points.findLast(({ t }) => to.t - t >= STRETCH_MS);
    return from === undefined ? [] : [shareOf(from, to)];
  });
  return { mean, most: stretches.length === 0 ? mean : Math.max(...stretches) };
}

const shareOf = (from: Point, to: Point): number => (to.t > from.t ? (to.ms - from.ms) / (to.t - from.t) : 0);
