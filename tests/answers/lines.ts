/** What becomes of each field of an answer, line by line: it is recorded, or somebody says why it is not. */

/** By file, then by field; `{a,b}` stands for several. */
export type Lines = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What lines miss, or say wrongly. @param isRecorded whether an observation has that field, as `kind.field` */
export function amiss(
  found: ReadonlyMap<string, readonly string[]>,
  lines: Lines,
  isRecorded: (field: string) => boolean,
): string[] {
  const files = new Set([...found.keys(), ...Object.keys(lines)]);
  return [...files].flatMap((file) => {
    const fields = found.get(file) ?? [];
    const said = Object.entries(lines[file] ?? {}).flatMap(([names, fate]) =>
      spelled(names).map((name): [string, string] => [name, fate]),
    );
    const fits = ([name, fate]: [string, string], field: string): boolean =>
      name === field || (NO_ANSWER.test(fate) && field.startsWith(`${name}.`));
    const unsaid = fields.filter((field) => !said.some((line) => fits(line, field)));
    const idle = said.filter((line) => !fields.some((field) => fits(line, field)));
    const wrong = said.flatMap(([name, fate]) => wrongIn(fate, isRecorded).map((why) => `${name}: ${why}`));
    return [
      ...unsaid.map((field) => `${field} is parsed: a line says what becomes of it`),
      ...idle.map(([name]) => `${name} is not parsed any more`),
      ...wrong,
    ].map((what) => `${file}: ${what}`);
  });
}

/** A part of the harness's own world. */
const NO_ANSWER = /^no answer, but (?<why>.+)$/s;
/** Used by the probe, and seen only in what it decides; or seen nowhere. */
const NOT_KEPT = /^(?:decides|dropped, for) (?<why>.+)$/s;
const RECORDED = /^recorded as (?<field>\S+)$/;
/** Letters below which a reason says nothing. */
const LEAST = 12;

function wrongIn(fate: string, isRecorded: (field: string) => boolean): string[] {
  const field = RECORDED.exec(fate)?.groups?.['field'];
  if (field !== undefined) return isRecorded(field) ? [] : [`no observation has ${field}`];
  const why = (NO_ANSWER.exec(fate) ?? NOT_KEPT.exec(fate))?.groups?.['why'] ?? '';
  return why.length < LEAST ? [`"${fate}" gives no reason`] : [];
}

/** `a.{b,c}` is `a.b` and `a.c`. */
function spelled(names: string): string[] {
  const [, begin = '', each, end = ''] = /^(.*?)\{(.*?)\}(.*)$/.exec(names) ?? [];
  return each === undefined
    ? [names]
    : each.split(',').flatMap((one) => spelled(`${begin}${one.trim()}${end}`));
}
