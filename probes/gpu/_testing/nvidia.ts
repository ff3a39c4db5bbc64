/** How NVIDIA's device plugin names the devices of a container. */
export const NVIDIA = {
  variable: 'NVIDIA_VISIBLE_DEVICES',
  kind: 'whole',
  simulated: false,
} as const;
