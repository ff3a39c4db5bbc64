/** The fields by which answers of the platform are parsed, as the source names them: a schema needs no export, and nothing of it is run. */
import path from 'node:path';
import ts from 'typescript';

/** Makers of an object whose other fields are not read. A strict one is of a declaration: no product promises to add no field. */
const OBJECTS: readonly string[] = ['object', 'looseObject', 'extend'];
/** Functions whose type argument is the answer. */
const ASKING: readonly string[] = ['ask', 'query', 'queryOnce', 'question', 'run', 'runIfGranted'];
/** The interface of what the API server of Kubernetes answers, and each that adds to it. */
const KUBE_OBJECT = /^(?:export )?interface (?:KubeObject|\w+ extends KubeObject) /;

interface Named {
  name: string;
  body: ts.Node;
}
interface Source {
  file: string;
  /** Constants, functions and classes of the file. */
  values: readonly Named[];
  types: ReadonlyMap<string, ts.Node>;
  /** Names of constants and types that have fields of their own: what refers to one is no field without others below it. */
  known: ReadonlySet<string>;
}

/** Of each file that has any: `constant.field.field`, and `Type.field` for what a query is said to answer. */
export function answerFields(files: ReadonlyMap<string, string>): Map<string, string[]> {
  const sources = [...files].map(([file, text]) => sourceOf(file, text));
  const found = new Map(sources.map(({ file }) => [file, new Set<string>()]));
  const done = new Set<ts.Node>();
  const ofType = (name: string, from: Source): void => {
    const at = declaring(name, from, sources);
    const body = at?.types.get(name);
    if (at === undefined || body === undefined || done.has(body)) return;
    done.add(body);
    for (const field of fieldsOf(body, name, at)) found.get(at.file)?.add(field);
    for (const other of namesIn(body)) ofType(other, at);
  };
  const ofValue = ({ name, body }: Named, source: Source): void => {
    for (const field of fieldsOf(body, name, source)) found.get(source.file)?.add(field);
    for (const answer of answersIn(body)) {
      for (const field of fieldsOf(answer, name, source)) found.get(source.file)?.add(field);
      for (const other of namesIn(answer)) ofType(other, source);
    }
  };
  for (const source of sources) {
    for (const [name, body] of source.types) if (KUBE_OBJECT.test(body.getText())) ofType(name, source);
    for (const value of source.values) ofValue(value, source);
  }
  const some = [...found].filter(([, fields]) => fields.size > 0);
  return new Map(some.map(([file, fields]): [string, string[]] => [file, [...fields]]));
}

function sourceOf(file: string, text: string): Source {
  const { statements } = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const values = statements.flatMap(valuesIn);
  const types = new Map(statements.flatMap(typesIn).map(({ name, body }) => [name, body]));
  const known = new Set<string>();
  for (const [name, body] of types) if (any(body, ts.isPropertySignature)) known.add(name);
  for (const { name, body } of values)
    if (any(body, (node) => isSchema(node) || (ts.isIdentifier(node) && known.has(node.text))))
      known.add(name);
  return { file, values, types, known };
}

function valuesIn(one: ts.Statement): Named[] {
  if (ts.isVariableStatement(one))
    return one.declarationList.declarations.flatMap(({ name, initializer }) =>
      initializer === undefined ? [] : [{ name: name.getText(), body: initializer }],
    );
  const isOther = ts.isFunctionDeclaration(one) || ts.isClassDeclaration(one);
  return isOther && one.name !== undefined ? [{ name: one.name.text, body: one }] : [];
}

function typesIn(one: ts.Statement): Named[] {
  if (ts.isInterfaceDeclaration(one)) return [{ name: one.name.text, body: one }];
  return ts.isTypeAliasDeclaration(one) ? [{ name: one.name.text, body: one.type }] : [];
}

/** A type is declared in the file itself, or beside it. */
function declaring(name: string, from: Source, sources: readonly Source[]): Source | undefined {
  const isBeside = ({ file }: Source): boolean => path.dirname(file) === path.dirname(from.file);
  return from.types.has(name) ? from : sources.find((one) => isBeside(one) && one.types.has(name));
}

/** The leaves below a schema, or below a type. Types within a value are of that value, and no answers. */
function fieldsOf(node: ts.Node, at: string, source: Source): string[] {
  const isType = ts.isTypeNode(node) || ts.isInterfaceDeclaration(node);
  const members = isType ? signaturesOf(node) : propertiesOf(node);
  if (members !== null)
    return members.flatMap(({ name, body }) => {
      const below = fieldsOf(body, `${at}.${name}`, source);
      const refers = any(body, (one) => ts.isIdentifier(one) && source.known.has(one.text));
      return below.length > 0 || refers ? below : [`${at}.${name}`];
    });
  const step = ts.isPropertyAssignment(node) ? `${at}.${nameOf(node.name)}` : at;
  return childrenOf(node).flatMap((child) =>
    ts.isTypeNode(child) && !isType ? [] : fieldsOf(child, step, source),
  );
}

function propertiesOf(node: ts.Node): Named[] | null {
  if (!isSchema(node)) return null;
  const [shape] = node.arguments;
  if (shape === undefined || !ts.isObjectLiteralExpression(shape)) return [];
  return shape.properties.flatMap((one) => {
    if (ts.isShorthandPropertyAssignment(one)) return [{ name: one.name.text, body: one.name }];
    return ts.isPropertyAssignment(one) ? [{ name: nameOf(one.name), body: one.initializer }] : [];
  });
}

function signaturesOf(node: ts.Node): Named[] | null {
  if (!ts.isTypeLiteralNode(node) && !ts.isInterfaceDeclaration(node)) return null;
  return node.members.flatMap((one) =>
    ts.isPropertySignature(one) && one.type !== undefined ? [{ name: nameOf(one.name), body: one.type }] : [],
  );
}

/** `z.object({…})`, and what adds to one. */
function isSchema(node: ts.Node): node is ts.CallExpression {
  return (
    ts.isCallExpression(node) &&
    ts.isPropertyAccessExpression(node.expression) &&
    OBJECTS.includes(node.expression.name.text)
  );
}

/** Type arguments of the questions that a value asks. */
function answersIn(body: ts.Node): ts.TypeNode[] {
  const own =
    ts.isCallExpression(body) && ASKING.includes(calledBy(body.expression)) ? (body.typeArguments ?? []) : [];
  return [...own, ...childrenOf(body).flatMap(answersIn)];
}

function calledBy(callee: ts.Expression): string {
  return ts.isPropertyAccessExpression(callee) ? callee.name.text.replace(/^#/, '') : callee.getText();
}

function namesIn(type: ts.Node): string[] {
  const own = ts.isTypeReferenceNode(type) ? [type.typeName.getText()] : [];
  return [...own, ...childrenOf(type).flatMap(namesIn)];
}

const nameOf = (name: ts.PropertyName): string =>
  ts.isStringLiteral(name) || ts.isIdentifier(name) ? name.text : name.getText();

function childrenOf(node: ts.Node): ts.Node[] {
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  return children;
}

function any(node: ts.Node, fits: (one: ts.Node) => boolean): boolean {
  return fits(node) || childrenOf(node).some((child) => any(child, fits));
}
