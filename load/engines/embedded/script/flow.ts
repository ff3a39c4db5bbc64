import type { AnyNode, Identifier } from 'acorn';
import type { LinkedModule } from './linker.ts';
import type { Binding } from './scope.ts';
import { BLOCKING } from './supported.ts';
import { Abstract, UNKNOWN } from './values.ts';
import type { FunctionKind, ScriptFunction, Site, Values } from './values.ts';

/** The surroundings of the code that is being followed. */
export interface Context {
  module: LinkedModule;
  /** The function that contains the code; null: top level of a module. */
  owner: ScriptFunction | null;
  thisValues: Values;
  /** What `arguments` may hold. */
  extra: Values;
  /** The object in whose prototype `super` is looked up. */
  home: Abstract | null;
  /** The code is in the default of a parameter, where nothing can be awaited. */
  inParameters: boolean;
}

export interface Problem {
  site: Site;
  what: string;
}

/** How to rewrite a call that may block: await it, or run an array method's callback one element after the other. */
export type Rewriting = 'await' | 'iterate';

/**
 * Determines which functions of a script each name, property and parameter may hold (a flow analysis without call contexts, repeated until
 * it adds nothing). A call blocks if one of the functions that it may reach blocks. A function that is passed to code that cannot be
 * followed would not be awaited there: if it blocks, the script is refused.
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

  /** The object that a place of the source creates. `part` distinguishes several objects of one place. */
  at(node: AnyNode, part = ''): Abstract {
    let parts = this.#made.get(node);
    if (parts === undefined) this.#made.set(node, (parts = new Map<string, Abstract>()));
    let found = parts.get(part);
    if (found === undefined) parts.set(part, (found = new Abstract()));
    return found;
  }

  /** Object → its class. The object is the class's prototype, or for static members the class itself. */
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

  /** The function of a node, created at the first call. */
  functionAt(node: AnyNode, kind: FunctionKind, name: string): { value: Abstract; fn: ScriptFunction } {
    const value = this.at(node);
    if (value.fn === null) {
      const code = 'params' in node ? node : null;
      value.fn = {
        ...this.site(node),
        code,
        kind,
        name,
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

  /** Records that a call in the code being followed blocks. */
  blocks(node: AnyNode, how: Rewriting, name: string): void {
    const before = this.sites.get(node);
    if (before === undefined) {
      this.sites.set(node, how);
      this.#additions++;
    } else if (before !== how)
      this.problem(
        node,
        `${name} may be a method of the script or of an array, and the embedded engine cannot tell which; give the method another name`,
      );
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

  /** Records that the values leave the analysis. `how` completes a message: `passed to foo()`. */
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

  /** Follows code within a changed context, and restores the context afterwards. */
  within(context: Partial<Context>, body: () => void): void {
    const before = this.context;
    this.context = { ...before, ...context };
    body();
    this.context = before;
  }
}
