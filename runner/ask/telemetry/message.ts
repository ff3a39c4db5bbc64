/** What may stand in the store for a line: the line itself, or the whole message within it, and no other part, such as its level. */
import { stripVTControlCharacters } from 'node:util';
import { leavesOf, objectIn } from '../../../probes/logs/index.ts';
import { mayBeCut, MOST_BEFORE } from './parts.ts';

/** A text without what shippers may take from its ends and out of it: blanks, and colours. */
export const plain = (text: string): string => stripVTControlCharacters(text).trim();

/** The object that a text is; none for any other text. */
export const objectOf = (text: string): ReturnType<typeof objectIn> =>
  text.startsWith('{') ? objectIn(text) : {};

/**
 * Keys of the message in lines of JSON and of `key=value`: of ECS, Logback, zerolog, Rust's tracing (`message`), of pino, zap, slog, logrus
 * (`msg`), of GELF (`short_message`) and Serilog (`@m`, `@mt`, `RenderedMessage`, `MessageTemplate`); where none of them is there, of structlog
 * (`event`), Docker (`log`) and OpenTelemetry (`body`).
 */
const FIRST_KEYS = ['message', 'msg', 'short_message', '@m', '@mt', 'renderedmessage', 'messagetemplate'];
const OTHER_KEYS = ['event', 'log', 'text', 'body'];

/** Keys of what stands beside a message, though it may be several words. */
const BESIDE = /time|level|severity|thread|logger|service|host/i;
const SEVERAL_WORDS = /\p{L}\S*\s+\S*\p{L}/u;

/** A record of one of these words alone has the level, and no message. */
const LEVEL =
  /^\W?(?:trace|trc|debug|dbg|info|inf|information|notice|warn|wrn|warning|error|err|critical|crit|severe|fatal|ftl|panic)\W*$/i;

/** What loggers write behind a message: one object or list in brackets, or fields as `key=value`. */
const CONTEXT =
  /(?<!\s)(?:\s+(?:\{.*\}|\[[^[\]]*\]|\([^()]*\))|(?:\s+[\w.@/-]+=(?:"(?:[^"\\]|\\.)*"|[^\s"]\S*))+)$/s;

const PAIR = /(?:^|\s)([\w.@/-]+)=("(?:[^"\\]|\\.)*"|[^\s"]\S*)/g;

type Field = readonly [path: string, value: string];

/**
 * What tells whether a record has the message of a line, whole: in a line of JSON, the value of the key of its message, or a text of several words
 * where no key is known for that; in any other line, what follows its time, level and thread, with or without the fields behind it.
 * @param text as `plain` has it
 * @param messageKey the key that the environment file declares
 */
export function messageOf(text: string, messageKey: string | undefined): (kept: string) => boolean {
  const isObject = text.startsWith('{');
  const found = isObject
    ? messagesIn(leavesOf(objectOf(text)), messageKey)
    : namedIn(pairsIn(text), messageKey);
  const messages = new Set(found.map(plain));
  const ends = isObject || mayBeCut(text) ? [] : [text, text.replace(CONTEXT, '')];
  const hasMessage = (kept: string): boolean =>
    messages.size === 0 || [...messages].some((one) => kept.includes(one));
  return (kept) => messages.has(kept) || (ends.some((end) => isEndOf(kept, end)) && hasMessage(kept));
}

/** A key that is nested names the message of something else, such as an error's, unless no key at the top is known. */
function messagesIn(fields: readonly Field[], messageKey: string | undefined): string[] {
  const named = namedIn(fields, messageKey);
  if (named.length > 0) return named;
  const nested = firstUnder([FIRST_KEYS, OTHER_KEYS], fields, lastOf);
  const said = fields.filter(
    ([path, value]) => isAtTop(path) && !BESIDE.test(path) && SEVERAL_WORDS.test(value),
  );
  const found = [...nested, ...said.map(([, value]) => value)];
  return found.length > 0 ? found : longestOf(fields);
}

/** Values of keys at the top, and of the declared one, wherever it stands. */
function namedIn(fields: readonly Field[], messageKey: string | undefined): string[] {
  const declared = messageKey === undefined ? '' : lastOf(messageKey);
  const keyOf = (path: string): string => {
    const last = lastOf(path);
    return isAtTop(path) || (last === declared && !FIRST_KEYS.includes(last)) ? last : '';
  };
  return firstUnder([[...FIRST_KEYS, ...(declared === '' ? [] : [declared])], OTHER_KEYS], fields, keyOf);
}

/** The values under the first of several lists of keys of which any is there. */
function firstUnder(
  lists: readonly (readonly string[])[],
  fields: readonly Field[],
  keyOf: (path: string) => string,
): string[] {
  for (const keys of lists) {
    const own = fields.filter(([path]) => keys.includes(keyOf(path)));
    if (own.length > 0) return own.map(([, value]) => value);
  }
  return [];
}

const isAtTop = (path: string): boolean => !path.includes('.');

const lastOf = (path: string): string => path.slice(path.lastIndexOf('.') + 1).toLowerCase();

/** A text of several words before any of one: times and ids can be longer than a message. */
function longestOf(fields: readonly Field[]): string[] {
  const rank = (value: string): number => (/\s/.test(value.trim()) ? value.length : 0);
  const [longest] = fields
    .map(([, value]) => value)
    .toSorted((a, b) => rank(b) - rank(a) || b.length - a.length);
  return longest === undefined ? [] : [longest];
}

/** Fields of a line such as `level=info msg="disk full"`. */
function pairsIn(text: string): Field[] {
  return [...text.matchAll(PAIR)].map(([, key = '', value = '']): Field => {
    if (!value.startsWith('"')) return [key, value];
    const inside = value.slice(1, -1);
    return [key, inside.replaceAll(/\\(["\\])/g, '$1')];
  });
}

/** Only so much stands before a message, and neither a word nor a field is parted. */
function isEndOf(kept: string, text: string): boolean {
  if (!text.endsWith(kept) || LEVEL.test(kept)) return false;
  const before = text.slice(0, text.length - kept.length);
  return before.length <= MOST_BEFORE && !before.endsWith('=') && !(/\w$/.test(before) && /^\w/.test(kept));
}
