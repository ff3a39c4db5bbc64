/** Takes the values of variables out of texts that are kept or shown. */

/** Shorter texts appear everywhere by chance and guard nothing. */
const SHORTEST = 4;
/** Rates, durations and switches: no secret, and messages would be spoilt without them. */
const HARMLESS = /^(?:\d{1,5}(?:\.\d+)?(?:ms|s|m|h)?|true|false)$/;

/**
 * A function that puts `[NAME]` where a value of these variables stands, as it is, URL-encoded, or with JSON's escapes. Longer values go
 * first, so that none leaves a rest of another.
 */
export function redactor(variables: Readonly<Record<string, string>>): (text: string) => string {
  const forms = new Map<string, string>();
  for (const [name, value] of Object.entries(variables)) {
    if (value.length < SHORTEST || HARMLESS.test(value)) continue;
    for (const form of [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)])
      if (!forms.has(form)) forms.set(form, `[${name}]`);
  }
  const ordered = [...forms].sort(([a], [b]) => b.length - a.length);
  return (text) => ordered.reduce((left, [form, name]) => left.replaceAll(form, name), text);
}
