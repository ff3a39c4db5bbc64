/** One measured figure with its unit; `goal` is the value it was compared with. */
export interface Figure {
  name: string;
  value: number | string | null;
  unit?: string;
  goal?: number | string;
}
