/** A first draft of `application` from an OpenAPI 3 document, as springdoc and FastAPI publish it. What it does not say is marked. */
import { isSafe } from '../declaring.ts';
import { commentedOut, open, todo } from '../drafting.ts';
import type { Draft, DraftMap } from '../drafting.ts';
import { parseJson } from '../../host/json.ts';

/** Properties by which things are usually named, and told apart, in the order in which they are looked for. */
const TITLES = ['title', 'name', 'subject', 'label', 'description', 'text'];
const IDS = ['id', 'uuid', 'key', 'number', 'code'];
const STATES = ['status', 'state', 'phase'];
/** Values of states that usually mean an end. */
const ENDS: readonly [state: 'done' | 'failed', words: RegExp][] = [
  ['done', /^(done|completed?|finished|succeeded|success|ready|ok)$/i],
  ['failed', /^(failed|failure|error|cancell?ed|aborted|rejected)$/i],
];

type Node = Readonly<Record<string, unknown>>;

export interface OpenApi {
  title: string;
  document: Node;
}

/** @throws Error that says what the text is instead */
export function readOpenApi(text: string): OpenApi {
  const document = parseJson(text);
  if (document === undefined) {
    const html = /^\s*</.test(text) ? ': a web page, as a login or a browser for it' : '';
    throw new Error(`not JSON${html}; expected an OpenAPI document such as /openapi.json or /v3/api-docs`);
  }
  const { openapi, swagger, info } = nodeOf(document);
  if (typeof openapi !== 'string' || !openapi.startsWith('3.'))
    throw new Error(
      `no OpenAPI 3 document: ${typeof swagger === 'string' ? `Swagger ${swagger}` : 'it has no key openapi'}`,
    );
  const { title } = nodeOf(info);
  return { title: typeof title === 'string' ? title : 'it', document: nodeOf(document) };
}

/** What of the application's contract the document says. Nothing of it is used before somebody has looked at it. */
export function applicationFrom({ title, document }: OpenApi): Draft {
  const api = new Api(document);
  const collection = api.collection();
  const base = api.baseOf(collection ?? '', 'get');
  return commentedOut(
    [
      open(`look through what ${title.slice(0, 60)} says of itself: docs/guide/application.md`),
      ...(base === ''
        ? []
        : [
            open(
              `the paths begin with ${base}, as \`servers\` says: take it off where topology.edge.url has it`,
            ),
          ]),
      ...(collection === null
        ? [open('no path takes a POST and lists what it made: which request creates something?')]
        : []),
    ],
    {
      follow: todo(
        'none',
        '{ echo: HEADER } where the service repeats one, `trace` where its spans are kept',
      ),
      proof: todo(
        collection === null ? 'none' : 'answers',
        'or a header that only the service sets: curl -sv URL',
      ),
      credentials: api.credentials(),
      requests: collection === null ? { look: api.look() } : requestsOf(api, collection),
    },
  );
}

function requestsOf(api: Api, path: string): DraftMap {
  const made = api.schemaOf(path, 'post', 'answer');
  const item = api.itemOf(path);
  const asked = api.schemaOf(path, 'post', 'body');
  const { title, isGuessed } = titleIn(api.properties(asked));
  const id = named(made, IDS);
  return {
    look: api.reading(path),
    create: {
      method: 'POST',
      path: api.at(path, 'post'),
      body: {
        [title]: isGuessed ? todo('{title}', 'the text by which it is found again') : '{title}',
        ...requiredIn(api, asked, title),
      },
      status: api.status(path, 'post'),
      id:
        id === null
          ? todo({ header: 'Location' }, 'where the answer names what was created')
          : { pointer: `/${id}` },
      expects: id === null ? [{ header: 'Location' }] : [{ pointer: `/${id}` }],
    },
    read: item === null ? undefined : readingOf(api, item),
    remove: item === null ? undefined : removing(api, item),
    find:
      item === null || !api.has(item, 'delete') ? undefined : finding(api, path, { title, id: id ?? 'id' }),
  };
}

