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
  /** That it finds nothing is foreseen: below `absent`, beside `or`, right of `unless`. */
  mayBeEmpty: boolean;
}

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
  return { selectors: selectorsIn(expression, textOf, false), constants: constants.map(textOf) };
}

type TextOf = (node: Node) => string;

const isSet = (node: Node): boolean => SETS.some((name) => node.getChild(name) !== null);

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

function selectorsIn(node: Node, textOf: TextOf, mayBeEmpty: boolean): Selector[] {
  if (node.name === 'VectorSelector') return [{ ...selectorOf(node, textOf), mayBeEmpty }];
  const isEither = node.getChild('Or') !== null || ABSENT.test(called(node, textOf));
  const isUnless = node.getChild('Unless') !== null;
  return childrenOf(node).flatMap((child, at) =>
    selectorsIn(child, textOf, mayBeEmpty || isEither || (isUnless && at > 0)),
  );
}

function selectorOf(node: Node, textOf: TextOf): Omit<Selector, 'mayBeEmpty'> {
  const matchers = node.getChild('LabelMatchers');
  const { __name__: matched = null, ...equal } = equalIn(matchers, textOf);
  const named = node.getChild('Identifier');
  const quoted = matchers?.getChild('QuotedLabelName') ?? null;
  const name = named === null ? matched : textOf(named);
  return { text: textOf(node), name: quoted === null ? name : unquoted(textOf(quoted)), equal };
}

const unquoted = (text: string): string => text.slice(1, -1);

function equalIn(matchers: Node | null, textOf: TextOf): Record<string, string> {
  const all = matchers?.getChildren('UnquotedLabelMatcher') ?? [];
  const equal = all.filter((one) => one.getChild('MatchOp')?.firstChild?.name === 'EqlSingle');
  return Object.fromEntries(
    equal.map((one) => {
      const [label, value] = ['LabelName', 'StringLiteral'].map((part) => one.getChild(part));
      return [label ? textOf(label) : '', value ? unquoted(textOf(value)) : ''];
    }),
  );
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
  const add = (one: string, mayBeEmpty: boolean): void => {
    const read = readQuery(one);
    if (read === null) unread ??= one;
    for (const own of read?.selectors ?? [])
      selectors.push({ ...own, mayBeEmpty: own.mayBeEmpty || mayBeEmpty });
  };
  add(query, false);
  // It grows on the way.
  for (const selector of selectors)
    for (const rule of recordings.filter((one) => !rules.has(one) && records(one, selector))) {
      rules.add(rule);
      add(rule.query, selector.mayBeEmpty);
    }
  return { selectors, rules: [...rules], unread };
}
