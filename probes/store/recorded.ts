/** What a history of a store holds, as its declaration says it to who judges. */
export type { SettingKinds, StoreFacts } from '../../reports/record/facts/store-facts.ts';

export const COUNT = /^\d+$/;
export const SWITCH = /^(?:true|false)$/;
/** 0 and -1 need no unit. */
export const TIME = /^(?:-1|0|(?:\d+(?:nanos|micros|ms|s|m|h|d))+)$/;
export const ANY = /^/;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `1s`, `500ms` or `1m` in ms; null for anything else. */
export function millisOf(value: string): number | null {
  const match = /^(\d+)(ms|s|m|h)$/.exec(value);
  return match === null ? null : Number(match[1]) * (UNITS[match[2] ?? ''] ?? Number.NaN);
}
