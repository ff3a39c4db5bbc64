/** From a line of a container's log file to the record that the log store keeps. Format of the lines: Kubernetes CRI logging, v1. */
import { createHash } from 'node:crypto';

/** Whose file it is: `/var/log/pods/<namespace>_<pod>_<uid>/<container>/<restarts>.log`, also when it was rotated. */
export interface Source {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  readonly container: string;
}

export interface LogRecord {
  readonly id: string;
  /** `logs-2026.11.24`, by the day of the line, UTC. */
  readonly index: string;
  readonly document: Readonly<Record<string, unknown>>;
}

/** A whole line of a container: what the runtime split is put together again. */
export interface Line {
  /** RFC 3339 with nanoseconds, as the runtime wrote it. */
  readonly time: string;
  readonly stream: string;
  readonly text: string;
  /** Where it begins in its file. */
  readonly offset: number;
}

const PATH =
  /^(?<namespace>[^_/]+)_(?<pod>[^_/]+)_(?<uid>[^_/]+)\/(?<container>[^/]+)\/\d+\.log(?:\.\d{8}-\d{6})?$/;
const LINE =
  /^(?<time>\d{4}-\d\d-\d\dT\S+) (?<stream>stdout|stderr) (?<flag>[FP])(?::\S*)? (?<text>[\s\S]*)$/;
/** Longer text is cut: no service here writes as much in one line. */
const LONGEST = 32_768;

/** @param path below the folder of all pods' logs; undefined for what is no log (a compressed one is a rotated one that has been read) */
export function sourceOf(path: string): Source | undefined {
  const groups = PATH.exec(path)?.groups;
  return groups as unknown as Source | undefined;
}

/** One line of the file; undefined where it is none of the runtime's. */
export function parseLine(raw: string): (Omit<Line, 'offset'> & { whole: boolean }) | undefined {
  const groups = LINE.exec(raw)?.groups;
  if (groups === undefined) return undefined;
  const { time = '', stream = '', flag, text = '' } = groups;
  return { time, stream, text, whole: flag === 'F' };
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

function objectIn(line: string): Record<string, unknown> {
  if (!line.startsWith('{')) return {};
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Fields of a line that is a JSON object; of any other the message alone. */
function fieldsOf(line: string, container: string): Record<string, unknown> {
  const object = objectIn(line);
  const { n } = object;
  return {
    message: (text(object.msg) ?? text(object.message) ?? line).slice(0, LONGEST),
    service: text(object.service) ?? container,
    level: text(object.level),
    trace_id: text(object.trace_id),
    span_id: text(object.span_id),
    mark: text(object.mark),
    ...(Number.isSafeInteger(n) && { n }),
  };
}

/** The same line has the same id whenever it is sent: sent again it is stored once. */
export function recordOf(line: Line, source: Source, node: string): LogRecord {
  const { namespace, pod, uid, container } = source;
  const identity = [node, uid, container, line.time, String(line.offset)].join('/');
  return {
    id: createHash('sha256').update(identity).digest('base64url').slice(0, 27),
    index: `logs-${line.time.slice(0, 10).replaceAll('-', '.')}`,
    document: {
      '@timestamp': line.time,
      stream: line.stream,
      ...fieldsOf(line.text, container),
      kubernetes: { node, namespace, pod, container },
    },
  };
}

/** Without the fields that an index may refuse: what the store has of a line that it would not take as it is. */
export function plainly({ id, index, document }: LogRecord): LogRecord {
  const { '@timestamp': time, kubernetes, message, service } = document;
  return { id, index, document: { '@timestamp': time, kubernetes, message: String(message), service } };
}
