import { changed } from './tale.ts';
import type { Tale } from './tale.ts';

const took = (ms: number): Tale['bend'] =>
  changed('draft', ({ model, sentMs, t }) =>
    model === 'usual' ? { answeredMs: sentMs + ms, t: Math.max(t, sentMs + ms) } : {},
  );

export const TALES: readonly Tale[] = [
  {
    number: 59,
    check: 'integrations/llm',
    says: 'each draft "by the model" came in 4 ms, and its stand-in takes 300 ms',
    must: 'inconclusive',
    rule: 'drafts',
    bend: took(4),
  },
  {
    check: 'integrations/llm',
    says: 'the second draft came from a cache, in 20 ms',
    must: 'inconclusive',
    rule: 'drafts',
    bend: changed('draft', ({ sentMs }, index) => (index === 1 ? { answeredMs: sentMs + 20 } : {})),
  },
  {
    check: 'integrations/llm',
    says: 'with a busy model a draft "by the model" came in 4 ms',
    must: 'fail',
    rule: 'without-model/busy',
    bend: changed('draft', ({ model, sentMs }) =>
      model === 'busy' ? { degraded: false, answeredMs: sentMs + 4 } : {},
    ),
  },
  {
    check: 'integrations/llm',
    says: 'each draft took 2.8 s, of at most 3 s',
    must: 'pass',
    bend: took(2800),
  },
  {
    check: 'integrations/llm',
    says: 'the service answered 5 ms after the model',
    must: 'pass',
    bend: took(305),
  },
  {
    check: 'integrations/llm',
    says: 'without the model each degraded draft came at once',
    must: 'pass',
    bend: changed('draft', ({ model, sentMs }) => (model === 'usual' ? {} : { answeredMs: sentMs + 15 })),
  },
  {
    number: 60,
    check: 'integrations/llm-token',
    says: '43 logs were read, with one line in all',
    must: 'inconclusive',
    rule: 'read',
    bend: changed('key-scan', () => ({ lines: 1 })),
  },
  {
    check: 'integrations/llm-token',
    says: 'half of the logs have a line, the others none',
    must: 'inconclusive',
    rule: 'read',
    bend: changed('key-scan', ({ logs }) => ({ lines: Math.floor(logs.length / 2) })),
  },
  {
    check: 'integrations/llm-token',
    says: 'a quiet platform has ten lines in each log',
    must: 'pass',
    bend: changed('key-scan', ({ logs }) => ({ lines: 10 * logs.length })),
  },
];
