import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allocatedIn, devicesGiven, readPods } from './index.ts';
import { NVIDIA } from './_testing/nvidia.ts';

const A = 'GPU-4404041a-04cf-1ccf-9e70-f139a9b1e23c';
const B = 'GPU-79a2ba02-a537-ccbf-2965-8e9d90c0bd54';
const MIG = 'MIG-a4ba36ba-6977-5a73-8b92-a2ecaa2a0d2f';

interface Printed {
  variable?: string;
  files?: string[];
  /** Lines of `nvidia-smi -L`, its exit status last; left out: it is not there. */
  smi?: string[];
}

function printed({ variable = 'void', files = [], smi = [] }: Printed): string {
  const said = smi.length > 0 ? smi : ['sh: nvidia-smi: not found', 'exit 127'];
  return [
    'PATH=/bin',
    `NVIDIA_VISIBLE_DEVICES=${variable}`,
    '-- devices --',
    ...files,
    '-- nvidia-smi --',
    ...said,
    '',
  ].join('\n');
}

/** As the MIG User Guide of NVIDIA prints it (r580). */
const whole = (...ids: string[]): string[] => [
  ...ids.map((id, index) => `GPU ${index}: NVIDIA A100-SXM4-40GB (UUID: ${id})`),
  'exit 0',
];
const sliced = [
  `GPU 0: NVIDIA A100-SXM4-40GB (UUID: ${A})`,
  `  MIG 1g.5gb      Device  0: (UUID: ${MIG})`,
  'exit 0',
];

describe('devices of a container', () => {
  const of = (what: Printed, telling: object = {}) => devicesGiven(printed(what), { ...NVIDIA, ...telling });

  it('should be those that the most trusted source names', () => {
    const told = of({ variable: B, files: ['/dev/nvidia1'], smi: whole(A) });
    assert.deepEqual([told.devices, told.reportedBy], [[A], 'nvidia-smi']);
    assert.deepEqual(
      told.sources.map(({ by }) => by),
      ['nvidia-smi', 'device nodes', 'variable'],
    );
    const nodes = of({ variable: B, files: ['/dev/nvidia1', '/dev/nvidiactl'] });
    assert.deepEqual([nodes.devices, nodes.reportedBy], [['nvidia1'], 'device nodes']);
    const variable = of({ variable: `${B},${A}` });
    assert.deepEqual([variable.devices, variable.reportedBy], [[A, B], 'variable']);
  });

  it('should be the instances of a device, not the device, where it has some', () => {
    assert.deepEqual(
      of({ smi: sliced }).devices,
      [MIG],
      'strategy single: the resource is that of whole ones',
    );
    assert.deepEqual(of({ smi: sliced }, { kind: 'mig' }).devices, [MIG]);
    assert.equal(of({ smi: whole(A) }, { kind: 'mig' }).devices, null, 'the driver lists no instance');
    const caps = ['/dev/nvidia0', '/dev/nvidia-caps/nvidia-cap1', '/dev/nvidia-caps/nvidia-cap21'];
    assert.equal(of({ files: caps }).devices, null, 'strategy single, and no driver to ask');
    assert.deepEqual(of({ files: caps.slice(0, 2) }).devices, ['nvidia0']);
    const silent = of({ files: ['/dev/nvidia0'] }, { kind: 'mig' });
    assert.equal(silent.devices, null, 'all instances of a device share its node');
    assert.match(silent.detail, /device nodes cannot identify MIG instances/);
  });

  it('should be one device for several slices of its time', () => {
    assert.deepEqual(of({ variable: `${A}::0,${A}::3` }).devices, [A]);
  });

  it('should be none where the driver answers that there is none, and unknown where it does not answer', () => {
    assert.deepEqual(of({ variable: A, smi: ['No devices found.', 'exit 6'] }).devices, []);
    const broken = [
      "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
      'exit 9',
    ];
    assert.equal(of({ smi: broken }).devices, null);
    assert.equal(of({ variable: A, smi: broken }).reportedBy, 'variable');
  });

  it('should be read from device nodes and the variable alone where they are simulated', () => {
    const simulated = { variable: 'SIMULATED', simulated: true };
    const nodes = of({ files: ['/dev/null', '/dev/accel/accel1'], smi: whole(A) }, simulated);
    assert.deepEqual([nodes.devices, nodes.sources.map(({ by }) => by)], [['accel1'], ['device nodes']]);
    const none = of({ files: ['/dev/null'] }, simulated);
    assert.deepEqual([none.devices, none.sources], [[], []], 'not given');
    assert.match(none.detail, /^SIMULATED is not set, and the container has no device node/);
    const named = of({ variable: B, smi: whole(A) }, { simulated: true });
    assert.deepEqual([named.devices, named.reportedBy], [[B], 'variable']);
    assert.equal(of({}, { simulated: true }).devices, null, 'void says nothing');
  });

  it('should never be none by a variable that CDI leaves void', () => {
    for (const variable of ['void', 'none', 'all', '', '/var/run/nvidia-container-devices'])
      assert.equal(of({ variable }).devices, null, variable);
  });

  it('should be there only by a node in /dev or a driver that lists one, whatever else names it', () => {
    assert.equal(of({ variable: A }).present, false);
    assert.equal(of({ smi: whole(A) }).present, true);
    assert.equal(of({ variable: A, smi: ['No devices found.', 'exit 6'] }).present, false);
    const shared = of({ variable: MIG, files: ['/dev/nvidia0', '/dev/nvidiactl'] }, { kind: 'mig' });
    assert.deepEqual([shared.devices, shared.reportedBy, shared.present], [[MIG], 'variable', true]);
    assert.equal(of({ variable: A, files: ['/dev/nvidiactl'] }).present, false, 'no device has that node');
  });
});

