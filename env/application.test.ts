import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
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
