import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dataOf } from '../drafting.ts';
import { application } from './declaration.ts';
import { applicationFrom, readOpenApi } from './openapi.ts';

/** As springdoc 2 writes it. */
const SPRING = {
  openapi: '3.0.1',
  info: { title: 'Orders', version: '1' },
  paths: {
    '/v1/orders': {
      get: {
        parameters: [{ name: 'name', in: 'query', schema: { type: 'string' } }],
        responses: { 200: { content: { '*/*': { schema: { $ref: '#/components/schemas/Page' } } } } },
      },
      post: {
        requestBody: {
          content: { 'application/json': { schema: { $ref: '#/components/schemas/NewOrder' } } },
        },
        responses: {
          201: { content: { '*/*': { schema: { $ref: '#/components/schemas/Order' } } } },
          400: {},
        },
      },
    },
    '/v1/orders/{orderId}': {
      get: { responses: { 200: { content: { '*/*': { schema: { $ref: '#/components/schemas/Order' } } } } } },
      delete: { responses: { 204: {} } },
    },
  },
  components: {
    schemas: {
      NewOrder: {
        type: 'object',
        required: ['name', 'quantity', 'kind'],
        properties: {
          name: { type: 'string' },
          quantity: { type: 'integer' },
          kind: { type: 'string', enum: ['NORMAL', 'FAST'] },
        },
      },
      Order: {
        type: 'object',
        properties: {
          id: { type: 'string' },
          name: { type: 'string' },
          state: { type: 'string', enum: ['NEW', 'PAID', 'COMPLETED', 'CANCELLED'] },
        },
      },
      Page: {
        type: 'object',
        properties: {
          totalElements: { type: 'integer' },
          content: { type: 'array', items: { $ref: '#/components/schemas/Order' } },
        },
      },
    },
    securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-API-Key' } },
  },
};

/** As FastAPI writes it. */
const FASTAPI = {
  openapi: '3.1.0',
  info: { title: 'drafts' },
  paths: {
    '/healthz': { get: { responses: { 200: {} } } },
    '/drafts/': {
      get: { responses: { 200: { content: { 'application/json': { schema: { type: 'array' } } } } } },
      post: {
        requestBody: {
          content: {
            'application/json': { schema: { type: 'object', properties: { subject: { type: 'string' } } } },
          },
        },
        responses: { 202: { content: { 'application/json': { schema: {} } } }, 422: {} },
      },
    },
    '/drafts/{draft_id}': { get: { responses: { 200: {} } } },
  },
  components: {
    securitySchemes: {
      o: {
        type: 'oauth2',
        flows: { clientCredentials: { tokenUrl: 'https://login.test/token', scopes: {} } },
      },
    },
  },
};

const drafted = (document: unknown): unknown =>
  dataOf(applicationFrom(readOpenApi(JSON.stringify(document))), { whole: true });