describe('a claim of devices', () => {
  /** As the API server has it (resource.k8s.io/v1, Kubernetes 1.34). */
  const claim = (status: object): string =>
    JSON.stringify({ kind: 'ResourceClaim', metadata: { name: 'c' }, spec: {}, status });
  const results = (...more: object[]): string =>
    claim({
      allocation: {
        devices: {
          results: more.map((one) => ({
            request: 'gpu',
            driver: 'gpu.nvidia.com',
            pool: 'node-1',
            device: 'gpu-0',
            ...one,
          })),
        },
      },
    });

  it('should be read by the result of its allocation', () => {
    assert.deepEqual(allocatedIn(results({}, { device: 'gpu-1', shareID: 'x' }, { adminAccess: true })), [
      { driver: 'gpu.nvidia.com', device: 'gpu.nvidia.com/node-1/gpu-0', shared: false },
      { driver: 'gpu.nvidia.com', device: 'gpu.nvidia.com/node-1/gpu-1', shared: true },
      { driver: 'gpu.nvidia.com', device: 'gpu.nvidia.com/node-1/gpu-0', shared: true },
    ]);
    assert.deepEqual(allocatedIn(results()), []);
  });

  it('should be unknown without an allocation, and where something else answers', () => {
    for (const body of [claim({}), claim({ allocation: {} }), '<html>', '{"kind":"Status"}'])
      assert.equal(allocatedIn(body), null, body);
  });

  it('should be named by the pod, or by its status where it was made from a template', () => {
    const pod = {
      metadata: { name: 'p', namespace: 'ai' },
      spec: {
        containers: [],
        resourceClaims: [
          { name: 'own', resourceClaimName: 'shared-gpu' },
          { name: 'made', resourceClaimTemplateName: 'one-gpu' },
          { name: 'later', resourceClaimTemplateName: 'one-gpu' },
        ],
      },
      status: {
        phase: 'Running',
        resourceClaimStatuses: [{ name: 'made', resourceClaimName: 'p-made-x7k2p' }],
      },
    };
    const [read] = readPods(JSON.stringify({ items: [pod] }), 'nvidia.com/gpu') ?? [];
    assert.deepEqual(read?.claims, ['shared-gpu', 'p-made-x7k2p', null]);
    const counted = {
      metadata: { name: 'q', namespace: 'ai' },
      spec: { containers: [] },
      status: { extendedResourceClaimStatus: { resourceClaimName: 'q-extended-resources-9hx2k' } },
    };
    const [other] = readPods(JSON.stringify({ items: [counted] }), 'nvidia.com/gpu') ?? [];
    assert.deepEqual(
      other?.claims,
      ['q-extended-resources-9hx2k'],
      'a resource that is given through a claim',
    );
  });
});
