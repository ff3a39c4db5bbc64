import type { Exchange } from '../http/exchange.ts';
import type { Tags } from '../metrics/metric.ts';
import type { Prepared } from './http/request.ts';
import { timingsOf } from './http/response.ts';
import { isSystemTagOn } from './tags.ts';
import { countError } from './thread.ts';
import type { Vu } from './vu.ts';

/** Records one request that has ended; as in k6, each request of a chain of redirects is recorded. */
export function recordExchange(vu: Vu, exchange: Exchange, prepared: Prepared): void {
  const { registry, counts } = vu.thread;
  const { built } = registry;
  const times = timingsOf(exchange);
  const status = exchange.head?.status ?? 0;
  const expected = prepared.params.callback?.(status);
  const tags = registry.tagged ? new ExchangeTags({ vu, exchange, prepared, expected }) : null;
  built.http_reqs.add(1, tags);
  built.http_req_duration.add(times.duration, tags);
  built.http_req_blocked.add(times.blocked, tags);
  built.http_req_connecting.add(times.connecting, tags);
  built.http_req_tls_handshaking.add(times.tls_handshaking, tags);
  built.http_req_sending.add(times.sending, tags);
  built.http_req_waiting.add(times.waiting, tags);
  built.http_req_receiving.add(times.receiving, tags);
  if (expected !== undefined) built.http_req_failed.add(expected ? 0 : 1, tags);
  // Only the first request of an iteration can be late: those after it wait for answers, not for the schedule.
  const latency = exchange.endMs - exchange.startMs + vu.latenessMs;
  vu.latenessMs = 0;
  built.plumbline_latency.add(latency, tags);
  vu.thread.latency(latency);
  counts.requests++;
  if (exchange.retried) countError(counts, 'sent again on a new connection: the kept one was closed before');
  if (!(expected ?? exchange.error === null)) countFailed(vu, exchange);
}

function countFailed(vu: Vu, { head, error }: Exchange): void {
  const { counts } = vu.thread;
  counts.failed++;
  countError(counts, error?.message ?? `status ${head?.status ?? 0}`);
}

interface Sample {
  vu: Vu;
  exchange: Exchange;
  prepared: Prepared;
  expected: boolean | undefined;
}

/** Tags of the script and k6's own; k6's win. Computed on access, since few tags are ever read. */
class ExchangeTags implements Tags {
  readonly #sample: Sample;

  constructor(sample: Sample) {
    this.#sample = sample;
  }

  tag(name: string): string | undefined {
    const { vu, prepared } = this.#sample;
    const system = isSystemTagOn(vu.thread.options, name) ? SYSTEM[name]?.(this.#sample) : undefined;
    return system ?? prepared.params.tags?.[name] ?? vu.tag(name);
  }
}

/** The tags that k6 sets itself; undefined: it does not set this one for the sample. */
const SYSTEM: Readonly<Record<string, (sample: Sample) => string | undefined>> = {
  name: (sample) => (givenName(sample) === undefined ? knownName(sample) : undefined),
  // As in k6, a name from the script replaces the URL too, which keeps the number of different tags low.
  url: (sample) => givenName(sample) ?? knownName(sample),
  method: ({ exchange }) => exchange.method,
  status: ({ exchange }) => String(exchange.head?.status ?? 0),
  proto: ({ exchange }) => exchange.head?.proto,
  error: ({ exchange }) => exchange.error?.message,
  error_code: ({ exchange: { error, head } }) => {
    if (error !== null) return String(error.errorCode);
    return head !== null && head.status >= 400 ? String(1000 + head.status) : undefined;
  },
  expected_response: ({ expected }) => (expected === undefined ? undefined : String(expected)),
};

function givenName({ vu, prepared }: Sample): string | undefined {
  return prepared.params.tags?.['name'] ?? vu.tag('name');
}

/** As in k6, the template is used only if the system tag `name` is on. */
function knownName({ vu, exchange, prepared }: Sample): string {
  const template = isSystemTagOn(vu.thread.options, 'name') ? prepared.template : null;
  return template ?? exchange.target.clean;
}
