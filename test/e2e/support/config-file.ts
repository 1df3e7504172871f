import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { pumpChannels } from '../../../src/simulator/pump.ts';

export interface ConfigOptions {
  /** A broker of the test's own; without it the daemon brings its own. */
  readonly broker?: { readonly url: string; readonly protocol: '3.1.1' | '5' };
  readonly webhookUrl?: string;
  /** 0, any free one, when left out. */
  readonly apiPort?: number;
  readonly alert?: object;
  /** Options of channels beside their units, by name. */
  readonly channels?: Readonly<Record<string, object>>;
  readonly retrain?: object;
  readonly score?: object;
  /** Sections of the configuration as they stand in the file, such as `email`. */
  readonly outputs?: object;
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is gone when the tests of the file are over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-e2e-'));
  folders.push(folder);
  return folder;
}

/** Small enough to train in about a second, large enough to tell a fault from noise. */
const quickTraining = { after: 1600, steps: 150, batch: 64, hidden: 16, latent: 6 };

const pumpClass = {
  topic: 'plant/{site}/{line}/{asset}/telemetry',
  train: quickTraining,
};

/** Writes a configuration for the simulated pumps beside its state directory; JSON is YAML. */
export function writeConfig(folder: string, options: ConfigOptions = {}): string {
  const file = join(folder, 'forewarn.yaml');
  const document = {
    state_dir: 'state',
    log: { format: 'json' },
    mqtt:
      options.broker === undefined
        ? { embedded: { port: 0 } }
        : { url: options.broker.url, protocol: options.broker.protocol },
    api: { port: options.apiPort ?? 0 },
    classes: {
      pump: {
        ...pumpClass,
        channels: Object.fromEntries(
          pumpChannels.map(({ name, unit }) => [name, { unit, ...options.channels?.[name] }]),
        ),
        retrain: { schedule: null, ...options.retrain },
        score: options.score ?? {},
        alert: { for: '5s', keep_firing_for: '20s', ...options.alert },
      },
    },
    webhooks: options.webhookUrl === undefined ? [] : [{ name: 'test', url: options.webhookUrl }],
    ...options.outputs,
  };
  writeFileSync(file, JSON.stringify(document, null, 2));
  return file;
}
