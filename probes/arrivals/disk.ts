/** One line of a container's log file, as kubelet reads it from the disk of its node. */
export interface DiskLine {
  /** When the container runtime wrote it: wall clock ms of the node. */
  atMs: number;
  text: string;
}

/** What kubelet's log endpoint answers with `timestamps=true`: `2026-01-02T03:04:05.678901234Z text`. Other lines are left out. */
export function linesOnDisk(log: string): DiskLine[] {
  return log.split('\n').flatMap((line): DiskLine[] => {
    const cut = line.indexOf(' ');
    if (cut === -1) return [];
    const atMs = Date.parse(line.slice(0, cut));
    return Number.isNaN(atMs) ? [] : [{ atMs, text: line.slice(cut + 1) }];
  });
}