function readingOf(api: Api, item: string): Draft | undefined {
  if (!api.has(item, 'get')) return undefined;
  const schema = api.schemaOf(item, 'get', 'answer');
  const state = named(schema, STATES);
  return {
    method: 'GET',
    path: withId(api.at(item, 'get')),
    status: api.status(item, 'get'),
    state: state === null ? undefined : todo(stateDraft(api, schema, state), 'which value means what'),
  };
}

function stateDraft(api: Api, schema: Node, property: string): DraftMap {
  const { enum: values } = api.properties(schema).get(property) ?? {};
  const words = listOf(values).filter((one) => typeof one === 'string');
  const of = (state: 'done' | 'failed'): string[] =>
    words.filter((word) => ENDS.some(([name, pattern]) => name === state && pattern.test(word)));
  const [done, failed] = [of('done'), of('failed')];
  const left = words.filter((word) => !done.includes(word) && !failed.includes(word));
  return { pointer: `/${property}`, done: done.length === 0 ? ['done'] : done, failed, open: left };
}

function removing(api: Api, item: string): Draft | undefined {
  if (!api.has(item, 'delete')) return undefined;
  return { method: 'DELETE', path: withId(api.at(item, 'delete')), status: api.status(item, 'delete') };
}

function finding(api: Api, path: string, { title, id }: { title: string; id: string }): Draft {
  const query = api.queryBy(path, title);
  const list = listIn(api, path);
  return {
    method: 'GET',
    path: todo(
      `${api.at(path, 'get')}?${query}={prefix}`,
      'how things are listed by the beginning of their title',
    ),
    status: api.status(path, 'get'),
    entries: { list: list ?? '', id: `/${id}`, title: `/${title}` },
  };
}

function listIn(api: Api, path: string): string | null {
  const schema = api.schemaOf(path, 'get', 'answer');
  if (typeOf(schema) === 'array') return '';
  const lists = [...api.properties(schema)].find(([, one]) => typeOf(one) === 'array');
  return lists === undefined ? null : `/${lists[0]}`;
}

function withId(item: string): string {
  return item.replace(/\{[^}]+\}/, '{id}');
}

/** What a thing is named by: a guess where no property has a usual name. */
function titleIn(properties: Properties): { title: string; isGuessed: boolean } {
  const texts = [...properties].flatMap(([name, one]) => (typeOf(one) === 'string' ? [name] : []));
  const usual = TITLES.find((name) => texts.includes(name));
  return { title: usual ?? texts[0] ?? 'title', isGuessed: usual === undefined };
}

/** What the body of a creation requires beside its title. */
function requiredIn(api: Api, schema: Node, title: string): DraftMap {
  const properties = api.properties(schema);
  const names = listOf(schema['required']).filter(
    (name): name is string => typeof name === 'string' && name !== title,
  );
  return Object.fromEntries(
    names.map((name) => [name, todo(sampleOf(properties.get(name) ?? {}), 'a value that the service takes')]),
  );
}

function named(schema: Node, names: readonly string[]): string | null {
  const properties = Object.keys(nodeOf(schema['properties']));
  return names.find((name) => properties.includes(name)) ?? null;
}

function nodeOf(value: unknown): Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Node) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Without null, which OpenAPI 3.1 lists beside the type of what may be left out. */
function typeOf({ type }: Node): unknown {
  return [type].flat().find((one) => one !== 'null');
}

type Verb = 'get' | 'post' | 'delete';
const USUAL = { get: 200, post: 201, delete: 204 };
/** Schemas by the names of properties, their references followed. */
type Properties = ReadonlyMap<string, Node>;

/** The document, with its references followed. */
class Api {
  readonly #document: Node;
  readonly #paths: Node;

  constructor(document: Node) {
    this.#document = document;
    this.#paths = nodeOf(document['paths']);
  }

  /** A path without parameters that lists and creates; of several the one whose things can also be read and removed. */
  collection(): string | null {
    const paths = Object.keys(this.#paths).filter(
      (path) => !path.includes('{') && this.has(path, 'get') && this.has(path, 'post'),
    );
    const worth = (path: string): number => {
      const item = this.itemOf(path);
      if (item === null) return 0;
      return 1 + Number(this.has(item, 'get')) + Number(this.has(item, 'delete'));
    };
    return paths.toSorted((a, b) => worth(b) - worth(a))[0] ?? null;
  }

