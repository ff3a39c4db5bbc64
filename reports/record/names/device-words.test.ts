import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { devicesIn } from './device-words.ts';

describe('the words of programs on devices', () => {
  const said = (outputs: readonly string[], given?: string[]): string[] =>
    outputs.filter((output) => devicesIn(output, given) === 'some');

  it('should be known where one is found', () => {
    const found = [
      'GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-5d1a2c3f-0000-0000-0000-000000000000)',
      'True 8',
      'Test PASSED',
      '[CudaDevice(id=0)]',
      "[PhysicalDevice(name='/physical_device:GPU:0', device_type='GPU')]",
      'Num GPUs Available:  2',
      'Detected 1 CUDA Capable device(s)',
      'cuda:0 device is ready',
      '0, AMD Instinct MI300X, 0 %',
      '1\n',
    ];
    assert.deepEqual(said(found), found);
  });

  it('should be known where none is found', () => {
    const none = [
      'False 0',
      'True 0',
      'No devices were found',
      'No NVIDIA GPU found',
      'torch.cuda.is_available(): False',
      'GPU available: False',
      'CUDA error: no CUDA-capable device is detected',
      "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
      'Failed to initialize NVML: Driver/library version mismatch',
      'Num GPUs Available:  0',
      '[CpuDevice(id=0)]',
      'Result = FAIL',
      'cpu',
      '0',
    ];
    assert.deepEqual(
      none.filter((output) => devicesIn(output) !== 'none'),
      [],
    );
  });

  it('should say neither where they are not known, or contradict each other', () => {
    const unknown = [
      '',
      '42.1 it/s',
      'NVIDIA-SMI 535.104.05',
      'True 1, bf16: False',
      'no other GPU; GPU 0: NVIDIA H100',
    ];
    assert.deepEqual(
      unknown.filter((output) => devicesIn(output) !== 'unknown'),
      [],
    );
    assert.deepEqual(said(['SIM-gpu-1-0', 'it is 0'], ['SIM-gpu-1-0', '0']), ['SIM-gpu-1-0']);
  });
});
