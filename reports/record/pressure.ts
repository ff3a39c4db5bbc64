/** Pressure on the machine that holds an embedded environment (Linux PSI), measured beside each trial. */
import { z } from 'zod';

/** File of a trial's folder. It holds no observation: no pass rests on it. */
export const PRESSURE_FILE = 'pressure.ndjson';

/** How long tasks had waited by then, ms since the machine was started: `some` of PSI, which counts time in which at least one waited. */
export const pressureLookSchema = z.strictObject({
  kind: z.literal('pressure'),
  /** CLOCK_MONOTONIC, ms. */
  t: z.number(),
  cpuMs: z.number(),
  memoryMs: z.number(),
  ioMs: z.number(),
  /** For how long the harness itself had waited for a core, and had one, ms since its process began; null where the kernel does not tell. */
  own: z.strictObject({ waitedMs: z.number(), ranMs: z.number() }).nullable(),
});
export type PressureLook = z.infer<typeof pressureLookSchema>;

const sharesSchema = z.object({
  /** Of the whole time, as a ratio. */
  mean: z.number(),
  /** Of the worst stretch of 10 s. */
  most: z.number(),
});
export const pressureSchema = z.object({
  cpu: sharesSchema,
  memory: sharesSchema,
  io: sharesSchema,
  /** Of the time in which the harness itself wanted a core, what it waited for one. */
  own: sharesSchema.nullable(),
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
  const of = (waited: (look: PressureLook) => number): Shares | null =>
    sharesOf(looks.map((look) => ({ t: look.t, waitedMs: waited(look), ofMs: look.t })));
  const [cpu, memory, io] = [
    of(({ cpuMs }) => cpuMs),
    of(({ memoryMs }) => memoryMs),
    of(({ ioMs }) => ioMs),
  ];
  if (cpu === null || memory === null || io === null) return null;
  return { cpu, memory, io, own: ownOf(looks), spanMs: last.t - first.t };
}

function ownOf(looks: readonly PressureLook[]): Shares | null {
  const points = looks.flatMap(({ t, own }): Point[] =>
    own === null ? [] : [{ t, waitedMs: own.waitedMs, ofMs: own.waitedMs + own.ranMs }],
  );
  return points.length < looks.length ? null : sharesOf(points);
}

/** Both count up. */
interface Point {
  t: number;
  waitedMs: number;
  ofMs: number;
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

const shareOf = (from: Point, to: Point): number =>
  to.ofMs > from.ofMs ? (to.waitedMs - from.waitedMs) / (to.ofMs - from.ofMs) : 0;
