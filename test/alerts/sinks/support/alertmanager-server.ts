import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { findProgram, freePort, type Listening, listening } from './program.ts';

/** Path of the installed Alertmanager, or null. */
export const alertmanager = findProgram('prometheus-alertmanager') ?? findProgram('alertmanager');

export interface AlertmanagerAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
}

/** A real Alertmanager on ports of its own, which forgets alerts when it is started again. */
export async function startAlertmanager(): Promise<{
  readonly port: number;
  readonly url: string;
  readonly server: Listening;
  /** What fires, as its API shows it. */
  alerts(): Promise<readonly AlertmanagerAlert[]>;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-alertmanager-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const file = join(folder, 'alertmanager.yml');
  writeFileSync(file, 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n');
  const words = [
    `--config.file=${file}`,
    `--storage.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ];
  const server = listening(alertmanager!, words, port);
  await server.start();
  const url = `http://127.0.0.1:${port}/api/v2/alerts`;
  return {
    port,
    url,
    server,
    alerts: async () => (await (await fetch(url)).json()) as readonly AlertmanagerAlert[],
  };
}
