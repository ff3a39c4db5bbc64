import type { Account } from '../account.ts';
import type { Gap } from './gaps.ts';
import { percent } from '../percent.ts';

/** `no data from … to … (120 s), the longest of 3 gaps; 96.2 % of the window is covered`, or `no data of 50 % of its targets …` */
export function gapsText(gaps: readonly Gap[], { coverage }: Pick<Account, 'coverage'>): string {
  const [most] = [...gaps].sort((a, b) => weightOf(b) - weightOf(a));
  if (most === undefined) return 'every gap counted';
  const lengthS = Math.round((most.toMs - most.fromMs) / 1000);
  const of = most.share > 0.999 ? '' : ` of ${percent(most.share)} of its targets`;
  const many = gaps.length === 1 ? '' : `, the longest of ${gaps.length} gaps`;
  return `no data${of} from ${moment(most.fromMs)} to ${moment(most.toMs)} (${lengthS} s)${many}; ${percent(coverage)} of the window is covered`;
}

const weightOf = ({ fromMs, toMs, share }: Gap): number => (toMs - fromMs) * share;

const moment = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
