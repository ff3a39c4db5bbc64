/** What an expression of PromQL reads, by the parser of Prometheus' own user interface. */
import { parser } from '@prometheus-io/lezer-promql';

type Node = ReturnType<typeof parser.parse>['topNode'];

/** A selector of series within an expression, without its range and offset. */
export interface Selector {
  text: string;
  /** null: the metric is not named, or by a regular expression. */
  name: string | null;
  /** Labels that must be equal to a value. */
  equal: Readonly<Record<string, string>>;
  /** Selects all series of its metric and job; itself where the metric is not named. */
  metric: string;
  /** As `metric`, with the same labels of whatever values. */
  alike: string;
  /** That it finds nothing is foreseen: below `absent`, beside `or`, right of `unless`. */
  mayBeEmpty: boolean;
  role: Role;
}

/**
 * What finding nothing means: `part` is divided by all, as bad events are, and nothing of it is good; without a `base`, such as all events, or good ones
 * that are subtracted or are to be many, there is no value. `whole`: neither.
 */
type Role = 'whole' | 'part' | 'base';

export interface Reading {
  selectors: readonly Selector[];
  /** Sides of `and`, `or` and `unless`, or the whole expression, that depend on no series and not on the time. */
  constants: readonly string[];
}

/** A rule that records series of this name, with these labels beside those of its query. */
export interface Recording {
  record: string;
  query: string;
  labels: Readonly<Record<string, string>>;
}

const SETS = ['And', 'Or', 'Unless'];
const ABSENT = /^absent(?:_over_time)?$/;
const OF_TIME = /^(?:time|minute|hour|month|year|day_of_\w+|days_in_month)$/;

/** null: it is no PromQL that this parser knows. */
export function readQuery(query: string): Reading | null {
  const { topNode } = parser.parse(query);
  const expression = topNode.getChild('Expr');
  let isBroken = expression === null;
  topNode.cursor().iterate(({ type }) => {
    isBroken ||= type.isError;
  });
  if (expression === null || isBroken) return null;
  const textOf = ({ from, to }: Node): string => query.slice(from, to);
  const constants = sidesOf(expression).filter((side) => !varies(side, textOf));
  const selectors = selectorsIn(expression, textOf, { mayBeEmpty: false, role: 'whole' });
  return { selectors, constants: constants.map(textOf) };
}

type TextOf = (node: Node) => string;

const has = (node: Node, names: readonly string[]): boolean =>
  names.some((name) => node.getChild(name) !== null);
const isSet = (node: Node): boolean => has(node, SETS);

function sidesOf(node: Node): Node[] {
  if (node.name !== 'ParenExpr' && !isSet(node)) return [node];
  return node.getChildren('Expr').flatMap(sidesOf);
}

const called = (node: Node, textOf: TextOf): string => {
  const name = node.getChild('FunctionIdentifier');
  return name === null ? '' : textOf(name);
};

function varies(node: Node, textOf: TextOf): boolean {
  if (node.name === 'VectorSelector' || OF_TIME.test(called(node, textOf))) return true;
  return childrenOf(node).some((child) => varies(child, textOf));
}

function childrenOf(node: Node): Node[] {
  const found: Node[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) found.push(child);
  return found;
}

type Place = Pick<Selector, 'mayBeEmpty' | 'role'>;

function selectorsIn(node: Node, textOf: TextOf, { mayBeEmpty, role }: Place): Selector[] {
  if (node.name === 'VectorSelector') return [{ ...selectorOf(node, textOf), mayBeEmpty, role }];
  const isEither = has(node, ['Or']) || ABSENT.test(called(node, textOf));
  return childrenOf(node).flatMap((child, at) =>
    selectorsIn(child, textOf, {
      mayBeEmpty: mayBeEmpty || isEither || (has(node, ['Unless']) && at > 0),
      role: within(role, roleIn(node, at === 0)),
    }),
  );
}

/** Of a side of an operator. */
function roleIn(node: Node, isLeft: boolean): Role {
  if (has(node, ['Sub', ...(isLeft ? ['Lss', 'Lte'] : ['Gtr', 'Gte'])])) return 'base';
  if (!has(node, ['Div'])) return 'whole';
  return isLeft ? 'part' : 'base';
}

/** What is a part of a base is a base. */
const within = (outer: Role, inner: Role): Role => (outer === 'base' || inner === 'whole' ? outer : inner);

