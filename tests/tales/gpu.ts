import type { History } from '../../reports/record/history/history.ts';
import type { NewSeen, Seen } from '../../reports/record/observations/index.ts';
import { all, changed, headed, seen } from './tale.ts';
import type { Bend, Tale } from './tale.ts';

const REAL = {
  command: 'python3 -c "import torch; print(torch.cuda.is_available(), torch.cuda.device_count())"',
  workload: ['python3', '-c', 'import torch; print(torch.cuda.is_available(), torch.cuda.device_count())'],
};

/** A pool with real devices, of which a program in the container says this. */
const answering =
  (output: string, code = 0): Bend =>
  (history) =>
    all(
      declared({ simulated: false, workload: REAL.workload }),
      seen({ ...answer(output, code), t: endOf(history) }),
    )(history);

const answer = (output: string, code: number): NewSeen<'gpu-answer'> => ({
  kind: 'gpu-answer',
  command: REAL.command,
  code,
  output,
});

/** Before the last line, which says that the observation ended. */
const endOf = ({ observations }: History): number => (observations.at(-1)?.t ?? 1) - 1;

const declared = (more: object): Bend =>
  headed(({ settings }) => ({
    settings: { ...settings, ...(settings.gpu !== undefined && { gpu: { ...settings.gpu, ...more } }) },
  }));

const saidBy = (message: string): Bend => changed('gpu-refused', () => ({ message }));

export const TALES: readonly Tale[] = [
  {
    number: 32,
    check: 'gpu/schedule',
    says: 'the program in the container prints "False 0", and ends with 0',
    must: 'fail',
    rule: 'answers',
    bend: answering('False 0\n'),
  },
  {
    number: 32,
    check: 'gpu/schedule',
    says: 'the program in the container prints nothing, and ends with 0',
    must: 'inconclusive',
    bend: answering(''),
  },
  {
    check: 'gpu/schedule',
    says: 'nvidia-smi finds no devices, and ends with 0',
    must: 'fail',
    rule: 'answers',
    bend: answering('No devices were found\n'),
  },
  {
    check: 'gpu/schedule',
    says: 'the program falls back to the CPU, and ends with 0',
    must: 'fail',
    rule: 'answers',
    bend: answering('CUDA is not available, using CPU\n'),
  },
  {
    check: 'gpu/schedule',
    says: 'the program prints a number of its own',
    must: 'inconclusive',
    rule: 'answers',
    bend: answering('throughput: 812.4 it/s\n'),
  },
  {
    check: 'gpu/schedule',
    says: 'nvidia-smi lists the device',
    must: 'pass',
    bend: answering('GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-5d1a2c3f-0000-0000-0000-000000000000)\n'),
  },
  {
    check: 'gpu/schedule',
    says: 'nvidia-smi reaches no driver, and a shell around it ends with 0',
    must: 'fail',
    rule: 'answers',
    bend: answering(
      "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n",
    ),
  },
  {
    check: 'gpu/schedule',
    says: 'TensorFlow counts no device',
    must: 'fail',
    rule: 'answers',
    bend: answering('Num GPUs Available:  0\n'),
  },
  {
    check: 'gpu/schedule',
    says: 'a program finds one device, and says of another ability that it is False',
    must: ['pass', 'inconclusive'],
    bend: answering('True 1\nbf16: False\n'),
  },
  {
    check: 'gpu/schedule',
    says: 'jax lists its device',
    must: 'pass',
    bend: answering('[CudaDevice(id=0)]\n'),
  },
  { check: 'gpu/schedule', says: 'the program finds one device', must: 'pass', bend: answering('True 1\n') },
  {
    check: 'gpu/schedule',
    says: "the vendor's sample has passed",
    must: 'pass',
    bend: answering('[Vector addition of 50000 elements]\nTest PASSED\nDone\n'),
  },
  {
    number: 33,
    check: 'gpu/exclusive',
    says: 'the pool has one device, and one pod holds it',
    must: 'inconclusive',
    rule: 'rivals',
    bend: all(
      declared({ devicesPerNode: 1 }),
      changed('gpu-node', () => ({ allocatable: 1 })),
      changed('gpu-pod', (_, index) => (index === 0 ? {} : null)),
      changed('gpu-requested', ({ holders }) => ({ holders: holders.slice(0, 1) })),
    ),
  },
  {
    check: 'gpu/exclusive',
    says: 'the second pod was never ready, and holds nothing',
    must: ['inconclusive', 'fail'],
    bend: changed('gpu-pod', (_, index): Partial<Seen<'gpu-pod'>> =>
      index === 0 ? {} : { state: 'waiting', devices: null, sources: [] },
    ),
  },
  {
    check: 'gpu/exclusive',
    says: 'two nodes have one device each, and a pod on each holds it',
    must: 'inconclusive',
    rule: 'rivals',
    bend: changed('gpu-pod', ({ node }, index) => (index === 0 ? {} : { node: `${node ?? ''}-b` })),
  },
  {
    number: 75,
    check: 'gpu/exhausted',
    says: 'another scheduler has no room, in its own words',
    must: 'inconclusive',
    rule: 'refused',
    bend: saidBy('all nodes are unavailable: 7 node(s) resource fit failed.'),
  },
  {
    check: 'gpu/exhausted',
    says: 'the pod fits nowhere for want of memory',
    must: 'fail',
    rule: 'refused',
    bend: saidBy('0/7 nodes are available: 7 Insufficient memory.'),
  },
  {
    check: 'gpu/exhausted',
    says: 'no node may be used, for its taints alone',
    must: 'fail',
    rule: 'refused',
    bend: saidBy('0/7 nodes are available: 7 node(s) had untolerated taint(s).'),
  },
  {
    check: 'gpu/taint',
    says: 'another scheduler keeps pods away, in its own words',
    must: 'inconclusive',
    rule: 'kept-away',
    bend: saidBy('pod is not admitted to queue gpu'),
  },
  {
    check: 'gpu/taint',
    says: 'the pool is full, and its taint keeps nobody away',
    must: 'fail',
    rule: 'kept-away',
    bend: saidBy('0/7 nodes are available: 7 Insufficient cpu.'),
  },
];
