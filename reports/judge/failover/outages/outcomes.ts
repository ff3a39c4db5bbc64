import { OUTCOMES } from '../../../record/history/history.ts';
import type { History, Operations } from '../../../record/history/history.ts';
import type { Seen } from '../../../record/observations/index.ts';
import { gapRule } from '../../../record/rule.ts';
import type { Rule } from '../../../record/rule.ts';
import { first } from '../../observed.ts';
import { waitedMs } from '../notes.ts';

/** What a client notes beside what happened, at the end of a detail. */
const NOTES = /(?:(?:^|;)(?:waited|refused|opened)=[\d.]+)+$/;
/** What an ok read says: the highest number that it saw, or the message that was delivered. */
const ANSWER = /^(?:\d+(?:@replica|@replaced)?|marker=\d+ after=[\d.]+)$/;
/** What an acknowledged tender says: its id. */
const TENDER = /^id=\S+$/;
/** The operation never left the client. */
const NOT_SENT = 'connect:';
/** Waits are noted to a tenth of a millisecond. */
const ROUNDING_MS = 0.1;

/**
 * Each outcome must fit its detail: a definite failure names an error that proves it, an unknown outcome another error, a success none.
 * Operations start in the order in which they are due: one that was sent later than its successor must have noted a wait.
 */
export function outcomeRules(history: History): Rule[] {
  const start = first(history, 'client-load-start');
  if (start === undefined) return [];
  const proofs = start.definiteFailures.flatMap(proofsIn);
  return [
    ruleOf('outcomes/writes', history.writes, {
      what: 'write',
      start,
      proofs,
      isAnswer: (said) => (start.store === 'jobs' ? TENDER.test(said) : said === ''),
    }),
    ruleOf('outcomes/reads', history.reads, {
      what: 'read',
      start,
      proofs,
      isAnswer: (said) => ANSWER.test(said),
    }),
  ];
}

/** An error that proves that nothing was written: `400 a|b: why` are two. */
interface Proof {
  /** Its first word: a code, mostly. */
  word: string;
  whole: string;
  /** `4xx` stands for every code that begins so. */
  ofMany: boolean;
}

function proofsIn(entry: string): Proof[] {
  const [key = ''] = entry.split(':', 1);
  const [word = '', ...more] = key.split(' ');
  const proofOf = (whole: string): Proof => ({ word, whole, ofMany: /\dxx$/.test(whole) });
  if (more.length === 0) return [proofOf(word)];
  return more
    .join(' ')
    .split('|')
    .map((rest) => proofOf(`${word} ${rest}`));
}

interface Asking {
  what: 'write' | 'read';
  start: Seen<'client-load-start'>;
  proofs: readonly Proof[];
  isAnswer: (said: string) => boolean;
}

function ruleOf(id: string, operations: Operations, asking: Asking): Rule {
  const gap = saidGap(operations, asking) ?? turnGap(operations, asking);
  return gapRule(id, gap, `the outcome of every ${asking.what} fits its detail`);
}

function saidGap(operations: Operations, asking: Asking): string | null {
  for (let i = 0; i < operations.count; i++) {
    const detail = operations.detail.get(i) ?? '';
    const fits = FITS[operations.outcome[i] as number]?.({ operations, i, detail, asking }) === true;
    if (!fits)
      return `${asking.what} ${operations.n[i] ?? 0} has the outcome ${nameOf(operations.outcome[i] as number)}, which does not fit its detail ${JSON.stringify(detail)}`;
  }
  return null;
}

interface One {
  operations: Operations;
  i: number;
  detail: string;
  asking: Asking;
}

const FITS: Readonly<Record<number, (one: One) => boolean>> = {
  [OUTCOMES.ok]: ({ detail, asking }) => asking.isAnswer(saidIn(detail)),
  [OUTCOMES.fail]: ({ detail, asking }) => isSure(saidIn(detail), asking),
  [OUTCOMES.unknown]: ({ detail, asking }) => isUnsure(saidIn(detail), asking),
  [OUTCOMES.unsent]: waitedInVain,
};

const saidIn = (detail: string): string => detail.replace(NOTES, '');

/** Only a read that was never sent has definitely failed: any other may have been answered. */
function isSure(said: string, { what, proofs }: Asking): boolean {
  if (said.startsWith(NOT_SENT)) return true;
  if (what === 'read' || ANSWER.test(said)) return false;
  return proofs.some((proof) => proof.word === firstWord(said) && (!proof.ofMany || isNamed(said, proof)));
}

const firstWord = (said: string): string => /^[^\s:]*/.exec(said)?.[0] ?? '';

/** No error makes a read definite. A bare number is the answer of a read; for a write it may be a status. */
function isUnsure(said: string, { what, proofs }: Asking): boolean {
  if (said === '' || said.startsWith(NOT_SENT)) return false;
  return what === 'read' ? !ANSWER.test(said) : !proofs.some((proof) => isNamed(said, proof));
}

function isNamed(said: string, { whole, ofMany }: Proof): boolean {
  // `xx` in `status 4xx` stands for any two digits.
  const start = said.slice(0, whole.length);
  const named = ofMany ? start.replace(/\d\d$/, 'xx') : start;
  return named === whole && /^(?:$|[ :])/.test(said.slice(whole.length));
}

/**
 * A write that was not sent waited its whole time for a connection. A read does not: it is dropped at once to leave connections for
 * writes.
 */
function waitedInVain({ operations, i, detail, asking: { what, start } }: One): boolean {
  const waited = (operations.sentMs[i] as number) - (operations.intendedMs[i] as number);
  return detail === '' && (what === 'read' || waited >= start.settings.waitTimeoutMs - ROUNDING_MS);
}

function turnGap(operations: Operations, { what, start }: Asking): string | null {
  const leastMs = what === 'write' ? start.settings.waitTimeoutMs : 0;
  const { fromMs, toMs } = turnsOf(operations, leastMs);
  let latest = -Infinity;
  for (const [index, by] of toMs.entries()) {
    if (by < latest - ROUNDING_MS)
      return `${what} ${index} left the client's queue before one that was due sooner: a recorded wait is wrong or missing`;
    latest = Math.max(latest, fromMs[index] as number);
  }
  return null;
}

/**
 * When each operation left the queue, by number; numbers that are missing are unbounded. Of an operation that was never sent only the
 * time when it was due and its least wait are known.
 */
function turnsOf(operations: Operations, leastMs: number): { fromMs: Float64Array; toMs: Float64Array } {
  const fromMs = new Float64Array(operations.count + 1).fill(-Infinity);
  const toMs = new Float64Array(operations.count + 1).fill(Infinity);
  for (let i = 0; i < operations.count; i++) {
    const n = operations.n[i] as number;
    const sentMs = operations.sentMs[i] as number;
    const isSent = operations.outcome[i] !== OUTCOMES.unsent;
    fromMs[n] = isSent ? sentMs - waitedMs(operations, i) : (operations.intendedMs[i] as number);
    toMs[n] = isSent ? sentMs - waitedMs(operations, i) : sentMs - leastMs;
  }
  return { fromMs, toMs };
}

function nameOf(code: number): string {
  return Object.entries(OUTCOMES).find(([, one]) => one === code)?.[0] ?? 'nothing known';
}
