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
        ...{ method: 'POST', path: '/v1/orders', status: 201, id: { pointer: '/id' } },
        body: { name: '{title}', quantity: 1, kind: 'NORMAL' },
        expects: [{ pointer: '/id' }],
      },
      read: {
        ...{ method: 'GET', path: '/v1/orders/{id}', status: 200 },
        state: { pointer: '/state', done: ['COMPLETED'], failed: ['CANCELLED'], open: ['NEW', 'PAID'] },
      },
      find: {
        ...{ method: 'GET', path: '/v1/orders?name={prefix}', status: 200 },
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
        ...{ method: 'POST', path: '/drafts/', body: { subject: '{title}' }, status: 202 },
        ...{ id: { header: 'Location' }, expects: [{ header: 'Location' }] },
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
