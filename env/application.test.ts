import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import { EnvironmentError } from './errors.ts';
import { parseEnvironment } from './loader.ts';

const GUIDE = readFileSync(join(import.meta.dirname, '../docs/guide/application.md'), 'utf8');
const BASE = {
  name: 'shop',
  kind: 'staging',
  profiles: {},
  cluster: {
    kubeconfig: { env: 'KUBECONFIG' },
    pin: { kubeSystemUid: '00000000-0000-4000-8000-000000000000', caSha256: '0'.repeat(64) },
  },
};
const EDGE = {
  edge: { url: 'https://shop.test', trust: 'system', hops: [{ name: 'a', header: 'b', contains: 'c' }] },
};

/** The complete examples of the guide. */
const examples = [...GUIDE.matchAll(/```yaml\n(topology:.*?)```/gs)].map(([, text]) => text ?? '');

describe('the guide to applications', () => {
  it('should have three complete examples, and each should be valid', () => {
    assert.equal(examples.length, 3);
    for (const text of examples) {
      const { data } = parseEnvironment(stringify({ ...BASE, ...(parse(text) as object) }), 'shop.yaml');
      assert.ok(data.application?.requests.create?.id !== undefined);
    }
  });

  it('should show the reference backend as the local environment declares it', () => {
    const { data } = parseEnvironment(
      stringify({ ...BASE, ...(parse(examples[0] ?? '') as object) }),
      'shop.yaml',
    );
    const local = join(import.meta.dirname, 'local.yaml');
    const { requests } =
      parseEnvironment(readFileSync(local, 'utf8'), local).data.application ?? assert.fail();
    assert.deepEqual(data.application?.requests, requests);
  });

  it('should name every request that there is', () => {
    const { requests } =
      parseEnvironment(stringify({ ...BASE, ...(parse(examples[1] ?? '') as object) }), 'shop.yaml').data
        .application ?? assert.fail();
    for (const name of [...Object.keys(requests), 'draft', 'list'])
      assert.ok(GUIDE.includes(`\`${name}\``), name);
  });
});

/** The problems of a section, as they are shown. */
function problems(section: string, topology: object = EDGE): string {
  const head = stringify({ ...BASE, topology });
  try {
    parseEnvironment(`application:\n${section}${head}`, 'shop.yaml');
    return '';
  } catch (error) {
    assert.ok(error instanceof EnvironmentError);
    return error.message;
  }
}

const LOOK = '    look: { method: GET, path: /x, status: 200 }\n';
const requests = (more: string): string => `  follow: none\n  proof: none\n  requests:\n${LOOK}${more}`;

