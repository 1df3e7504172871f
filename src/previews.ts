import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { PreviewCommands, PreviewResult } from './api/preview-commands.ts';
import type { Preview } from './api/preview-schemas.ts';
import type { Config } from './config.ts';

// From source (tests) as from dist, the child runs the built file: Node 20 starts no TypeScript.
const cli = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../dist/cli.js' : './cli.js', import.meta.url),
);
/** What the command writes before its errors. */
const prefix = 'forewarn: ';

export interface Previews extends PreviewCommands {
  /** Ends what runs. */
  stop(): void;
}

/**
 * Has `forewarn preview` answer, in a process of its own and of low priority, so that no scoring waits for it and its memory
 * goes with it.
 */
export function createPreviews(config: Config, configFile: string | null): Previews {
  const abort = new AbortController();
  let running = false;

  const run = async (file: string, className: string, settings: readonly string[], days: number) => {
    const args = ['preview', className, '--config', file, '--days', String(days), '--json'];
    const child = fork(cli, [...args, ...settings.map((one) => `--set=${one}`)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
      signal: abort.signal,
    });
    let answer = '';
    let complaint = '';
    child.stdout?.on('data', (data: Buffer) => {
      answer += data.toString();
    });
    child.stderr?.on('data', (data: Buffer) => {
      complaint += data.toString();
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, answer, complaint };
  };

  return {
    classes: () => config.classes.map(({ name }) => name),
    async preview(className, settings, days): Promise<PreviewResult> {
      if (configFile === null) return { kind: 'no_file' };
      if (running) return { kind: 'busy' };
      running = true;
      try {
        const { code, answer, complaint } = await run(configFile, className, settings, days);
        if (code === 0)
          return { kind: 'done', preview: JSON.parse(answer.trim().split('\n').at(-1)!) as Preview };
        const [first, ...rest] = complaint.trim().split('\n');
        if (!first.startsWith(prefix))
          throw new Error(`the preview ended with ${code}: ${complaint.slice(-2000)}`);
        return { kind: 'refused', message: first.slice(prefix.length), hint: rest.join(' ') || null };
      } finally {
        running = false;
      }
    },
    stop: () => abort.abort(),
  };
}
