import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder, writeConfig } from './config-file.ts';
import { startDaemon } from './daemon.ts';
import { startPlant } from './test-plant.ts';
import { until } from './until.ts';

let trained: Promise<string> | null = null;

/** A new folder whose state directory has a model of the simulated pumps; trained once a test file, by a daemon. */
export async function trainedFolder(): Promise<string> {
  trained ??= trainOnce();
  const folder = temporaryFolder();
  cpSync(join(await trained, 'state'), join(folder, 'state'), { recursive: true });
  return folder;
}

async function trainOnce(): Promise<string> {
  const folder = temporaryFolder();
  const daemon = await startDaemon(writeConfig(folder));
  const plant = startPlant(daemon.brokerUrl, { speed: 400 });
  await until('the model is in use', () => daemon.log().some(({ msg }) => msg === 'model in use'), {
    withinMs: 40_000,
    explain: () => JSON.stringify(daemon.log(), null, 1),
  });
  await plant.stop();
  const { code, stderr } = await daemon.kill('SIGTERM');
  if (code !== 0) throw new Error(`the daemon that trained ended with ${code}\n${stderr}`);
  return folder;
}
