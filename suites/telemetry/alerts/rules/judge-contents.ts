/** What an alerting rule can say, by its expression and by what Prometheus finds for it. */
import type { Seen } from '../../../../reports/record/observations/index.ts';
import {
  overlap,
  readQuery,
  records,
  sourcesOf,
  traced,
} from '../../../../reports/record/telemetry/promql.ts';
import type { Recording, Selector } from '../../../../reports/record/telemetry/promql.ts';
import { LATELY_HOURS } from '../../../../reports/record/telemetry/scrapes.ts';

/** What is wrong with a rule, or what is not known of it. */
export interface Doubt {
  /** null: it is good, and to be said. */
  certain: boolean | null;
  text: string;
}

type RecordingSeen = Seen<'recording-rule'>;
type Found = Seen<'rule-selector'>;

const doubt = (certain: boolean | null, text: string): Doubt => ({ certain, text });
const unreadable = (query: string): Doubt => doubt(false, `"${query}" could not be read as PromQL`);

/** Sides of the expression that never change: they always fire, or keep it from ever firing. */
export function constantsIn(query: string): Doubt[] {
  const read = readQuery(query);
  if (read === null) return [unreadable(query)];
  return read.constants.map((text) => doubt(true, `"${text}" is constant`));
}

const METRIC: Record<Found['metric'], string> = {
  there: 'is there with other values of these labels',
  unlabelled: 'is there without these labels',
  described: 'is described by a target that has none',
  unknown: 'is unknown to Prometheus',
  untold: 'is not there, where nobody tells which metrics there are',
};

/** Selectors that find nothing, and recording rules between that are not healthy. */
export function selecting(
  { query, recordings }: { query: string; recordings: readonly RecordingSeen[] },
  found: readonly Found[],
): Doubt[] {
  const { selectors, rules, unread } = traced(query, recordings);
  const seenOf = ({ text }: Selector) => found.find(({ selector }) => selector === text);
  return [
    ...(unread === null ? [] : [unreadable(unread)]),
    ...rules.filter(({ health }) => health !== 'ok').map(sickness),
    ...selectors.flatMap((selector) => {
      const seen = seenOf(selector);
      if (seen === undefined) return [doubt(false, `${selector.text} was not looked for`)];
      const sources = sourcesOf(selector, recordings);
      // What is recorded is there once what it is made from is, of which each is a selector here.
      const isToCome = sources?.some((one) => seenOf(one)?.series === 0) === true;
      return isToCome ? [] : (emptiness(selector, seen, sources !== null) ?? []);
    }),
  ];
}

function sickness({ record, health, lastError }: RecordingSeen): Doubt {
  return doubt(health !== 'unknown', `the rule that records ${record}: ${lastError ?? health}`);
}

function emptiness(
  { text, mayBeEmpty, role }: Selector,
  { series, lately, metric }: Found,
  isRecorded: boolean,
): Doubt | null {
  if (series > 0) return null;
  const isKnown = metric === 'there' || metric === 'described';
  const nothing = `${text} finds nothing, and its metric ${METRIC[metric]}`;
  if (isKnown && mayBeEmpty) return null;
  if (isKnown && role === 'part') return doubt(null, `${nothing}: nothing of the kind was counted`);
  if (lately > 0) return doubt(false, `${text} finds nothing now, and did within the last ${LATELY_HOURS} h`);
  if (isRecorded) return doubt(false, `${text} finds nothing, though a rule records it`);
  return doubt(isCertain(metric, mayBeEmpty || role === 'part'), nothing);
}

const isCertain = (metric: Found['metric'], mayMiss: boolean): boolean => metric === 'unknown' && !mayMiss;

/** @param queries what counts the objective's events, the total first */
export function ownSeries(
  { query, recordings }: { query: string; recordings: readonly Recording[] },
  queries: readonly string[],
): Doubt[] {
  const { selectors, unread } = traced(query, recordings);
  if (unread !== null) return [unreadable(unread)];
  // Colons are for names that rules record; another server may have the rule.
  const lost = selectors.find(
    (one) => one.name?.includes(':') === true && !recordings.some((rule) => records(rule, one)),
  );
  if (lost !== undefined) return [doubt(false, `${lost.text} is recorded by no rule of this server`)];
  const wanted = queries.map((one) => ({ one, own: readQuery(one)?.selectors ?? [] }));
  const missing = wanted.filter(
    ({ own }) => !own.some((selector) => selectors.some((reached) => overlap(selector, reached))),
  );
  if (wanted.length === 0) return [doubt(false, 'the header has no queries of the objective')];
  const isNone = missing.length === wanted.length && wanted.every(({ own }) => own.length > 0);
  return missing.slice(0, 1).map(({ one }) => doubt(isNone, `it does not depend on ${one}`));
}
