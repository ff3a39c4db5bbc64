/** Whose histories they are: a file says nothing of a check by the folder in which it stands. */
import type { History } from '../record/history/history.ts';
import { all } from './observed.ts';

/** What a run says of the histories that it made. */
export interface Identity {
  check: string;
  /** Left out: what it is of is known only by its check. */
  run?: { id: string; environment: string; apiAddress: string | undefined } | undefined;
}

/** Why a history is none of this check in this run; null: it is, as far as it says. */
export function foreignText({ header, observations, paths = [] }: History, of: Identity): string | null {
  const told = (what: string, is = 'none', was = 'none'): string =>
    `the history is of another ${what}: ${is}, expected ${was}`;
  const { check, trial, run, environment, settings } = header;
  if (check !== of.check) return told('check', check, of.check);
  const { run: wanted } = of;
  if (wanted === undefined) return null;
  if (environment !== wanted.environment) return told('environment', environment, wanted.environment);
  const { apiAddress } = settings;
  if (apiAddress !== wanted.apiAddress) return told('address of the cluster', apiAddress, wanted.apiAddress);
  if (run !== wanted.id) return told('run', run, wanted.id);
  const named = [{ observations }, ...paths].flatMap((one) => [
    ...all(one, 'client-load-start'),
    ...all(one, 'readback-plan'),
  ]);
  const name = `${wanted.id}/histories/${check}/${trial}`;
  // That of a path goes on after the name of the trial.
  const other = named.find((one) => one.run !== name && !one.run.startsWith(`${name}/`));
  return other === undefined ? null : told('trial', other.run, name);
}

/** The most of one trial that is compared with others. */
const COMPARED = 2_000;
const PER_MS = 1_000_000;

/** How long it was from each line to the next, and how long each write took, ns: no two trials agree in many of these. */
export function paceOf({ observations, writes }: History): Set<number> {
  const gaps = observations.slice(0, COMPARED).map(({ t }, i) => t - (observations[i - 1]?.t ?? t));
  const took = Array.from(writes.sentMs.slice(0, COMPARED), (sentMs, i) => (writes.doneMs[i] ?? 0) - sentMs);
  return new Set([...gaps, ...took].map((ms) => Math.round(ms * PER_MS)).filter((ns) => ns > 0));
}

/** Whether one is a copy of the other, whatever was done to its number and its times of day. */
export function isCopy(a: ReadonlySet<number>, b: ReadonlySet<number>): boolean {
  const [few, many] = a.size < b.size ? [a, b] : [b, a];
  const same = [...few].filter((ns) => many.has(ns)).length;
  return few.size > 0 && same > few.size / 2;
}
