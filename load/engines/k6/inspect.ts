/** The options of a script as k6 will use them, from `k6 inspect --execution-requirements`. */
export interface Plan {
  scenarios: { name: string; executor: string }[];
  thresholds: { metric: string; expression: string }[];
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function expressionOf(threshold: unknown): string {
  if (typeof threshold === 'string') return threshold;
  return isObject(threshold) && typeof threshold.threshold === 'string' ? threshold.threshold : '';
}

/** @throws Error when the output is not a JSON object */
export function planOf(output: string): Plan {
  const begin = output.indexOf('{');
  const parsed: unknown = JSON.parse(output.slice(Math.max(0, begin)));
  if (!isObject(parsed)) throw new Error('k6 inspect did not print a JSON object');
  const scenarios = isObject(parsed.scenarios) ? parsed.scenarios : {};
  const thresholds = isObject(parsed.thresholds) ? parsed.thresholds : {};
  return {
    scenarios: Object.entries(scenarios).map(([name, of]) => ({
      name,
      executor: isObject(of) && typeof of.executor === 'string' ? of.executor : 'unknown',
    })),
    thresholds: Object.entries(thresholds).flatMap(([metric, list]) =>
      (Array.isArray(list) ? list : []).map((each) => ({ metric, expression: expressionOf(each) })),
    ),
  };
}
