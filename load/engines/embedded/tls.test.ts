import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import { after, before, describe, it } from 'node:test';
import { certificateOfIntermediate } from '../../../host/_testing/certificate.ts';
import { HEAD, listen, load, scenario, selfSigned } from './_testing/loads.ts';

describe('TLS', () => {
  let close: () => void;
  let port: string;
  let cert: string;
  let connections = 0;
  before(async () => {
    const made = await selfSigned();
    cert = made.cert;
    const server = createServer({ cert: made.cert, key: made.key }, (_request, response) =>
      response.end('x'.repeat(100_000)),
    );
    server.on('secureConnection', () => connections++);
    port = (await listen(server)).split(':')[1] ?? '';
    close = () => {
      server.closeAllConnections();
      server.close();
    };
  });
  after(() => close());

  const ask = (
    host: string,
    options = {},
  ): string => `${HEAD}${scenario({ executor: 'shared-iterations' }, options)}
    export default async () => {
      const first = await http.asyncRequest('GET', 'https://${host}:${port}/');
      const second = await http.asyncRequest('GET', 'https://${host}:${port}/');
      check(second, { read: (r) => r.status === 200 && r.body.length === 100000 });
      throw new Error(first.error_code + ' ' + first.error);
    };`;

  it('should verify against the authorities of the request, with the name of the host', async () => {
    const good = await load(ask('localhost'), '', { ca: cert, hosts: { localhost: '127.0.0.1' } });
    assert.equal(good.checks[0]?.passes, 1, JSON.stringify(good.errors));
    assert.equal(connections, 1, 'the connection is kept');
    const elsewhere = await load(ask('other.example'), '', {
      ca: cert,
      hosts: { 'other.example': '127.0.0.1' },
    });
    assert.match(elsewhere.errors.join('\n'), /1311 x509: certificate is not valid for this host name/);
  });

  it('should trust an intermediate certificate that is declared as an authority', async () => {
    const { key, cert: own, intermediate } = await certificateOfIntermediate('localhost');
    const server = createServer({ key, cert: own }, (_request, response) => response.end('ok'));
    const at = (await listen(server)).split(':')[1] ?? '';
    const script = `${HEAD}${scenario({ executor: 'shared-iterations' })}export default async () => {
        check(await http.asyncRequest('GET', 'https://localhost:${at}/'), { read: (r) => r.status === 200 });
      };`;
    const { checks, errors } = await load(script, '', {
      ca: intermediate,
      hosts: { localhost: '127.0.0.1' },
    });
    server.closeAllConnections();
    server.close();
    assert.equal(checks[0]?.passes, 1, JSON.stringify(errors));
  });

  it('should be an error without them, and none where the script does not ask', async () => {
    const hosts = { localhost: '127.0.0.1' };
    const unknown = await load(ask('localhost'), '', { hosts });
    assert.match(unknown.errors.join('\n'), /1310 x509: /);
    const skipped = await load(ask('localhost', { insecureSkipTLSVerify: true }), '', { hosts });
    assert.equal(skipped.checks[0]?.passes, 1);
  });
});