function selectorOf(node: Node, textOf: TextOf): Omit<Selector, keyof Place> {
  const all = node.getChild('LabelMatchers');
  const matchers = matchersIn(all, textOf);
  const equals = matchers.filter(({ op }) => op === 'EqlSingle');
  const { __name__: matched = null, ...equal } = Object.fromEntries(
    equals.map(({ label, value }) => [label, unquoted(value)]),
  );
  const named = node.getChild('Identifier');
  const quoted = all?.getChild('QuotedLabelName') ?? null;
  const unquotedName = named === null ? matched : textOf(named);
  const name = quoted === null ? unquotedName : unquoted(textOf(quoted));
  const text = textOf(node);
  if (name === null) return { text, name, equal, metric: text, alike: text };
  const jobs = equals.filter(({ label }) => label === 'job').map(({ value }) => `job=${value}`);
  const own = [`__name__="${name}"`, ...jobs];
  const labels = matchers.filter(({ label }) => label !== 'job' && label !== '__name__').flatMap(anyValue);
  return { text, name, equal, metric: `{${own.join()}}`, alike: `{${[...own, ...labels].join()}}` };
}

const unquoted = (text: string): string => text.slice(1, -1);

interface Matcher {
  label: string;
  op: string | undefined;
  /** With its quotes. */
  value: string;
}

function matchersIn(matchers: Node | null, textOf: TextOf): Matcher[] {
  return (matchers?.getChildren('UnquotedLabelMatcher') ?? []).map((one) => {
    const [label = '', value = ''] = ['LabelName', 'StringLiteral'].map((part) => {
      const node = one.getChild(part);
      return node === null ? '' : textOf(node);
    });
    return { label, value, op: one.getChild('MatchOp')?.firstChild?.name };
  });
}

/** The label with any value, or also without one where the matcher allows that. */
function anyValue({ label, op, value }: Matcher): string[] {
  const [quote = ''] = value;
  if (op === 'EqlRegex') return [`${label}=~${quote}(?:${unquoted(value)})|.+${quote}`];
  return op === 'EqlSingle' && unquoted(value) !== '' ? [`${label}!=""`] : [];
}

/** Whether no label must be equal to two values. */
const agree = (one: Selector['equal'], other: Selector['equal']): boolean =>
  Object.entries(one).every(([label, value]) => (other[label] ?? value) === value);

/** Whether one selects series that the other may select as well. */
export const overlap = (one: Selector, other: Selector): boolean =>
  one.name !== null && one.name === other.name && agree(one.equal, other.equal);

export const records = ({ record, labels }: Recording, { name, equal }: Selector): boolean =>
  record === name && agree(equal, labels);

/** What an expression reads in the end. */
export interface Traced<R> {
  /** Its own selectors, and those of the rules that record what these select, and so on. */
  selectors: readonly Selector[];
  rules: readonly R[];
  /** The first expression of all that could not be read; null: each was. */
  unread: string | null;
}

export function traced<R extends Recording>(query: string, recordings: readonly R[]): Traced<R> {
  const selectors: Selector[] = [];
  const rules = new Set<R>();
  let unread: string | null = null;
  const add = (one: string, { mayBeEmpty, role }: Place): void => {
    const read = readQuery(one);
    if (read === null) unread ??= one;
    for (const own of read?.selectors ?? [])
      selectors.push({
        ...own,
        mayBeEmpty: own.mayBeEmpty || mayBeEmpty,
        role: within(role, own.role),
      });
  };
  add(query, { mayBeEmpty: false, role: 'whole' });
  // It grows on the way.
  for (const selector of selectors)
    for (const rule of recordings.filter((one) => !rules.has(one) && records(one, selector))) {
      rules.add(rule);
      add(rule.query, selector);
    }
  return { selectors, rules: [...rules], unread };
}

/** What the rules that record a selector's series are made from in the end, and need; null: no rule records it. */
export function sourcesOf(selector: Selector, recordings: readonly Recording[]): readonly Selector[] | null {
  const isRecorded = (one: Selector): boolean => recordings.some((rule) => records(rule, one));
  if (!isRecorded(selector)) return null;
  return traced(selector.text, recordings).selectors.filter((one) => !one.mayBeEmpty && !isRecorded(one));
}
