import type { AnyNode } from 'acorn';
import type { Context } from './flow.ts';
import type { Abstract, Values } from './values.ts';

/** Where a member that is followed belongs. */
export interface Member {
  home: Abstract | null;
  self: Abstract;
}

/** What follows any node, as those see it that follow the nodes of one kind. */
export interface Walker {
  visit(node: AnyNode): Values;
  /** Where the values of a member are kept. */
  slot(made: Abstract, node: { key: AnyNode; computed: boolean }): Values;
  /** The name of a member; null: computed. */
  keyOf(node: { key: AnyNode; computed: boolean }): string | null;
  /** A value that is a member: where it is a function it knows its object. */
  method(value: AnyNode, name: string | null, of: Member): Values;
  accessor(
    made: Abstract,
    of: { node: AnyNode & { kind: string }; value: AnyNode; home: Abstract; self: Abstract },
  ): void;
  /** Follows the body of a function, in its context. */
  body(node: AnyNode, context: Partial<Context>): void;
}
