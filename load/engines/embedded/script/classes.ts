import type { AnyNode, MethodDefinition, PropertyDefinition, StaticBlock } from 'acorn';
import type { Flow } from './flow.ts';
import type { Walker } from './walker.ts';
import type { ClassNode } from './scope.ts';
import { Abstract, UNKNOWN } from './values.ts';
import type { Values } from './values.ts';

/** The three objects of a class: the class, its prototype, and one object that stands for all instances. */
interface Parts {
  made: Abstract;
  prototype: Abstract;
  instance: Abstract;
}

/** Follows classes: members, static members and inheritance. */
export class ClassFollower {
  readonly #flow: Flow;
  readonly #follower: Walker;

  constructor(flow: Flow, follower: Walker) {
    this.#flow = flow;
    this.#follower = follower;
  }

  visit(node: ClassNode): Values {
    const parts = this.#parts(node);
    const { made, prototype } = parts;
    if (node.id) {
      const binding = this.#flow.bindingOf(node.id);
      if (binding !== null) this.#flow.add(this.#flow.variable(binding), [made]);
    }
    if (node.superClass) this.#inherit(parts, this.#follower.visit(node.superClass));
    for (const member of node.body.body) this.#member(parts, member);
    this.#flow.add(made.prop('prototype'), [prototype]);
    return new Set([made]);
  }

  #parts(node: AnyNode): Parts {
    const made = this.#flow.at(node, 'class');
    const prototype = this.#flow.at(node, 'prototype');
    const instance = (made.instance ??= new Abstract());
    this.#flow.add(instance.sources, [prototype]);
    this.#flow.classes.set(prototype, made).set(made, made);
    return { made, prototype, instance };
  }

  #inherit({ made, prototype }: Parts, bases: Values): void {
    this.#flow.add(made.sources, bases);
    for (const base of bases)
      this.#flow.add(prototype.sources, base.instance === null ? [UNKNOWN] : base.instance.sources);
  }

  #member(parts: Parts, node: MethodDefinition | PropertyDefinition | StaticBlock): void {
    if (node.type === 'MethodDefinition') this.#method(parts, node);
    else this.#initialiser(parts, node);
  }

  #method(parts: Parts, node: MethodDefinition): void {
    const { made, prototype, instance } = parts;
    const target = node.static ? made : prototype;
    const self = node.static ? made : instance;
    if (node.kind === 'constructor') {
      const { fn } = this.#flow.functionAt(node.value, 'constructor', 'constructor');
      made.fn = fn;
      this.#flow.add(fn.thisValues, [instance]);
      this.#follower.body(node.value, { home: prototype });
    } else if (node.kind === 'method') {
      const name = this.#follower.keyOf(node);
      this.#flow.add(
        this.#follower.slot(target, node),
        this.#follower.method(node.value, name, { home: target, self }),
      );
    } else this.#follower.accessor(target, { node, value: node.value, home: target, self });
  }

  /** Fields and static blocks are treated as functions without parameters, in which nothing can be awaited. */
  #initialiser(parts: Parts, node: PropertyDefinition | StaticBlock): void {
    const { made, prototype, instance } = parts;
    const isStatic = node.type === 'StaticBlock' || node.static;
    const self = isStatic ? made : instance;
    const kind = node.type === 'StaticBlock' ? 'static block' : 'field';
    const { fn: owner } = this.#flow.functionAt(node, kind, kind);
    const context = { owner, thisValues: new Set([self]), home: isStatic ? made : prototype };
    this.#flow.within(context, () => {
      if (node.type === 'StaticBlock') for (const one of node.body) this.#follower.visit(one);
      else if (node.value)
        this.#flow.add(
          this.#follower.slot(self, node),
          this.#follower.method(node.value, this.#follower.keyOf(node), { home: null, self }),
        );
    });
  }
}
