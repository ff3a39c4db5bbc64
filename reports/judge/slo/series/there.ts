/**
 * Whether the queries of an objective can be right, from what Prometheus has: the metric, its labels and their values, the unit and the boundaries
 * of a histogram. A query with a wrong name or shape selects nothing, and no errors would be what is left of it.
 */
import type { Objective } from '../../../record/objective.ts';
import type { Seen } from '../../../record/observations/index.ts';
import { firstGap } from '../../first-gap.ts';
import { boundaryGap, isElsewhere, valuesOf } from './boundaries.ts';
import { demands, matchesSelector, ownQueries, selectorsIn } from './selector.ts';
import type { Found, Matcher } from './selector.ts';
import { numberShapeOf, shapeOf } from './shapes.ts';
import { familiesOf, unitGap } from './units.ts';

export type There = Seen<'metric-there'>;

/** A selector of an objective, and what it is for. */
interface Asked {
  selector: Found;
  /** `bad` and `good` select a part of what the other query counts. */
  role: 'all' | 'good' | 'bad';
  /** Matchers that the query for all events has as well. */
  shared: readonly Matcher[];
}

/** Every selector of an objective's own queries, each once. */
export function selectorsOf(objective: Objective): Found[] {
  const all = ownQueries(objective).flatMap(selectorsIn);
  return [...new Map(all.map((one) => [one.text, one])).values()];
}

function askedOf({ indicator }: Objective): Asked[] {
  if (indicator.kind === 'threshold')
    return selectorsIn(indicator.query).map((selector) => ({
      selector,
      role: 'all',
      shared: selector.matchers,
    }));
  const all = selectorsIn(indicator.total);
  const role = indicator.good === null ? 'bad' : 'good';
  const shared = all.flatMap(({ matchers }) => matchers);
  return [
    ...all.map((selector): Asked => ({ selector, role: 'all', shared: selector.matchers })),
    ...selectorsIn(indicator.good ?? indicator.bad ?? '').map((selector): Asked => ({
      selector,
      role,
      shared,
    })),
  ];
}

/**
 * Why a query of the objective counts nothing or something else, with the metric, the label, what is there and what to write; null: nothing
 * speaks against its queries.
 * @param there what was recorded of its selectors
 */
export function thereGap(objective: Objective, there: readonly There[]): string | null {
  return thereFinding(objective, there)?.text ?? null;
}

interface ThereFinding {
  text: string;
  /** A target describes the metric, and has counted nothing yet: a first request may bring it. */
  uncounted: boolean;
}

/** As `thereGap`, with what is known of the cause. */
export function thereFinding(objective: Objective, there: readonly There[]): ThereFinding | null {
  // Records of earlier versions do not say where queries come from, and nothing was asked for them.
  if (objective.stated === undefined) return null;
  const known = new Map(there.map((one) => [one.selector, one]));
  for (const asked of askedOf(objective)) {
    const seen = known.get(asked.selector.text);
    const gap =
      seen === undefined
        ? `what Prometheus has of ${asked.selector.text} was not recorded`
        : selectorGap(asked, seen, objective);
    if (gap !== null)
      return { text: gap, uncounted: seen !== undefined && isUncounted(asked.selector, seen, objective) };
  }
  return null;
}

function selectorGap(asked: Asked, seen: There, objective: Objective): string | null {
  const { selector } = asked;
  if (selector.metric === '') return namelessText(selector);
  const other = seen.families.find(({ family }) => !familiesOf(selector.metric).includes(family));
  if (other !== undefined) return `of ${selector.metric} something was recorded of ${other.family}`;
  if (!seen.there) return absentText(selector, seen, objective);
  return (
    unreadGap(selector, seen) ??
    gaugeGap(asked, seen, objective) ??
    firstGap(selector.matchers, (matcher) => matcherGap(asked, seen, matcher)) ??
    unitGap(selector, seen, objective) ??
    boundaryGap(selector, seen, objective) ??
    combinedGap(asked, seen)
  );
}

