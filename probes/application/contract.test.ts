import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CREATE, ECHO, LOOK, READ } from './_testing/contracts.ts';
import {
  fateOf,
  filled,
  headerOf,
  idAt,
  placeholdersIn,
  pointed,
  retryAfterSeconds,
  stateOf,
} from './contract.ts';
import type { Contract, ContractRequest, Expectation, Reply, Values } from './contract.ts';

const VALUES: Values = { correlationId: 'run/7', title: 'Canary run/7', n: 7, id: 'a/b', prefix: 'Canary ' };

function reply(status: number, body: unknown = '', headers: Reply['headers'] = { 'X-Mark': 'run/7' }): Reply {
  return { status, headers, text: typeof body === 'string' ? body : JSON.stringify(body) };
}

describe('a request as it is sent', () => {
  it('should fill its placeholders, as text in a body and as one segment in a path', () => {
    const request = {
      method: 'PUT',
      path: '/orders/{id}?find={title}',
      body: { order: [{ name: '{title}', number: '{n}', text: 'no. {n}', as: 1, none: null }] },
    };
    assert.deepEqual(filled(ECHO, request, VALUES), {
      method: 'PUT',
      path: '/orders/a%2Fb?find=Canary%20run%2F7',
      headers: { 'x-mark': 'run/7', 'content-type': 'application/json' },
      body: '{"order":[{"name":"Canary run/7","number":7,"text":"no. 7","as":1,"none":null}]}',
    });
  });

  it('should lead nowhere by an id that is a step in a path', () => {
    for (const id of ['.', '..'])
      assert.throws(
        () => filled(ECHO, { method: 'DELETE', path: '/orders/{id}' }, { ...VALUES, id }),
        /a step in a path/,
      );
  });

  it('should have neither body nor header where none is declared', () => {
    assert.deepEqual(filled({ follow: 'trace' }, LOOK, VALUES), {
      method: 'GET',
      path: '/tenders?limit=1',
      headers: {},
    });
  });

  it('should name the placeholders of a text, unknown ones too', () => {
    assert.deepEqual(placeholdersIn('/a/{id}/{other}'), ['id', 'other']);
  });
});

