/** In which unit a histogram of durations is: by its name, by what its target says of it, by its boundaries, and as it was said. */
import { UNIT_MS } from '../../../record/objective.ts';
import type { DurationUnit, Objective } from '../../../record/objective.ts';
import type { Seen } from '../../../record/observations/index.ts';
import { leOf, positiveEdges } from './boundaries.ts';
import type { Found } from './selector.ts';

type There = Pick<Seen<'metric-there'>, 'families' | 'values'>;

/** Suffixes of names: Prometheus' "Metric and label naming" has base units, exporters have others as well. */
const SUFFIXES: Readonly<Record<string, DurationUnit>> = Object.fromEntries(
  Object.entries({
    seconds: 'second secs sec s',
    milliseconds: 'millisecond millis msecs msec ms',
    microseconds: 'microsecond micros usecs usec us',
    nanoseconds: 'nanosecond nanos nsecs nsec ns',
    minutes: 'minute',
  } satisfies Record<DurationUnit, string>).flatMap(([unit, words]) =>
    [unit, ...words.split(' ')].map((word) => [word, unit as DurationUnit]),
  ),
);
/** In metadata alone: in a name it may be the least of something. UCUM, as OpenTelemetry writes units. */
const OF_METADATA: Readonly<Record<string, DurationUnit>> = { ...SUFFIXES, min: 'minutes' };

/** The names under which metadata of a metric may be kept: its own, and that of its histogram, summary or OpenMetrics counter. */
export function familiesOf(metric: string): string[] {
  return [...new Set([metric, familyOf(metric)])];
}

const familyOf = (metric: string): string => metric.replace(/_(?:bucket|count|sum|total)$/, '');

interface Claim {
  by: string;
  unit: DurationUnit;
}

/** Why the unit of a histogram is not the one that was said, or cannot be known; null: nothing speaks against it. */
export function unitGap(selector: Found, there: There, { histogram = null }: Objective): string | null {
  if (leOf(selector) === undefined) return null;
  const { metric } = selector;
  const claims = [...byName(metric), ...byMetadata(there)];
  const unit = histogram?.unit ?? claims[0]?.unit;
  if (unit === undefined) return null;
  return (
    otherUnit(metric, claims, histogram) ??
    implausibleUnit(metric, unit, there) ??
    (claims.length > 0 ? null : unshownUnit(metric, unit, there))
  );
}

function otherUnit(
  metric: string,
  claims: readonly Claim[],
  histogram: Objective['histogram'],
): string | null {
  const [first] = claims;
  const expected = histogram ?? first;
  const other = claims.find(({ unit }) => unit !== expected?.unit);
  if (other === undefined || first === undefined) return null;
  const begun = `${metric} is in ${other.unit} by ${other.by}`;
  return histogram == null
    ? `${begun}, but in ${first.unit} by ${first.by}: take the histogram whose name and unit agree, or rename it`
    : `${begun}, and ${histogram.unit} was said: ${adviceFor(histogram, other.unit)}`;
}

function implausibleUnit(metric: string, unit: DurationUnit, there: There): string | null {
  const edges = positiveEdges(there);
  const odd = implausible(unit, edges);
  return odd === null
    ? null
    : `${metric} cannot be in ${unit}: ${odd}; its boundaries are ${edges.join(', ')}: say the unit that it is in`;
}

function unshownUnit(metric: string, unit: DurationUnit, there: There): string | null {
  const edges = positiveEdges(there);
  return likely(edges) === unit
    ? null
    : `${metric} says its unit neither by its name nor by its metadata, and its boundaries (${edges.join(', ') || 'none'}) do not tell whether it is ${unit}`;
}

function adviceFor({ atMost, unit: said }: NonNullable<Objective['histogram']>, unit: DurationUnit): string {
  const there = Number(((atMost * UNIT_MS[said]) / UNIT_MS[unit]).toPrecision(12));
  return `the goal of ${atMost} ${said} would be le="${there}" in it; say unit: ${unit} and select that`;
}

function byName(metric: string): Claim[] {
  // Of a name that was not translated for Prometheus the words are apart by dots.
  const unit = SUFFIXES[familyOf(metric).split(/[_.]/).at(-1) ?? ''];
  return unit === undefined ? [] : [{ by: 'its name', unit }];
}

/** Of metadata the unit alone: HELP is prose, and there are controllers whose HELP says milliseconds of what is in seconds. */
function byMetadata({ families }: There): Claim[] {
  const units = new Set(families.flatMap(({ unit }) => OF_METADATA[unit] ?? []));
  // Metadata are not told by target: where two targets differ, nobody knows which of them is the service.
  return units.size > 1 ? [] : [...units].map((unit) => ({ by: 'its metadata', unit }));
}

/** No histogram of requests reaches to more than this, ms: Istio's default boundaries do, an hour. */
const LONGEST_MS = 2 * 3_600_000;
/** Nor is its last boundary below this, ms: it could not tell any slow request. */
const LEAST_LAST_MS = 100;

/** Nor is its first one below this where the last is such as seconds are given with, ms: libraries begin with 1 or 5 thousandths of a second. */
const LEAST_FIRST_MS = 0.05;
const LAST_OF_SECONDS = 600;
/** Of the round numbers of milliseconds above 60 (libraries and gateways have most of them) so many; in seconds people count by minutes. */
const ROUND_MS: readonly number[] = [100, 250, 500, 1000, 2500, 5000];
const MOST_ROUND = 4;

function isLadderOfMs(edges: readonly number[]): boolean {
  const [lowest = 0] = edges;
  return lowest >= 1 && edges.filter((edge) => ROUND_MS.includes(edge)).length >= MOST_ROUND;
}

/** Why boundaries cannot be of a unit; null: they can. */
function implausible(unit: DurationUnit, edges: readonly number[]): string | null {
  const last = edges.at(-1);
  if (last === undefined) return null;
  const ms = last * UNIT_MS[unit];
  if (unit === 'seconds' && isLadderOfMs(edges))
    return 'they are as they are given in milliseconds, such as the default ones of OpenTelemetry whatever the unit is';
  if (ms > LONGEST_MS) return `its last boundary, ${last}, would be ${Math.round(ms / 3_600_000)} hours`;
  if (ms < LEAST_LAST_MS) return `its last boundary, ${last}, would be ${Number(ms.toPrecision(3))} ms`;
  const [lowest = last] = edges;
  return unit === 'milliseconds' && lowest < LEAST_FIRST_MS && last <= LAST_OF_SECONDS
    ? `its first boundary, ${lowest}, would be ${Number((lowest * 1000).toPrecision(3))} µs`
    : null;
}

/** What boundaries of usual histograms of requests are in: those of libraries and gateways reach from some ms to some minutes. */
function likely(edges: readonly number[]): DurationUnit | null {
  const [lowest = 1] = edges;
  const last = edges.at(-1) ?? 0;
  if (lowest < 1 && last <= 600) return 'seconds';
  return lowest >= 0.1 && last >= 1000 ? 'milliseconds' : null;
}
