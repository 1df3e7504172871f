import { readdirSync, readFileSync } from 'node:fs';

/** The most memory that the process ever had, in MB; null where the system does not say (it does on Linux). */
export function peakMemoryMb(pid) {
  return fieldMb(pid, 'VmHWM');
}

/** The memory that the process has now, in MB; null where the system does not say. */
export function memoryMb(pid) {
  return fieldMb(pid, 'VmRSS');
}

function fieldMb(pid, field) {
  try {
    const [, kilobytes] = new RegExp(`${field}:\\s+(\\d+) kB`).exec(
      readFileSync(`/proc/${pid}/status`, 'utf8'),
    );
    return Math.round(Number(kilobytes) / 1024);
  } catch {
    // It has ended, or this is not Linux.
    return null;
  }
}

/** Processes that this one started and that still run. */
export function childrenOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}