  itemOf(collection: string): string | null {
    const base = collection.replace(/\/+$/, '');
    return (
      Object.keys(this.#paths).find(
        (path) => path.startsWith(`${base}/`) && /^\{[^}]+\}\/?$/.test(path.slice(base.length + 1)),
      ) ?? null
    );
  }

  has(path: string, verb: Verb): boolean {
    return nodeOf(this.#paths[path])[verb] !== undefined;
  }

  /** A request that changes nothing, and what it lists. */
  reading(path: string): DraftMap {
    const list = listIn(this, path);
    return {
      method: 'GET',
      path: this.at(path, 'get'),
      status: this.status(path, 'get'),
      expects: [{ pointer: list ?? '', is: list === null ? 'map' : 'list' }],
    };
  }

  look(): DraftMap {
    const path = Object.keys(this.#paths).find((one) => !one.includes('{') && this.has(one, 'get'));
    return {
      method: 'GET',
      path: todo(
        path === undefined ? '/' : this.at(path, 'get'),
        'a path that changes nothing and is answered by the service',
      ),
      status: 200,
    };
  }

  /** A path as clients ask for it, below that of its server. */
  at(path: string, verb: Verb): string {
    return `${this.baseOf(path, verb)}${path}`;
  }

  /** The path of the server of an operation, or else of its path, or of the document; '' where it has none. */
  baseOf(path: string, verb: Verb): string {
    const servers = [this.#operation(path, verb), nodeOf(this.#paths[path]), this.#document];
    const [first] = servers.flatMap((one) => listOf(one['servers']));
    return pathOf(nodeOf(first));
  }

  /** The first good status that the operation declares. */
  status(path: string, verb: Verb): Draft {
    const status = Number(this.#goodKey(path, verb));
    return Number.isNaN(status) ? todo(USUAL[verb], 'the status of a good answer') : status;
  }

  /** `200`, or `2XX`; undefined: the operation declares none. */
  #goodKey(path: string, verb: Verb): string | undefined {
    const keys = Object.keys(nodeOf(this.#operation(path, verb)['responses']));
    return keys.filter((key) => /^2(\d\d|XX)$/i.test(key)).toSorted()[0];
  }

  schemaOf(path: string, verb: Verb, of: 'body' | 'answer'): Node {
    const operation = this.#operation(path, verb);
    const holder =
      of === 'body'
        ? this.resolved(nodeOf(operation['requestBody']))
        : this.resolved(nodeOf(nodeOf(operation['responses'])[this.#goodKey(path, verb) ?? '']));
    const content = nodeOf(holder['content']);
    const media = content['application/json'] ?? Object.values(content)[0];
    return this.resolved(nodeOf(nodeOf(media)['schema']));
  }

  properties(schema: Node): Properties {
    const found = Object.entries(nodeOf(schema['properties']));
    return new Map(found.map(([name, one]) => [name, this.resolved(nodeOf(one))]));
  }

  /** The query parameter that has to do with a property, else the property's own name. */
  queryBy(path: string, property: string): string {
    const parameters = this.#operation(path, 'get')['parameters'];
    const names = listOf(parameters).flatMap((one): string[] => {
      const { in: where, name } = this.resolved(nodeOf(one));
      return where === 'query' && typeof name === 'string' ? [name] : [];
    });
    return names.find((name) => name.toLowerCase().includes(property.toLowerCase())) ?? property;
  }

  credentials(): Draft | undefined {
    const schemes = nodeOf(nodeOf(this.#document['components'])['securitySchemes']);
    const [first] = Object.values(schemes).flatMap((one): DraftMap[] => {
      const found = credentialsOf(this.resolved(nodeOf(one)));
      return found === null ? [] : [found];
    });
    return first;
  }

  /**
   * Follows references within the document, and puts a schema together of those that it consists of: those of `allOf`, and one that may be null.
   * A circle ends where it closes.
   */
  resolved(node: Node, followed: readonly unknown[] = []): Node {
    const { $ref: reference, allOf, anyOf, oneOf, ...own } = node;
    if (typeof reference === 'string' && followed.includes(reference)) return own;
    const parts = [
      ...(typeof reference === 'string' ? [this.#referred(reference)] : []),
      ...[...listOf(allOf), ...onlyIn(anyOf), ...onlyIn(oneOf)].map(nodeOf),
    ];
    if (parts.length === 0) return own;
    return merged([...parts.map((part) => this.resolved(part, [...followed, reference])), own]);
  }

  /** `#/components/schemas/Order`; the tokens are escaped as RFC 6901 has it (section 6). */
  #referred(reference: string): Node {
    const tokens = decodeURIComponent(reference).replace(/^#\//, '').split('/');
    const names = tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
    return nodeOf(names.reduce<unknown>((at, name) => nodeOf(at)[name], this.#document));
  }

  #operation(path: string, verb: Verb): Node {
    return nodeOf(nodeOf(this.#paths[path])[verb]);
  }
}

/** The one that is not null; none where there are several, of which nothing says which. */
function onlyIn(schemas: unknown): unknown[] {
  const others = listOf(schemas).filter((one) => nodeOf(one)['type'] !== 'null');
  return others.length === 1 ? others : [];
}

function merged(schemas: readonly Node[]): Node {
  const together = (nodes: readonly Node[]): Node =>
    Object.fromEntries(nodes.flatMap((one) => Object.entries(one)));
  return {
    ...together(schemas),
    properties: together(schemas.map(({ properties }) => nodeOf(properties))),
    required: schemas.flatMap(({ required }) => listOf(required)),
  };
}

/** `/shop` of `https://{host}/shop/`, its variables with their defaults. */
function pathOf({ url, variables }: Node): string {
  if (typeof url !== 'string') return '';
  const filled = url.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
    const { default: value } = nodeOf(nodeOf(variables)[name]);
    return typeof value === 'string' ? value : name;
  });
  const base = 'http://server';
  return URL.canParse(filled, base) ? new URL(filled, base).pathname.replace(/\/+$/, '') : '';
}

function sampleOf(schema: Node): Draft {
  const [first] = listOf(schema['enum']);
  const type = typeOf(schema);
  if (typeof first === 'string') return first;
  if (type === 'integer' || type === 'number') return 1;
  if (type === 'boolean') return false;
  if (type === 'array') return [];
  return type === 'object' ? {} : 'plumbline';
}

/** The variables are proposals: nothing of a document is secret. */
function credentialsOf({ type, in: where, name, scheme, flows }: Node): DraftMap | null {
  const secret = (variable: string): Draft =>
    todo({ env: variable }, 'the variable, file or Secret that holds it');
  if (type === 'apiKey' && where === 'header' && typeof name === 'string')
    return { headers: { [name]: secret('APPLICATION_API_KEY') } };
  const way = type === 'http' && typeof scheme === 'string' ? scheme.toLowerCase() : '';
  if (way === 'basic')
    return {
      basic: { user: todo('plumbline', 'an account of its own'), password: secret('APPLICATION_PASSWORD') },
    };
  if (way === 'bearer') return { bearer: secret('APPLICATION_TOKEN') };
  return type === 'oauth2' ? clientOf(nodeOf(nodeOf(flows)['clientCredentials']), secret) : null;
}

/** null: it has no flow of client credentials. */
function clientOf({ tokenUrl }: Node, secret: (variable: string) => Draft): DraftMap | null {
  if (typeof tokenUrl !== 'string') return null;
  return {
    oauth2: {
      tokenUrl: isSafe(tokenUrl)
        ? tokenUrl
        : todo('https://login.example.com/token', `${tokenUrl}, as a whole URL, by https`),
      clientId: todo('plumbline', 'a client of its own'),
      clientSecret: secret('APPLICATION_CLIENT_SECRET'),
    },
  };
}
