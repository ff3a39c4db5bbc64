import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListingApiServer } from './_testing/api-server.ts';
import type { Stood } from './_testing/api-server.ts';
import { REFERENCE } from './_testing/clusters.ts';
import { draftedOn } from './_testing/drafted.ts';

const server = await ListingApiServer.forTests();

/** The reference with a RuntimeClass in the template of one Deployment. */
function withRuntimeClass(name: string): Stood[] {
  return REFERENCE.map((one) => {
    if (one.metadata.name !== name || one.kind !== 'Deployment') return one;
    const changed = structuredClone(one) as Stood & { spec: { template: { spec: object } } };
    Object.assign(changed.spec.template.spec, { runtimeClassName: 'nvidia' });
    return changed;
  });
}

test('should give canaries the RuntimeClass with which workloads ask for devices', async () => {
  const drafted = async (name: string): Promise<string | undefined> =>
    (await draftedOn(server, withRuntimeClass(name))).file.gpu?.runtimeClass;
  assert.equal(await drafted('worker'), 'nvidia');
  assert.equal(await drafted('api'), undefined, 'it asks for no device');
});
