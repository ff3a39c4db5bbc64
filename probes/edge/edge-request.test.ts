import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { certificateFor } from '../../host/_testing/certificate.ts';
import { trusted } from './edge-request.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-trust-'));
after(() => rmSync(folder, { recursive: true }));
const { cert, key } = await certificateFor('logs.example.com');

function trusting(content: string | Buffer): ReturnType<typeof trusted> {
  const file = join(folder, 'ca.pem');
  writeFileSync(file, content);
  return trusted({ file });
}

test('should take authorities from a file, also of several and with words before them', async () => {
  for (const pem of [cert, `the authority of our logs\n${cert}`, `${cert}${cert}`, `${key}${cert}`])
    assert.deepEqual(await trusting(pem), { pem });
  assert.deepEqual(await trusted('system'), { pem: undefined });
});

test('should say of a file without a certificate that it has none, instead of trusting nobody', async () => {
  const der = Buffer.from(cert.replaceAll(/-----.+-----|\n/g, ''), 'base64');
  const torn = cert.replace(/\n.{20}/, '\n');
  for (const content of ['', '<html>Sign in</html>', key, der, torn])
    assert.deepEqual(await trusting(content), {
      unavailable: `${join(folder, 'ca.pem')}: it holds no certificate in PEM`,
    });
  const missing = await trusted({ file: join(folder, 'none') });
  assert.match('unavailable' in missing ? missing.unavailable : '', /none: ENOENT/);
});
