import type { AnyNode } from 'acorn';
import type { Context } from './flow.ts';
import type { Abstract, Values } from './values.ts';

/** The object that a member belongs to, for `super` and `this`. */
export interface Member {
  home: Abstract | null;
  self: Abstract;
}

/** The interface of `Follower` for the classes that follow one kind of node. */
export interface Walker {
  visit(node: AnyNode): Values;
  /** The values of a member. */
  slot(made: Abstract, node: { key: AnyNode; computed: boolean }): Values;
  /** The name of a member; null: computed. */
  keyOf(node: { key: AnyNode; computed: boolean }): string | null;
  /** Follows the value of a member. If it is a function, its `this` may be the object. */
  method(value: AnyNode, name: string | null, of: Member): Values;
  accessor(
    made: Abstract,
    of: { node: AnyNode & { kind: string }; value: AnyNode; home: Abstract; self: Abstract },
  ): void;
  /** Follows the body of a function, in its context. */
  body(node: AnyNode, context: Partial<Context>): void;
}
