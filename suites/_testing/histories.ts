/** Invented histories for the tests of judges. */
import { HISTORY_SCHEMA } from '../../reports/record/history/history.ts';
import type { History, Observation } from '../../reports/record/history/history.ts';
import type { Judgement } from '../../reports/record/judgement.ts';
import { judgeOf } from './judges.ts';

export type Seen = [kind: string, fields?: Record<string, unknown>];

export interface Invented {
  check: string;
  settings?: Record<string, unknown>;
  goals?: Record<string, unknown>;
  seen: Seen[];
  /** true: the observation did not run to its end. */
  cut?: boolean;
}

export function invent(of: Invented): History {
  const observations = of.seen.map(([kind, fields], i) => ({ kind, t: 1000 + i, ...fields }) as Observation);
  const endMs = Math.max(1000, ...observations.map(({ t }) => t)) + 1;
  if (of.cut !== true) observations.push({ kind: 'end', t: endMs });
  const none = () => ({
    count: 0,
    n: new Float64Array(),
    intendedMs: new Float64Array(),
    sentMs: new Float64Array(),
    doneMs: new Float64Array(),
    outcome: new Uint8Array(),
    detail: new Map<number, string>(),
  });
  return {
    header: {
      kind: 'header',
      schema: HISTORY_SCHEMA,
      check: of.check,
      trial: 1,
      environment: 'invented',
      goals: of.goals ?? {},
      settings: of.settings ?? {},
      anchor: { wall: '2026-01-01T00:00:00Z', monoMs: 0 },
    },
    observations,
    writes: none(),
    reads: none(),
    damaged: [],
  };
}

export function judge(of: Invented): Judgement {
  const found = judgeOf(of.check);
  if (found === undefined) throw new Error(`no judge for ${of.check}`);
  return found([invent(of)]);
}