describe('a declaration that is wrong', () => {
  it('should be refused with its place, what was found, and what is allowed', () => {
    const cases: [section: string, expected: RegExp][] = [
      [
        requests('    lok: {}\n'),
        /shop\.yaml:6:5: application\.requests: unknown key; found "lok" \(did you mean "look"\?\); allowed: look, list, create/,
      ],
      [
        '  follow: none\n  proof: none\n  requests: { look: { method: POST, path: /x, status: 200 } }\n',
        /shop\.yaml:4:31: .*method: unknown value; found "POST"; allowed: GET, HEAD, OPTIONS/,
      ],
      [
        '  follow: none\n  proof: none\n  requests: { look: { method: GET, path: x, status: 200 } }\n',
        /4:42: .*path: wrong format; found "x"; allowed: a path such as \/orders/,
      ],
      [
        '  follow: none\n  proof: none\n  requests: { look: { method: GET, path: /x, status: 20 } }\n',
        /4:54: .*status/,
      ],
      [
        requests("    create: { method: POST, path: /x, body: { a: '{titel}' }, status: 201 }\n"),
        /only the placeholders \{correlationId\}, \{title\}, \{n\}/,
      ],
      [
        requests(
          "    list: { method: GET, path: /x, status: 200, expects: [{ pointer: /a, equals: '{titel}' }] }\n",
        ),
        /expects.*equals: .*only the placeholders \{correlationId\}, \{title\}, \{n\}/,
      ],
      [
        requests(
          "    list: { method: GET, path: /x, status: 200, expects: [{ pointer: /a, contains: 'a {id}' }] }\n",
        ),
        /expects.*contains: .*only the placeholders \{correlationId\}, \{title\}, \{n\}/,
      ],
      [
        requests('    create: { method: POST, path: /x, status: 201 }\n'),
        /\{title\} in path or body: by its title what a canary created/,
      ],
      [requests('    read: { method: GET, path: /x, status: 200 }\n'), /\{id\} in path or body/],
      [
        requests('    list: { method: GET, path: /x, status: 200, expects: [{ pointer: id }] }\n'),
        /a JSON pointer such as \/id/,
      ],
      [
        requests('    list: { method: GET, path: /x, status: 200, expects: [{ is: list }] }\n'),
        /one of pointer and header/,
      ],
      [
        requests("    read: { method: GET, path: '/x/{id}', status: 200, state: { pointer: /s } }\n"),
        /at least one value of done, degraded or failed/,
      ],
      [
        requests(
          "    read: { method: GET, path: '/x/{id}', status: 200, state: { pointer: /s, done: [a], open: [a] } }\n",
        ),
        /each value under one state only/,
      ],
      [
        requests("    remove: { method: DELETE, path: '/x/{id}', status: 204 }\n"),
        /needs find, by which canaries are found[\s\S]*useless where create names no id/,
      ],
      [
        `  follow: trace\n  requests:\n${LOOK}`,
        /2:3: application\.proof: needed where no header is repeated: a header of the service, answers, or none/,
      ],
      [
        `  follow: trace\n  proof: echo\n  requests:\n${LOOK}`,
        /3:10: application\.proof: echo needs follow: \{echo: HEADER\}/,
      ],
      [
        `  follow: trace\n  proof: answers\n  requests:\n${LOOK}`,
        /look\.expects: needed where proof is answers/,
      ],
      [`  follow: { echo: x y }\n  requests:\n${LOOK}`, /the name of a header/],
      [
        `  credentials: { bearer: { env: A }, basic: { user: a, password: { env: B } } }\n${requests('')}`,
        /2:45: application\.credentials\.basic: one of bearer, basic and oauth2/,
      ],
      [
        `  credentials: { bearer: { env: A }, headers: { Authorization: { env: B } } }\n${requests('')}`,
        /bearer already fills Authorization/,
      ],
      [`  credentials: { bearer: s3cret }\n${requests('')}`, /application\.credentials\.bearer/],
      [`  canaries: { prefix: 'a' }\n${requests('')}`, /at least 6 characters/],
    ];
    for (const [section, expected] of cases) assert.match(problems(section), expected, section);
    assert.equal(problems(requests('')), '');
  });

  it('should be refused where secrets would be sent in the clear, or there is no edge', () => {
    const plain = { edge: { ...EDGE.edge, url: 'http://shop.test' } };
    const section = `  credentials: { bearer: { env: A } }\n${requests('')}`;
    assert.match(
      problems(section, plain),
      /2:3: application\.credentials: would cross the network unencrypted; found http:\/\/shop\.test; allowed: https in topology\.edge\.url/,
    );
    assert.equal(problems(section), '');
    assert.match(problems(requests(''), {}), /application: topology\.edge does not say where it is reached/);
  });

  it('should be refused where the secret of a client would be sent to its token endpoint in the clear', () => {
    const asking = (tokenUrl: string): string =>
      `  credentials: { oauth2: { tokenUrl: '${tokenUrl}', clientId: c, clientSecret: { env: A } } }\n${requests('')}`;
    assert.match(
      problems(asking('http://login.test/token')),
      /application\.credentials\.oauth2\.tokenUrl: https, where a password or a token is sent/,
    );
    for (const url of ['https://login.test/token', 'http://127.0.0.1:8080/token'])
      assert.equal(problems(asking(url)), '', url);
  });
});