describe('what an answer says', () => {
  const of = (contract: Contract, request: ContractRequest, seen: Reply): string =>
    fateOf(contract, request, VALUES, seen).why;
  const expecting = (...expects: Expectation[]): ContractRequest => ({ ...LOOK, expects });

  it('should be good with a declared status and the correlation id, and name what was created', () => {
    assert.deepEqual(fateOf(ECHO, CREATE, VALUES, reply(201, { id: 42 })), {
      ok: true,
      why: '',
      cause: null,
      id: '42',
    });
    assert.equal(of(ECHO, { ...CREATE, status: [200, 202] }, reply(202, { id: 'x' })), '');
    assert.equal(of(ECHO, CREATE, reply(200, { id: 42 })), 'status 200');
    assert.equal(of(ECHO, CREATE, reply(201, {})), 'no id');
    assert.equal(of(ECHO, LOOK, reply(200, '', {})), 'correlation-id');
    assert.equal(of(ECHO, LOOK, reply(200, '', { 'x-mark': 'run/70' })), 'correlation-id');
    for (const twice of [['run/7', 'run/7'], 'run/7, run/7'])
      assert.equal(of(ECHO, LOOK, reply(200, '', { 'x-mark': twice })), '', 'a gateway repeats it as well');
    assert.equal(of(ECHO, LOOK, reply(200, '', { 'x-mark': ['run/7', 'run/8'] })), 'correlation-id');
  });

  it('should tell who turned a request away from a failure of the service', () => {
    const cause = (status: number): unknown => fateOf(ECHO, LOOK, VALUES, reply(status, '', {})).cause;
    assert.deepEqual([401, 429, 403, 302, 503].map(cause), [
      'credentials',
      'rate-limit',
      'permission',
      'service',
      'service',
    ]);
    assert.equal(of(ECHO, LOOK, reply(429)), 'rate-limit: status 429');
    assert.equal(of(ECHO, { ...LOOK, status: [200, 429] }, reply(429)), '', 'what is declared is expected');
  });

  it('should know a redirect to a login page, and say nothing secret of its address', () => {
    const to = (location: string, status = 302) =>
      fateOf(ECHO, LOOK, VALUES, { ...reply(status), headers: { location } });
    const login = to('https://sso.example.com/realms/shop/protocol/openid-connect/auth?state=secret&nonce=1');
    assert.deepEqual(
      [login.cause, login.why],
      ['login', 'login: status 302 to https://sso.example.com/realms/shop/protocol/openid-connect/auth'],
    );
    for (const location of [
      '/login',
      '/oauth2/start?rd=%2F',
      'https://login.example.com/',
      'https://idp.example.com/u?response_type=code',
      '/users/sign_in',
    ])
      assert.equal(to(location, 307).cause, 'login', location);
    for (const location of ['/tenders/', 'https://author.example.com/tenders', '/blogin', '/authors/7', ''])
      assert.equal(to(location).cause, 'service', location);
    assert.equal(to('/login', 200).cause, 'service', 'it is no redirect');
    const declared = fateOf(ECHO, { ...LOOK, status: [302] }, VALUES, {
      ...reply(302),
      headers: { location: '/login', 'x-mark': VALUES.correlationId },
    });
    assert.equal(declared.ok, true, 'what is declared is expected');
  });

  it('should take a login page in place of the service for a refusal, whatever its status', () => {
    const page = (text: string) => ({ ...reply(200), headers: { 'content-type': 'text/html' }, text });
    const form = '<!DOCTYPE html>\n<html><body><form><input name=p type="password"></form></body></html>';
    const titled = '<html><head><title>Sign in to Example</title></head><body></body></html>';
    for (const text of [form, titled])
      for (const request of [LOOK, CREATE, expecting({ pointer: '/id' })]) {
        const { ok, cause, why } = fateOf(ECHO, request, VALUES, page(text));
        assert.deepEqual([ok, cause, why], [false, 'login', 'login: status 200 with a login page']);
      }
    for (const text of ['<html><title>Tenders</title>an error', '{"title":"sign in"}', 'log in', ''])
      assert.equal(fateOf(ECHO, CREATE, VALUES, page(text)).cause, 'service', text);
  });

  it('should take a login page for no good answer where nothing is expected of it, unless a web page is', () => {
    const bare: Contract = { follow: 'none', proof: 'none' };
    const headers = { 'content-type': 'text/html; charset=utf-8' };
    const page = '<!DOCTYPE html><html><body><form><input type="password"></form></body></html>';
    const shown = { ...reply(200, page), headers };
    assert.deepEqual(fateOf(bare, LOOK, VALUES, shown), {
      ok: false,
      why: 'login: status 200 with a login page',
      cause: 'login',
      id: null,
    });
    assert.equal(fateOf(bare, LOOK, VALUES, { ...shown, text: '<html>Tenders</html>' }).ok, true);
    const placed: ContractRequest = { ...CREATE, status: [200], id: { header: 'location' } };
    const sent = { ...shown, headers: { ...headers, location: '/orders/7' } };
    assert.deepEqual(
      [fateOf(bare, placed, VALUES, sent).ok, fateOf(bare, placed, VALUES, sent).id],
      [false, null],
    );
    for (const one of [
      { header: 'Content-Type', contains: 'text/html' },
      { header: 'content-type', equals: 'text/html; charset=utf-8' },
    ])
      assert.equal(fateOf(bare, expecting(one), VALUES, shown).ok, true, 'a web page may have a login in it');
    for (const one of [{ header: 'content-type' }, { header: 'x-mark', contains: 'html' }])
      assert.equal(
        fateOf(bare, expecting(one), VALUES, { ...shown, headers: { ...headers, 'x-mark': 'html' } }).cause,
        'login',
      );
  });

  it('should show by a header that the service answered, where none is repeated', () => {
    const contract: Contract = { follow: 'trace', proof: { header: 'X-Service', contains: 'orders' } };
    assert.equal(of(contract, LOOK, reply(200, '', { 'x-service': ['orders v2'] })), '');
    assert.equal(of(contract, LOOK, reply(200, '', { 'x-service': ['gateway', 'orders v2'] })), '');
    assert.equal(of(contract, LOOK, reply(200, '', { 'x-service': 'login' })), 'not the service: X-Service');
    assert.equal(of(contract, LOOK, reply(200, '<html>', {})), 'not the service: X-Service');
  });

  it('should hold what is expected in it, by pointer or header', () => {
    const body = { id: 1, title: 'Canary run/7', list: [{ id: 1 }, { id: 2 }], 'a/b': { '~': 'x' }, no: '' };
    const why = (...expects: Expectation[]): string => of(ECHO, expecting(...expects), reply(200, body));
    assert.equal(
      why(
        { pointer: '/id', is: 'number' },
        { pointer: '/title', equals: '{title}', is: 'text' },
        { pointer: '/title', contains: 'y {correlationId}' },
        { pointer: '/title', contains: '{n}' },
        { pointer: '/list', is: 'list', each: ['/id'], most: 2 },
        { pointer: '/list/1/id', equals: 2 },
        { pointer: '/a~1b/~0', contains: 'x' },
        { pointer: '', is: 'map' },
        { header: 'x-mark', contains: '7' },
      ),
      '',
    );
    const unmet: Expectation[] = [
      { pointer: '/none' },
      { pointer: '/no' },
      { pointer: '/id', is: 'text' },
      { pointer: '/id', equals: '1' },
      { pointer: '/id', contains: '1' },
      { pointer: '/title', equals: 'another' },
      { pointer: '/title', contains: '{title}.' },
      { pointer: '/list', most: 1 },
      { pointer: '/list', each: ['/title'] },
      { pointer: '/title', each: [] },
      { pointer: '/list/01/id' },
      { pointer: '/constructor' },
    ];
    for (const one of unmet) assert.equal(why(one), `answer: ${one.pointer ?? ''}`);
    assert.equal(why({ header: 'server' }), 'answer: header server');
    assert.equal(of(ECHO, expecting({ pointer: '' }), reply(200, 'no JSON')), 'answer: the whole body');
  });

  it('should take the id from a pointer, or from the last segment of a header', () => {
    const at = (location: string): string | null =>
      idAt({ header: 'location' }, { headers: { Location: location } }, undefined);
    assert.deepEqual(['/orders/47', 'https://shop.test/orders/a%2Fb/?x=1', '/orders/%zz', '/'].map(at), [
      '47',
      'a/b',
      '%zz',
      null,
    ]);
    assert.equal(idAt({ pointer: '/order/id' }, { headers: {} }, { order: { id: 'x' } }), 'x');
    for (const none of [undefined, null, true, { id: '' }, { id: null }, { id: {} }])
      assert.equal(idAt({ pointer: '/id' }, { headers: {} }, none), null);
  });

  it('should take an id of more digits than a number holds as it is written, and none that was rounded', () => {
    const id = (text: string, request: ContractRequest = CREATE) =>
      fateOf(ECHO, request, VALUES, reply(201, text)).id;
    assert.equal(id('{"id":1234567890123456789}'), '1234567890123456789');
    assert.equal(id('{"id" : -9223372036854775808 }'), '-9223372036854775808');
    assert.equal(id('{"a":"\\"id\\":1111111111111111111","id":9007199254740993}'), '9007199254740993');
    assert.equal(id('{"id":42,"size":0.1234567890123456789}'), '42');
    assert.equal(id('{"id":1234567890123456789.0}'), null);
    const numbered = { ...CREATE, expects: [{ pointer: '/id', is: 'number' as const }] };
    assert.equal(id('{"id":1234567890123456789}', numbered), '1234567890123456789');
    assert.equal(idAt({ pointer: '/id' }, { headers: {} }, { id: 2 ** 60 }), null);
  });

  it('should say a state only by a value that is declared', () => {
    const state = (seen: unknown): unknown => stateOf(READ.state, reply(200, { status: seen }));
    assert.deepEqual(['done', 'degraded', 'failed', 'accepted', 'lost', null, 0].map(state), [
      'done',
      'degraded',
      'failed',
      'open',
      null,
      null,
      null,
    ]);
    const flags = { pointer: '/degraded', done: [false], degraded: [true], failed: [], open: [] };
    assert.equal(stateOf(flags, reply(200, { degraded: true })), 'degraded');
    assert.equal(stateOf(flags, reply(200, { degraded: 'true' })), null);
    const header = { header: 'x-state', done: ['ok'], degraded: [], failed: [], open: [] };
    assert.equal(stateOf(header, reply(200, '', { 'X-State': 'ok' })), 'done');
  });
});

describe('small things', () => {
  it('should read headers whatever their case, and how long to wait', () => {
    assert.equal(headerOf({ 'X-A': ['1', '2'], b: undefined }, 'x-a'), '1, 2');
    assert.equal(headerOf({ b: undefined }, 'B'), null);
    assert.equal(retryAfterSeconds({ 'Retry-After': '3' }), 3);
    assert.equal(retryAfterSeconds({ 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }), null);
    assert.equal(pointed({ '': 1 }, '/'), 1);
  });
});