describe('a draft from an OpenAPI document', () => {
  it('should propose the requests of a Spring Boot service, valid as they are', () => {
    const found = drafted(SPRING) as { requests: Record<string, unknown>; credentials: unknown };
    const parsed = application.parse(found);
    assert.deepEqual(found.credentials, { headers: { 'X-API-Key': { env: 'APPLICATION_API_KEY' } } });
    assert.deepEqual(found.requests, {
      look: {
        method: 'GET',
        path: '/v1/orders',
        status: 200,
        expects: [{ pointer: '/content', is: 'list' }],
      },
      create: {
        method: 'POST',
        path: '/v1/orders',
        status: 201,
        id: { pointer: '/id' },
        body: { name: '{title}', quantity: 1, kind: 'NORMAL' },
        expects: [{ pointer: '/id' }],
      },
      read: {
        method: 'GET',
        path: '/v1/orders/{id}',
        status: 200,
        state: { pointer: '/state', done: ['COMPLETED'], failed: ['CANCELLED'], open: ['NEW', 'PAID'] },
      },
      find: {
        method: 'GET',
        path: '/v1/orders?name={prefix}',
        status: 200,
        entries: { list: '/content', id: '/id', title: '/name' },
      },
      remove: { method: 'DELETE', path: '/v1/orders/{id}', status: 204 },
    });
    assert.deepEqual(parsed.requests.read?.missing, [404]);
  });

  it('should propose those of a FastAPI service, with what it does not say left open', () => {
    const found = drafted(FASTAPI) as { requests: Record<string, unknown>; credentials: unknown };
    application.parse(found);
    assert.deepEqual(found.requests, {
      look: { method: 'GET', path: '/drafts/', status: 200, expects: [{ pointer: '', is: 'list' }] },
      create: {
        method: 'POST',
        path: '/drafts/',
        body: { subject: '{title}' },
        status: 202,
        id: { header: 'Location' },
        expects: [{ header: 'Location' }],
      },
      read: { method: 'GET', path: '/drafts/{id}', status: 200 },
    });
    assert.deepEqual(found.credentials, {
      oauth2: {
        tokenUrl: 'https://login.test/token',
        clientId: 'plumbline',
        clientSecret: { env: 'APPLICATION_CLIENT_SECRET' },
      },
    });
  });

  it('should propose no token endpoint to which the secret would be sent in the clear', () => {
    const tokenUrl = 'http://login.test/token';
    const o = { type: 'oauth2', flows: { clientCredentials: { tokenUrl, scopes: {} } } };
    const document = { ...FASTAPI, components: { securitySchemes: { o } } };
    const found = drafted(document) as { credentials: { oauth2: { tokenUrl: string } } };
    application.parse(found);
    assert.equal(found.credentials.oauth2.tokenUrl, 'https://login.example.com/token');
    const noted = JSON.stringify(applicationFrom(readOpenApi(JSON.stringify(document))));
    assert.match(noted, /http:\/\/login\.test\/token, as a whole URL, by https/);
  });

  it('should propose a request that changes nothing where nothing is created, or nothing is known', () => {
    const { '/healthz': health } = FASTAPI.paths;
    for (const [paths, path] of [
      [{ '/healthz': health }, '/healthz'],
      [{}, '/'],
    ] as const) {
      const found = drafted({ openapi: '3.1.0', paths }) as { requests: unknown };
      application.parse(found);
      assert.deepEqual(found.requests, { look: { method: 'GET', path, status: 200 } });
    }
  });

  it('should propose paths below that of the server, and name it', () => {
    const servers = [{ url: 'https://{host}/shop/', variables: { host: { default: 'shop.example.com' } } }];
    const pathsOf = (document: unknown): unknown[] => {
      const { requests } = drafted(document) as { requests: Record<string, { path: string }> };
      return Object.values(requests).map(({ path }) => path);
    };
    const orders = ['/orders', '/orders', '/orders/{id}', '/orders/{id}', '/orders?name={prefix}'];
    assert.deepEqual(
      pathsOf({ ...SPRING, servers }).toSorted(),
      orders.map((one) => `/shop/v1${one}`),
    );
    const { '/v1/orders': all, '/v1/orders/{orderId}': one } = SPRING.paths;
    const paths = { '/v1/orders': { ...all, servers: [{ url: '/v0' }] }, '/v1/orders/{orderId}': one };
    assert.ok(pathsOf({ ...SPRING, servers, paths }).includes('/v0/v1/orders'));
    assert.ok(pathsOf({ ...SPRING, servers: [{ url: 'http://localhost:8080' }] }).includes('/v1/orders'));
    const noted = (document: object): string =>
      JSON.stringify(applicationFrom(readOpenApi(JSON.stringify(document))));
    assert.match(noted({ ...SPRING, servers }), /TODO the paths begin with \/shop, as `servers` says/);
    assert.doesNotMatch(noted(SPRING), /TODO the paths/);
  });

  it('should read what is put together of several schemas, may be null, or is named by an escaped reference', () => {
    const json = (schema: object): object => ({ content: { 'application/json': { schema } } });
    const text = { $ref: '#/components/schemas/a~1b%25~0' };
    const entity = { $ref: '#/components/schemas/Entity' };
    const found = drafted({
      openapi: '3.1.0',
      paths: {
        '/jobs': {
          get: {
            responses: {
              '2XX': json({ properties: { page: { type: 'integer' }, all: { type: ['array', 'null'] } } }),
            },
          },
          post: {
            requestBody: json({
              allOf: [
                { required: ['subject'], properties: { subject: { anyOf: [text, { type: 'null' }] } } },
                { required: ['size'], properties: { size: { type: ['null', 'integer'] } } },
              ],
            }),
            responses: { '2XX': json({ allOf: [entity], properties: { extra: {} } }) },
          },
        },
        '/jobs/{id}': { get: { responses: { 200: json({ anyOf: [entity, { type: 'null' }] }) } } },
      },
      components: {
        schemas: {
          'a/b%~': { type: ['string', 'null'] },
          Words: { type: 'string', enum: ['open', 'done'] },
          Entity: { properties: { uuid: {}, state: { $ref: '#/components/schemas/Words' } } },
        },
        securitySchemes: { token: { type: 'http', scheme: 'Bearer' } },
      },
    }) as { requests: Record<string, unknown>; credentials: unknown };
    application.parse(found);
    assert.deepEqual(found.credentials, { bearer: { env: 'APPLICATION_TOKEN' } });
    assert.deepEqual(found.requests, {
      look: { method: 'GET', path: '/jobs', status: 200, expects: [{ pointer: '/all', is: 'list' }] },
      create: {
        method: 'POST',
        path: '/jobs',
        status: 201,
        id: { pointer: '/uuid' },
        body: { subject: '{title}', size: 1 },
        expects: [{ pointer: '/uuid' }],
      },
      read: {
        method: 'GET',
        path: '/jobs/{id}',
        status: 200,
        state: { pointer: '/state', done: ['done'], failed: [], open: ['open'] },
      },
    });
  });

  it('should mark a title and a status that it guesses', () => {
    const schema = (properties: object): object => ({
      content: { 'application/json': { schema: { properties } } },
    });
    const noted = (properties: object, status: string): string => {
      const post = { requestBody: schema(properties), responses: { [status]: {} } };
      const document = { openapi: '3.1.0', paths: { '/a': { get: { responses: { 200: {} } }, post } } };
      return JSON.stringify(applicationFrom(readOpenApi(JSON.stringify(document))));
    };
    const guessed = noted({ colour: { type: 'string' } }, '2XX');
    assert.match(guessed, /"colour":\{"value":"\{title\}","above":\[\],"beside":"TODO /);
    assert.match(guessed, /"status":\{"value":201,"above":\[\],"beside":"TODO /);
    const said = noted({ colour: { type: 'string' }, name: { type: 'string' } }, '201');
    assert.match(said, /"name":"\{title\}"/);
    assert.match(said, /"status":201/);
  });

  it('should say what a text is that is no such document', () => {
    assert.throws(() => readOpenApi('<html>login</html>'), /not JSON: a web page/);
    assert.throws(() => readOpenApi('{"swagger":"2.0"}'), /no OpenAPI 3 document: Swagger 2\.0/);
    assert.throws(() => readOpenApi('[]'), /it has no key openapi/);
  });

  it('should not run in circles', () => {
    const schemas = { A: { $ref: '#/components/schemas/B' }, B: { $ref: '#/components/schemas/A' } };
    const schema = { $ref: '#/components/schemas/A' };
    const answer = { responses: { 200: { content: { 'application/json': { schema } } } } };
    const post = { ...answer, requestBody: { content: { 'application/json': { schema } } } };
    const document = { openapi: '3.0.0', paths: { '/a': { get: answer, post } }, components: { schemas } };
    application.parse(drafted(document));
  });
});
