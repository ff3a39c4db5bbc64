/** Which goals limit the outage of which stream. */
import type { Goals, NumberGoal } from '../../../reports/record/goals.ts';
import type { Interval } from '../../../reports/record/run-record.ts';
import type { Rule } from '../../../reports/record/rule.ts';
import type { History, Operations, PathHistory } from '../../../reports/record/history/history.ts';

/** Each part of a history that holds operations of clients. */
type OperationStream = {
  [K in keyof History]-?: NonNullable<History[K]> extends Operations | PathHistory[] ? K : never;
}[keyof History];

/** What goes on at a steady pace, and is out until it goes on again: operations, queries asked until they are answered, and who leads controllers. */
export type Stream = OperationStream | 'queries' | 'leaders';

/** Goals of seconds; the first that is stated counts. A history cannot get operations of another kind without a row here. */
export const STREAM_GOALS: Readonly<Record<Stream, readonly NumberGoal[]>> = {
  writes: ['rtoSeconds'],
  paths: ['rtoSeconds'],
  reads: ['readsRtoSeconds', 'rtoSeconds'],
  queries: ['rtoSeconds'],
  leaders: ['leaderSeconds'],
};

/** Longest outage of a stream, ms; null: no goal states it, and nothing of it can be judged. */
export function streamGoalMs(stream: Stream, goals: Goals): number | null {
  const stated = STREAM_GOALS[stream].flatMap((name) => goals[name] ?? []);
  return stated[0] === undefined ? null : stated[0] * 1000;
}

/** What was seen of a stream that is no operation, against its goal. @param text what took so long */
export function streamRule(id: string, text: string, { loMs, hiMs }: Interval, limitMs: number): Rule {
  const said = `${text}, goal ${limitMs / 1000} s`;
  if (loMs > limitMs) return { id, verdict: 'fail', text: said, ofTime: true };
  return { id, verdict: hiMs > limitMs ? 'inconclusive' : 'pass', text: said };
}
