import type { Figure } from '../../../reports/record/judgement.ts';
import type { Range } from '../../../reports/judge/slo/budget.ts';
import type { BurnRate } from '../../../reports/judge/slo/burn-rate.ts';

/** One figure a pair of windows: `0.3 × and 0 ×: quiet`. */
export function burnFigures(objective: string, rates: readonly BurnRate[]): Figure[] {
  return rates.map((rate) => ({
    name: `${objective}: burn rate over ${length(rate.longMs)} and ${length(rate.shortMs)}${rate.scale < 1 ? ' (shortened with the window)' : ''}`,
    value:
      rate.long === null || rate.short === null
        ? `not computed: ${rate.reason}`
        : `${times(rate.long)} and ${times(rate.short)}: ${rate.state}`,
    goal: `< ${rate.factor} ×`,
  }));
}

function times({ best, worst }: Range): string {
  const shown = (value: number): string => String(Number(value.toPrecision(3)));
  return shown(best) === shown(worst) ? `${shown(best)} ×` : `${shown(best)} to ${shown(worst)} ×`;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;

/** `3 d`, `5 min`, `0.83 s` */
function length(ms: number): string {
  const [unit, size] = UNITS.find(([, one]) => ms >= one) ?? ['s', 1000];
  return `${Number((ms / size).toPrecision(3))} ${unit}`;
}
