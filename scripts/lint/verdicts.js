/**
 * Lint rules for code between an observation and a verdict: recorded values are read with the types of their schema, and no decision
 * depends on the text of a reason or a proof; what excuses a rule has an amount.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import ts from 'typescript';

/** Fields that say something for people. */
const WORDS = ['reason', 'proof'];
const LOOKS_INTO = ['startsWith', 'endsWith', 'includes', 'match', 'search', 'indexOf'];

/** Functions that return the type of a node, and whether it has a property. */
function typed(context) {
  const services = context.sourceCode.parserServices;
  const checker = services.program.getTypeChecker();
  const typeOf = (node) => services.getTypeAtLocation(node);
  const has = (node, name) => checker.getPropertyOfType(typeOf(node), name) !== undefined;
  return { typeOf, has };
}

/** Whether a type says nothing about its value: unknown, any (as from JSON.parse), or `{}` (as from `unknown ?? {}`). */
function saysNothing(type) {
  if ((type.flags & (ts.TypeFlags.Unknown | ts.TypeFlags.Any)) !== 0) return true;
  const isObject = (type.flags & ts.TypeFlags.Object) !== 0;
  return isObject && type.getProperties().length === 0 && bare(type);
}

/** Whether a type has neither an index signature nor a call signature. */
function bare(type) {
  const indexes = [type.getStringIndexType(), type.getNumberIndexType()];
  return indexes.every((of) => of === undefined) && type.getCallSignatures().length === 0;
}

const noCastFromUnknown = {
  meta: {
    type: 'problem',
    messages: {
      cast: 'This cast from unknown asserts a type that nothing has checked: parse the value, or give it a type where it comes from.',
    },
    schema: [],
  },
  create(context) {
    const { typeOf } = typed(context);
    return {
      TSAsExpression(node) {
        const target = node.typeAnnotation;
        const isConst = target.type === 'TSTypeReference' && target.typeName.name === 'const';
        if (isConst || target.type === 'TSUnknownKeyword') return;
        if (saysNothing(typeOf(node.expression))) context.report({ node, messageId: 'cast' });
      },
    };
  },
};

const noNamedFieldOfObservation = {
  meta: {
    type: 'problem',
    messages: {
      field:
        "Read a field of an observation by its type: `seen.{{name}}`, with `seen` from `all(history, 'kind')`.",
    },
    schema: [],
  },
  create(context) {
    const { has } = typed(context);
    return {
      'MemberExpression[computed=true]'(node) {
        const { property } = node;
        if (property.type !== 'Literal' || typeof property.value !== 'string') return;
        if (!has(node.object, 'kind') || !has(node.object, 't')) return;
        context.report({ node, messageId: 'field', data: { name: property.value } });
      },
    };
  },
};

const noLookIntoReason = {
  meta: {
    type: 'problem',
    messages: {
      words: 'Do not decide by the text of a reason or a proof: record what is needed in a field of its own.',
    },
    schema: [],
  },
  create(context) {
    const { has } = typed(context);
    const isReason = (node) => {
      if (node.type === 'ChainExpression') return isReason(node.expression);
      if (node.type === 'Identifier') return WORDS.includes(node.name);
      if (node.type !== 'MemberExpression' || node.property.type !== 'Identifier') return false;
      const { name } = node.property;
      return WORDS.includes(name) || (name === 'text' && has(node.object, 'verdict'));
    };
    return {
      'CallExpression[callee.type="MemberExpression"]'({ callee }) {
        if (callee.property.type !== 'Identifier' || !LOOKS_INTO.includes(callee.property.name)) return;
        if (isReason(callee.object)) context.report({ node: callee, messageId: 'words' });
      },
    };
  },
};

const noExcuseWithoutAmount = {
  meta: {
    type: 'problem',
    messages: {
      amount: 'What excuses a rule has an amount: give it to `excusedBy` (reports/record/rule.ts).',
    },
    schema: [],
  },
  create(context) {
    const { has } = typed(context);
    const isRule = (node) => ['id', 'verdict', 'text'].every((name) => has(node, name));
    const isOpen = ({ key, value }) => key?.name === 'verdict' && value.value === 'inconclusive';
    const isOfRule = ({ argument, key, value }) =>
      argument === undefined
        ? key.name === 'id' && value.type === 'MemberExpression' && isRule(value.object)
        : isRule(argument);
    return {
      ObjectExpression(node) {
        if (node.properties.some(isOpen) && node.properties.some(isOfRule))
          context.report({ node, messageId: 'amount' });
      },
    };
  },
};

export const verdicts = {
  // ESLint caches results by this version: the hash of this file makes them invalid when a rule changes.
  meta: {
    name: 'verdicts',
    version: createHash('sha256')
      .update(readFileSync(import.meta.filename))
      .digest('hex'),
  },
  rules: {
    'no-cast-from-unknown': noCastFromUnknown,
    'no-named-field-of-observation': noNamedFieldOfObservation,
    'no-look-into-reason': noLookIntoReason,
    'no-excuse-without-amount': noExcuseWithoutAmount,
  },
};
