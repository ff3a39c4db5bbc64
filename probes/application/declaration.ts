import { z } from 'zod';
import { hostPort, isSafe, plainUrl, secretSource, trust } from '../declaring.ts';
import { placeholdersIn } from './contract.ts';
import type { PLACEHOLDERS } from './contract.ts';

const pointer = z
  .string()
  .regex(/^(\/([^~/]|~[01])*)*$/, 'a JSON pointer such as /id, or an empty text for the whole body')
  .describe('JSON pointer (RFC 6901) into the body; an empty text is the whole body');
const header = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'the name of a header');
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const statusCode = z.int().min(100).max(599);
const statuses = z
  .union([statusCode, z.array(statusCode).min(1)])
  .transform((given) => (typeof given === 'number' ? [given] : given));

const place = { pointer: pointer.optional(), header: header.optional() };
const ONE_PLACE = 'one of pointer and header';
const isOnePlace = (given: { pointer?: unknown; header?: unknown }): boolean =>
  (given.pointer === undefined) !== (given.header === undefined);

/** @param known whether the request may have the placeholders of a text; `error` says which those are */
function expectationWith(known: (text: string) => boolean, error: string) {
  return z
    .strictObject({
      ...place,
      equals: scalar
        .refine((value) => typeof value !== 'string' || known(value), { error })
        .optional()
        .describe('The value there; placeholders are filled as in the request'),
      contains: z
        .string()
        .min(1)
        .refine(known, { error })
        .optional()
        .describe('Text that the value contains; placeholders are filled as in the request'),
      is: z.enum(['text', 'number', 'boolean', 'list', 'map']).optional().describe('What the value is'),
      each: z
        .array(pointer)
        .optional()
        .describe('It is a list, and each entry has something at these pointers'),
      most: z.int().min(0).optional().describe('Most entries of that list'),
    })
    .refine(isOnePlace, { error: ONE_PLACE });
}

const idPlace = z
  .strictObject(place)
  .refine(isOnePlace, { error: ONE_PLACE })
  .describe('Where the answer names what was created: a pointer, or a header, whose last path segment it is');

const values = z.array(scalar).default([]);
const state = z
  .strictObject({
    ...place,
    done: values.describe('It has ended well'),
    degraded: values.describe('It has ended without the model, or with less than asked for'),
    failed: values.describe('It has ended badly'),
    open: values.describe('It has not ended'),
  })
  .refine(isOnePlace, { error: ONE_PLACE })
  .refine(({ done, degraded, failed }) => done.length + degraded.length + failed.length > 0, {
    error: 'at least one value of done, degraded or failed: otherwise it never ends',
  })
  .refine(({ done, degraded, failed, open }) => isDistinct([...done, ...degraded, ...failed, ...open]), {
    error: 'each value under one state only',
  })
  .describe('Where the answer says how far it is, and which value means what');

function isDistinct(all: readonly unknown[]): boolean {
  return new Set(all).size === all.length;
}

type Placeholder = (typeof PLACEHOLDERS)[number];

/** Of every request. What is created has a {title} and a {correlationId} that nothing of another load or run has; {n} counts within one. */
const ALWAYS: readonly Placeholder[] = ['correlationId', 'title', 'n'];
/** What may change nothing (RFC 9110, 9.2.1). */
export const SAFE = ['GET', 'HEAD', 'OPTIONS'] as const;
const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

interface Rules {
  methods?: readonly (typeof METHODS)[number][];
  /** Placeholders beside those of every request. */
  more?: readonly Placeholder[];
  /** Placeholders without which it makes no sense. */
  needs?: readonly Placeholder[];
}

