import type { AnyNode, Identifier } from 'acorn';
import type { LinkedModule } from './linker.ts';
import type { Binding } from './scope.ts';
import { BLOCKING } from './supported.ts';
import { Abstract, UNKNOWN } from './values.ts';
import type { FunctionKind, ScriptFunction, Site, Values } from './values.ts';

/** What surrounds the code that is being followed. */
export interface Context {
  module: LinkedModule;
  /** Null at the top of a module. */
  owner: ScriptFunction | null;
  thisValues: Values;
  /** What `arguments` holds. */
  extra: Values;
  /** Where `super` looks. */
  home: Abstract | null;
  /** In the default of a parameter nothing can be awaited. */
  inParameters: boolean;
}

export interface Problem {
  site: Site;
  what: string;
}

/** How a call that may block has to be written: awaited, or as a loop over the elements of an array. */
export type Rewriting = 'await' | 'iterate';

/**
 * Follows where the functions of a script may go (a flow analysis without call contexts): what each name, property and parameter may
 * hold, until nothing is added any more. A call blocks if one of the functions that it may reach blocks. A function that goes
 * where it cannot be followed is called by nobody who would wait for it: if it blocks, that is refused.
 */
export class Flow {
  readonly modules: readonly LinkedModule[];
  context!: Context;
  readonly functions = new Set<ScriptFunction>();
  readonly sites = new Map<AnyNode, Rewriting>();
  readonly problems = new Map<AnyNode, Problem>();
  readonly #variables = new Map<Binding, Values>();
  readonly #made = new Map<AnyNode, Map<string, Abstract>>();
  readonly #namespaces = new Map<LinkedModule, Abstract>();
  readonly #escaped = new Map<Abstract, { site: Site; how: string }>();
  #additions = 0;

  constructor(modules: readonly LinkedModule[]) {
    this.modules = modules;
  }

  /** Repeats `pass` (one walk over every module) until it adds nothing. */
  settle(pass: () => void): void {
    for (let before = -1; before !== this.#additions;) {
      before = this.#additions;
      pass();
      for (const [value, { site, how }] of this.#escaped) this.#escapeContents(value, site, how);
    }
  }

  add(target: Values, values: Iterable<Abstract>): void {
    const before = target.size;
    for (const one of values) target.add(one);
    if (target.size !== before) this.#additions++;
  }

  variable(binding: Binding): Values {
    let found = this.#variables.get(binding);
    if (found === undefined) this.#variables.set(binding, (found = new Set()));
    return found;
  }

  bindingOf(node: Identifier): Binding | null {
    return this.context.module.scopes.bindings.get(node) ?? null;
  }

  /** What a place of the source makes; `part` tells several of one place apart. */
  at(node: AnyNode, part = ''): Abstract {
    let parts = this.#made.get(node);
    if (parts === undefined) this.#made.set(node, (parts = new Map<string, Abstract>()));
    let found = parts.get(part);
    if (found === undefined) parts.set(part, (found = new Abstract()));
    return found;
  }

  /** The class that an object is the prototype (or, for static members, the class itself) of. */
  readonly classes = new Map<Abstract, Abstract>();

  /** The exports of a module. */
  namespace(module: LinkedModule): Abstract {
    let found = this.#namespaces.get(module);
    if (found === undefined) this.#namespaces.set(module, (found = new Abstract()));
    return found;
  }

  site(node: AnyNode): Site {
    return { module: this.context.module, node };
  }

  parentOf(node: AnyNode): AnyNode | undefined {
    return this.context.module.scopes.parents.get(node);
  }

  problem(node: AnyNode, what: string): void {
    if (!this.problems.has(node)) this.problems.set(node, { site: this.site(node), what });
  }

  /** The function that a node is; made once. */
  functionAt(node: AnyNode, kind: FunctionKind, name: string): { value: Abstract; fn: ScriptFunction } {
    const value = this.at(node);
    if (value.fn === null) {
      const code = 'params' in node ? node : null;
      value.fn = {
        ...this.site(node),
        ...{ code, kind, name },
        thisValues: new Set(),
        returns: new Set(),
        extra: new Set(),
        parameters: code?.params.map(() => new Set<Abstract>()) ?? [],
        blocking: null,
        escaped: null,
      };
      this.functions.add(value.fn);
    }
    return { value, fn: value.fn };
  }

  /** A call in the code being followed blocks. */
  blocks(node: AnyNode, how: Rewriting, name: string): void {
    const before = this.sites.get(node);
    if (before === undefined) {
      this.sites.set(node, how);
      this.#additions++;
    } else if (before !== how)
      this.problem(node, `${name} may be a method of the script or one of an array; give it another name`);
    const { owner, inParameters } = this.context;
    if (owner === null) this.problem(node, `${name} blocks, and cannot be called while the script is loaded`);
    else if (inParameters)
      this.problem(
        node,
        `${name} blocks, and cannot be awaited in the default of a parameter; call it in the body`,
      );
    else if (owner.blocking === null) {
      owner.blocking = this.site(node);
      this.#additions++;
    }
  }

  /** The values go where they cannot be followed; `how` ends a sentence: `passed to foo()`. */
  escape(values: Iterable<Abstract>, node: AnyNode, how: string): void {
    const site = this.site(node);
    for (const value of values) this.#escapeOne(value, site, how);
  }

  #escapeOne(value: Abstract, site: Site, how: string): void {
    if (value === UNKNOWN || value.escaped) return;
    if (value.builtin !== null && BLOCKING.has(value.builtin)) {
      const what = `${value.builtin} blocks and is ${how}, where nothing can wait for it`;
      if (!this.problems.has(site.node)) this.problems.set(site.node, { site, what });
    }
    value.escaped = true;
    this.#additions++;
    this.#escaped.set(value, { site, how });
    if (value.fn !== null) value.fn.escaped ??= { site, how };
    this.#escapeContents(value, site, how);
  }

  #escapeContents(value: Abstract, site: Site, how: string): void {
    const { fn } = value;
    const parts: Values[] = [...value.props.values(), value.any, value.sources];
    if (fn !== null) {
      for (const parameter of fn.parameters) this.add(parameter, [UNKNOWN]);
      this.add(fn.thisValues, [UNKNOWN]);
      this.add(fn.extra, [UNKNOWN]);
      parts.push(fn.returns);
    }
    if (value.instance !== null) parts.push(new Set([value.instance]));
    for (const part of parts) for (const one of part) this.#escapeOne(one, site, how);
  }

  /** Follows code inside another context, then comes back. */
  within(context: Partial<Context>, body: () => void): void {
    const before = this.context;
    this.context = { ...before, ...context };
    body();
    this.context = before;
  }
}
