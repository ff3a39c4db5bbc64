import type { Figure, Judgement } from '../../../reports/record/judgement.ts';
import type { ScalingDetail } from '../../../reports/record/details/load-detail.ts';
import { decisive, worstOf } from '../../../reports/record/rule.ts';
import type { Rule } from '../../../reports/record/rule.ts';
import { loadDetailOf } from '../../../reports/judge/slo/load-detail.ts';
import { scalingDetail } from './chart.ts';
import type { Observed } from './observed.ts';

export type Mark = ScalingDetail['marks'][number];

export interface Found {
  /** Failures that are not about time, worst first. */
  failures: string[];
  /** What took longer than it may. */
  late: string[];
  /** Why the result is inconclusive. */
  gaps: string[];
  /** Reason given for a pass. */
  pass: string;
  expected: string;
  figures: Figure[];
  marks: Mark[];
  derivation: string;
}

/** What blocks any verdict comes first (no source, engine or autoscaler), then failures, then gaps. */
export function conclude(observed: Observed, found: Found): Judgement {
  const rules = rulesOf([...observed.lost, ...observed.load.blocking], found);
  const verdict = worstOf(rules);
  const scaling = scalingDetail(observed, {
    target: observed.called,
    marks: found.marks,
    derivation: found.derivation,
  });
  const flagged = found.marks.filter(({ outside }) => outside === 'faster' || outside === 'slower');
  return {
    verdict,
    reason: decisive(rules)
      .map(({ text }) => text)
      .join('; '),
    rules,
    expected: found.expected,
    seen: found.marks.map(markText).join('; ') || 'nothing',
    figures: [...found.figures, ...outsideFigure(found.marks)],
    findings: flagged.map((mark) => ({
      subject: mark.name,
      ok: false,
      expected: `${spanText(mark)} by the settings (${found.derivation})`,
      seen: `${secondsText(mark.atMs)}: ${mark.outside} than expected`,
    })),
    findingsTotal: flagged.length,
    evidence: [],
    ...(observed.load.result !== null && { load: loadDetailOf(observed.load.result) }),
    ...(scaling !== undefined && { scaling }),
  };
}

function rulesOf(blocking: readonly string[], { failures, late, gaps, pass }: Found): Rule[] {
  const of = (
    id: string,
    verdict: Rule['verdict'],
    texts: readonly string[],
    more: Partial<Rule> = {},
  ): Rule[] => texts.map((text) => ({ id, verdict, text, ...more }));
  if (blocking.length > 0) return of('observed', 'inconclusive', blocking);
  const rules = [
    ...of('behaviour', 'fail', failures),
    ...of('in-time', 'fail', late, { ofTime: true }),
    ...of('seen', 'inconclusive', gaps),
  ];
  return rules.length > 0 ? rules : of('scaling', 'pass', [pass]);
}

function markText(mark: Mark): string {
  return `${mark.name} ${secondsText(mark.atMs)}`;
}

function spanText({ expected }: Mark): string {
  return expected === null ? '' : `${expected.loMs / 1000} to ${expected.hiMs / 1000} s`;
}

function outsideFigure(marks: readonly Mark[]): Figure[] {
  const compared = marks.filter(({ outside }) => outside !== 'unknown');
  if (compared.length === 0) return [];
  const off = compared.filter(({ outside }) => outside !== 'no');
  const value =
    off.length === 0
      ? `within them for ${compared.length} of ${compared.length}`
      : off.map(({ name, outside }) => `${name}: ${outside}`).join(', ');
  return [{ name: 'compared with the times expected from the settings', value }];
}

/** `12.3 s`; `not seen` */
export function secondsText(ms: number | null): string {
  return ms === null ? 'not seen' : `${secondsOf(ms)} s`;
}

export const secondsOf = (ms: number): number => Math.round(ms / 100) / 10;
