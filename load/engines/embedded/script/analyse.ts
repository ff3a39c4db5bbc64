import type { AnyNode } from 'acorn';
import { ScriptError } from './errors.ts';
import { Flow } from './flow.ts';
import type { Problem, Rewriting } from './flow.ts';
import { Follower } from './follow.ts';
import { sourceOf } from './linker.ts';
import type { LinkedModule } from './linker.ts';
import { lineOf, placeOf } from './parse.ts';
import { UNKNOWN } from './values.ts';
import type { Abstract, ScriptFunction } from './values.ts';
import { textOf } from './modules.ts';

/** What has to be rewritten: calls to be awaited, and functions to be made async. */
export interface Analysis {
  sites: ReadonlyMap<AnyNode, Rewriting>;
  functions: ReadonlySet<AnyNode>;
}

/**
 * Finds the calls that block, directly or through functions of the script.
 * @throws ScriptError naming the first thing that cannot be rewritten so that it behaves as in k6
 */
export function analyse(modules: readonly LinkedModule[]): Analysis {
  const flow = new Flow(modules);
  const follower = new Follower(flow);
  flow.settle(() => {
    for (const module of modules) {
      flow.context = {
        module,
        owner: null,
        thisValues: new Set(),
        extra: new Set(),
        home: null,
        inParameters: false,
      };
      follower.visit(module.ast);
    }
    enterExports(flow);
  });
  for (const module of modules) refuseMissingExports(flow, module);
  const blocking = [...flow.functions].filter((fn) => fn.blocking !== null);
  for (const fn of blocking) refuseFunction(flow, fn);
  throwFirst(modules, [...flow.problems.values()]);
  const rewritten = blocking.flatMap(({ code }) => (code === null || code.async ? [] : [code]));
  return { sites: flow.sites, functions: new Set(rewritten) };
}

/** The engine calls the exported functions, with unknown arguments, and awaits them. */
function enterExports(flow: Flow): void {
  const entry = flow.modules.at(-1);
  if (entry === undefined) return;
  for (const values of flow.namespace(entry).props.values())
    for (const { fn } of values) {
      if (fn === null) continue;
      for (const parameter of fn.parameters) flow.add(parameter, [UNKNOWN]);
      flow.add(fn.extra, [UNKNOWN]);
    }
}

function refuseMissingExports(flow: Flow, module: LinkedModule): void {
  for (const statement of module.ast.body) {
    if (statement.type !== 'ImportDeclaration') continue;
    const from = module.imports.get(sourceOf(statement) ?? '');
    if (from === undefined) continue;
    for (const one of statement.specifiers) {
      if (one.type === 'ImportNamespaceSpecifier') continue;
      const name = one.type === 'ImportDefaultSpecifier' ? 'default' : textOf(one.imported);
      if (!exportsName(flow.namespace(from), name))
        throw new ScriptError(placeOf(module, statement), `${from.path} exports no '${name}'`);
    }
  }
}

function exportsName(namespace: Abstract, name: string): boolean {
  if (namespace.props.has(name)) return true;
  return [...namespace.sources].some((one) => exportsName(one, name));
}

const KINDS: Readonly<Record<string, string>> = {
  getter: 'a getter is not supported, since a getter cannot be async: make it a method',
  setter: 'a setter is not supported, since a setter cannot be async: make it a method',
  constructor:
    'a constructor is not supported, since it cannot be async: move the call to a method that is called after it',
  field: 'the initialiser of a field is not supported, since it cannot be async: move the call to a method',
  'static block':
    'a static block is not supported, since it cannot be async: move the call to a static method',
};
/** Methods that JavaScript itself calls. */
const IMPLICIT = new Set(['toString', 'valueOf', 'toJSON', 'then']);

function refuseFunction(flow: Flow, fn: ScriptFunction): void {
  const { blocking } = fn;
  if (blocking === null) return;
  const refuse = (what: string, site = blocking): void => {
    flow.problems.set(site.node, { site, what });
  };
  const what = KINDS[fn.kind];
  const line = lineOf(blocking.module, blocking.node);
  if (what !== undefined) refuse(`a blocking call in ${what}`);
  else if (fn.code?.generator === true && !fn.code.async)
    refuse(`a blocking call in the generator ${fn.name}() is not supported: make an array of what it yields`);
  else if (IMPLICIT.has(fn.name) || fn.name === 'a computed name')
    refuse(
      `a blocking call in a method called ${fn.name} is not supported, since its callers cannot be found; give the method another name`,
    );
  else if (fn.escaped !== null)
    refuse(
      `${fn.name} makes a blocking call (line ${line}) and is ${fn.escaped.how}, where nothing can wait for it`,
      fn.escaped.site,
    );
}

function throwFirst(modules: readonly LinkedModule[], problems: readonly Problem[]): void {
  const order = (problem: Problem): number =>
    modules.findIndex(({ path }) => path === problem.site.module.path) * 1e9 + problem.site.node.start;
  const first = problems.toSorted((a, b) => order(a) - order(b))[0];
  if (first !== undefined) throw new ScriptError(placeOf(first.site.module, first.site.node), first.what);
}