/** The keys of a request whatever it is for. */
function keysOf({ methods = METHODS, more = [] }: Rules) {
  const allowed = [...ALWAYS, ...more];
  const known = (text: string): boolean =>
    placeholdersIn(text).every((name) => allowed.some((one) => one === name));
  const error = `only the placeholders ${allowed.map((name) => `{${name}}`).join(', ')}`;
  return {
    method: z.enum(methods),
    path: z
      .string()
      .regex(/^\/[^#\s]*$/, 'a path such as /orders, with its query')
      .refine(known, { error })
      .describe('Path and query below topology.edge.url'),
    body: z
      .json()
      .refine((body) => textsIn(body).every(known), { error })
      .optional()
      .describe('Its body, sent as JSON; a text that is only {n} becomes a number. Left out: none'),
    status: statuses.describe('The status of a good answer, or several'),
    expects: z
      .array(expectationWith(known, error))
      .default([])
      .describe('What a good answer holds beside its status'),
  };
}

function textsIn(body: unknown): string[] {
  if (typeof body === 'string') return [body];
  if (typeof body !== 'object' || body === null) return [];
  return Object.values(body).flatMap(textsIn);
}

function needing<T extends z.ZodType<{ path: string; body?: unknown }>>(
  schema: T,
  needs: readonly Placeholder[],
  why: string,
): T {
  return schema.refine(
    ({ path, body }) => {
      const used = [path, ...textsIn(body)].flatMap(placeholdersIn);
      return needs.every((name) => used.includes(name));
    },
    { path: ['path'], error: `${needs.map((name) => `{${name}}`).join(' and ')} in path or body: ${why}` },
  );
}

const missing = statuses
  .default([404])
  .describe('Statuses that say that there is no such thing; 404 is what HTTP has for it');

const look = z
  .strictObject(keysOf({ methods: SAFE }))
  .describe(
    'Changes nothing and passes the whole chain: the edge path, the load on the backend, the first request of each load',
  );
const list = z
  .strictObject(keysOf({ methods: SAFE }))
  .optional()
  .describe('What the loads of scaling and performance read; `look` when left out');
const create = needing(
  z.strictObject({ ...keysOf({}), id: idPlace.optional() }),
  ['title'],
  'by its title what a canary created is told from what others did',
)
  .optional()
  .describe('Creates one thing: canary requests, jobs of the AI service, writes of loads');
const read = needing(
  z.strictObject({ ...keysOf({ methods: SAFE, more: ['id'] }), state: state.optional(), missing }),
  ['id'],
  'of what was created',
)
  .optional()
  .describe('Reads what `create` made, and how far the work on it is');
const draft = z
  .strictObject({ ...keysOf({}), state: state.optional() })
  .optional()
  .describe(
    'Makes the AI service ask its language model; state says whether the answer was written without it',
  );
const remove = needing(
  z.strictObject({ ...keysOf({ methods: METHODS, more: ['id'] }), missing }),
  ['id'],
  'of what was created',
)
  .optional()
  .describe('Removes what `create` made, by its id');
const find = z
  .strictObject({
    ...keysOf({ methods: SAFE, more: ['prefix'] }),
    entries: z
      .strictObject({
        list: pointer.default('').describe('Where the list is'),
        id: pointer.describe('The id in an entry'),
        title: pointer.describe('The title in an entry'),
      })
      .describe('Where the answer has its entries'),
  })
  .optional()
  .describe(
    'Lists things by their title, so that a run removes what an earlier one that was interrupted left; only entries whose title begins with canaries.prefix are ever removed',
  );

/** By what somebody who asks is recognised. */
const credentials = z
  .strictObject({
    headers: z
      .record(header, secretSource)
      .optional()
      .describe('Headers whose whole value is secret, such as an API key'),
    bearer: secretSource
      .optional()
      .describe(
        'Authorization: Bearer; read again when the gateway refuses it, and before it expires where it is a JWT',
      ),
    basic: z
      .strictObject({ user: z.string().min(1), password: secretSource })
      .optional()
      .describe('Authorization: Basic'),
    oauth2: z
      .strictObject({
        tokenUrl: plainUrl
          .refine(isSafe, 'https, where a password or a token is sent')
          .describe('Token endpoint (RFC 6749, 4.4: client credentials), by https'),
        address: hostPort.optional().describe('Connect here instead of resolving the name in the URL'),
        trust: trust.optional().describe('"system" when left out'),
        clientId: z.string().min(1),
        clientSecret: secretSource,
        scope: z.string().min(1).optional().describe('Scopes, separated by spaces'),
        audience: z.string().min(1).optional(),
        sends: z
          .enum(['basic', 'body'])
          .default('basic')
          .describe('How the client shows its secret: in Authorization: Basic, or in the body'),
        renewSeconds: z
          .int()
          .min(1)
          .default(30)
          .describe('How long before its expiry a token is renewed; at most half of its lifetime'),
      })
      .optional()
      .describe('Authorization: Bearer with a token of OAuth2 client credentials, renewed before it expires'),
    client: z
      .strictObject({ certificate: secretSource, key: secretSource })
      .optional()
      .describe('PEM certificate and key that a client shows in TLS'),
  })
  .superRefine(({ bearer, basic, oauth2, headers = {} }, context) => {
    const named = { bearer, basic, oauth2 };
    const given = Object.entries(named).flatMap(([name, one]) => (one === undefined ? [] : [name]));
    const [, second] = given;
    if (second !== undefined)
      context.addIssue({ code: 'custom', path: [second], message: 'one of bearer, basic and oauth2' });
    const own = Object.keys(headers).find((name) => name.toLowerCase() === 'authorization');
    if (own !== undefined && given.length > 0)
      context.addIssue({
        code: 'custom',
        path: ['headers', own],
        message: `${given[0] ?? ''} already fills Authorization`,
      });
  })
  .describe('By what the gateway or the service recognises who asks; nothing when left out');

const follow = z
  .union([
    z.strictObject({ echo: header.describe('Header whose value the service repeats in its answer') }),
    z.enum(['trace', 'none']),
  ])
  .describe(
    'How a request is recognised on its way: {echo: HEADER}, which the service also writes into its log lines and spans; `trace`: by its trace id alone (traceparent); `none`',
  );

const proof = z
  .union([
    z.enum(['echo', 'answers', 'none']),
    z.strictObject({ header, contains: z.string().min(1).optional() }),
  ])
  .describe(
    'What tells an answer of the service from one of somebody before it: `echo`, a header {header, contains} that only the service sets, `answers`: what each request `expects`, or `none`. `echo` where follow has one',
  );

/** What every title of a canary begins with, unless the file says otherwise. */
const PREFIX = 'Plumbline canary ';

const canaries = z
  .strictObject({
    prefix: z
      .string()
      .min(6)
      .default(PREFIX)
      .describe('What every {title} begins with; nothing of anybody else may: by it leftovers are found'),
  })
  .prefault({})
  .describe('How what Plumbline creates is told from what others did');

const requests = z.strictObject({ look, list, create, read, draft, remove, find });

interface Problem {
  path: string[];
  message: string;
}

/** Requests whose answers decide, and so must show who answered. */
const DECIDING = ['look', 'list', 'create'] as const;

function proofProblems(given: {
  follow: z.infer<typeof follow>;
  proof?: z.infer<typeof proof> | undefined;
  requests: z.infer<typeof requests>;
}): Problem[] {
  const at = (message: string): Problem[] => [{ path: ['proof'], message }];
  if (given.proof === undefined)
    return typeof given.follow === 'object'
      ? []
      : at('needed where no header is repeated: a header of the service, answers, or none');
  if (given.proof === 'echo')
    return typeof given.follow === 'object' ? [] : at('echo needs follow: {echo: HEADER}');
  if (given.proof !== 'answers') return [];
  return DECIDING.filter((name) => given.requests[name]?.expects.length === 0).map((name) => ({
    path: ['requests', name, 'expects'],
    message: 'needed where proof is answers: what only the service answers',
  }));
}

function removalProblems({
  create: made,
  remove: removing,
  find: finding,
}: z.infer<typeof requests>): Problem[] {
  const problems: Problem[] = [];
  if (finding !== undefined && removing === undefined)
    problems.push({ path: ['requests', 'find'], message: 'useless without remove' });
  if (removing !== undefined && finding === undefined)
    problems.push({
      path: ['requests', 'remove'],
      message: 'needs find, by which canaries are found, also those of a run that was interrupted',
    });
  if (removing !== undefined && made?.id === undefined)
    problems.push({ path: ['requests', 'remove'], message: 'useless where create names no id' });
  return problems;
}

/** The application behind the edge: its requests, who may ask, and how a request is followed. */
export const application = z
  .strictObject({
    credentials: credentials.optional(),
    follow,
    proof: proof.optional(),
    servedBy: header
      .describe(
        'Header of an answer that names the pod which gave it; without it nobody knows which pods answer',
      )
      .optional(),
    canaries,
    requests,
  })
  .superRefine((given, context) => {
    for (const { path, message } of [...proofProblems(given), ...removalProblems(given.requests)])
      context.addIssue({ code: 'custom', path, message });
  })
  .transform(({ proof: given, ...rest }) => ({
    ...rest,
    proof: given ?? (typeof rest.follow === 'object' ? ('echo' as const) : ('none' as const)),
  }))
  .describe('The API of the application behind the edge');

export type Application = z.infer<typeof application>;
export type Credentials = z.infer<typeof credentials>;
export type RequestName = keyof Application['requests'];