/** Names that Prometheus takes before braces; UTF-8 names (3.0 and later) stand within them. */
function namelessText({ text, matchers }: Found): string {
  const begun = `${text} names no metric before its braces, so nothing can be said of its unit and labels`;
  const isQuoted = /[{,]\s*(["'])(?:(?!\1).)+\1\s*[,}]/.test(text);
  return isQuoted ||
    matchers.some(({ label, value }) => label === '__name__' && !/^.[A-Za-z_:][\w:]*.$/.test(value))
    ? `${begun}: a name with other characters than letters, digits, _ and : is not read here; have Prometheus translate it (otlp.translation_strategy), or record it under such a name`
    : `${begun}: write the name before the braces`;
}

/** A label that is there has values, and a query for a boundary is of a metric with boundaries. */
function unreadGap({ text, metric, matchers }: Found, { labels, values }: There): string | null {
  const named = matchers.map(({ label }) => label).filter((label) => labels.includes(label));
  const unread = named.find((one) => valuesOf({ values }, one).length === 0);
  if (unread !== undefined) return `the values of ${unread} on ${metric} were not recorded`;
  return matchers.some(({ label }) => label === 'le') && !labels.includes('le')
    ? `${metric} has no label le: it is no histogram with buckets, of which ${text} asks for one`
    : null;
}

const MOST = 8;
const listed = (names: readonly string[]): string =>
  names.length > MOST
    ? `${names.slice(0, MOST).join(', ')} and ${names.length - MOST} more`
    : names.join(', ');

function absentText({ metric }: Found, seen: There, { histogram }: Objective): string {
  const begun = `Prometheus has no series of ${metric} in the window`;
  const types = [...new Set(seen.families.map(({ type }) => type))];
  const why = bucketsText(metric, seen, { types, advice: histogram?.advice ?? null });
  if (why !== null) return `${begun}${why}`;
  if (seen.alike.length > 0) return `${begun}; of a name like it are ${listed(seen.alike)}`;
  return types.length > 0
    ? `${begun}, although a target describes it (${types.join(', ')}): nothing was counted yet, which is no proof that nothing happened`
    : `${begun}, nor one of a name like it: the name is wrong, or its target is not scraped`;
}

function isUncounted({ metric }: Found, seen: There, { histogram }: Objective): boolean {
  const types = [...new Set(seen.families.map(({ type }) => type))];
  const known = seen.there || seen.alike.length > 0 || types.length === 0;
  return !known && bucketsText(metric, seen, { types, advice: histogram?.advice ?? null }) === null;
}

/** Why there are no buckets of what is there otherwise; null: that is not known, or no buckets were asked for. */
function bucketsText(
  metric: string,
  { alike }: There,
  { types, advice }: { types: readonly string[]; advice: string | null },
): string | null {
  const family = metric.replace(/_bucket$/, '');
  if (family === metric) return null;
  if (alike.includes(family))
    return `, but of ${family}: a native histogram, whose buckets are not read; have its classic buckets scraped as well (always_scrape_classic_histograms)`;
  const how = advice === null ? '' : ` (${advice})`;
  return types.includes('summary')
    ? `: ${family} is a summary, which has no buckets; have the service publish a histogram${how}`
    : null;
}

function gaugeGap(
  { selector: { metric } }: Asked,
  { families }: There,
  { indicator }: Objective,
): string | null {
  if (indicator.kind !== 'ratio' || !indicator.counter) return null;
  // Where another target calls its own metric of that name something else, nobody knows which of them is the service.
  const types = families.filter(({ family }) => family === metric).map(({ type }) => type);
  return types.length === 0 || types.some((type) => type !== 'gauge')
    ? null
    : `${metric} is a gauge, and not a counter: its growth is no number of events; select a counter, or state counter: false with queries that give numbers of events`;
}

/** Whether a query asks for a label that no series has, or for values of a shape that the label does not have there. */
function matcherGap(asked: Asked, seen: There, matcher: Matcher): string | null {
  const { selector, role } = asked;
  const { label, op, value } = matcher;
  if (label === 'le' || label === '__name__') return null;
  const text = `${label}${op}${value}`;
  if (!seen.labels.includes(label))
    return value.length <= 2
      ? null
      : `${selector.metric} has no label ${label} (asked for ${text}): ${insteadText(selector, seen, matcher)}`;
  const values = valuesOf(seen, label);
  if (!demands(matcher)) return null;
  if (values.some((one) => fits(one, matcher))) return null;
  if (role === 'all' || asked.shared.some((one) => isSame(one, matcher)))
    return `${selector.metric} has no series with ${text}; there, ${label} is ${listed(values) || 'empty'}`;
  return shapeGap(asked, matcher, values);
}

/** No bad event is a fact only where the label's values are such as are asked for. */
function shapeGap({ selector, role }: Asked, matcher: Matcher, values: readonly string[]): string | null {
  const { label, op, value } = matcher;
  const shape = shapeOf(matcher);
  const odd = values.filter((one) => one !== '' && shape !== null && !shape.is.test(one));
  if (shape === null || odd.length < values.length) return null;
  return `${selector.metric}: the ${role} query asks for ${label}${op}${value}, but there ${label} is ${listed(values) || 'empty'}, and not ${shape.called}: select by a value that the service writes`;
}

/** What may be meant instead of a label that is not there: one with such numbers. Words are written by too many labels. */
function insteadText({ matchers }: Found, { labels, values }: There, matcher: Matcher): string {
  const shape = numberShapeOf(matcher);
  const named = new Set(matchers.map(({ label }) => label));
  const best = values.find(
    ({ label, values: own }) => !named.has(label) && shape !== null && own.some((one) => shape.is.test(one)),
  );
  const others = listed(labels.filter((one) => one !== '__name__'));
  return best === undefined
    ? `its labels are ${others}`
    : `of its labels ${others}, ${best.label} has such values (${listed(best.values)}): write ${best.label}${matcher.op}${matcher.value}`;
}

/**
 * Each matcher finds something, but no series fits them all. Of a part that is no bad or no good event; a boundary is there for every service, save
 * one that targets show only for what was so fast.
 */
function combinedGap({ selector, role, shared }: Asked, there: There): string | null {
  const { selected } = there;
  const own = selector.matchers.filter(
    (one) => one.label !== 'le' && !shared.some((other) => isSame(one, other)),
  );
  if (selected || isElsewhere(there) || (role !== 'all' && own.length > 0)) return null;
  return `${selector.metric} has no series that fits all of ${selector.text}, although each label alone has such values`;
}

const isSame = (a: Matcher, b: Matcher): boolean =>
  a.label === b.label && a.op === b.op && a.value === b.value;

const fits = (value: string, matcher: Matcher): boolean =>
  matchesSelector({ [matcher.label]: value }, { metric: null, matchers: [matcher] });
