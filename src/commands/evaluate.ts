import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ForewarnError, messageOf } from '../errors.ts';
import { openDataFolder } from '../evaluation/data-folder.ts';
import type { EvaluationReport } from '../evaluation/evaluation-report.ts';
import type { GroupSource, Protocol } from '../evaluation/protocol.ts';
import { batadal } from '../evaluation/protocols/batadal.ts';
import { nab } from '../evaluation/protocols/nab.ts';
import { skab } from '../evaluation/protocols/skab.ts';
import { smd } from '../evaluation/protocols/smd.ts';
import { tep } from '../evaluation/protocols/tep.ts';
import { createScoreboard } from '../evaluation/scoreboard.ts';
import { parseIso8601 } from '../ingest/iso8601.ts';
import { createLogger } from '../log.ts';
import { chooseEngine } from '../models/engine-choice.ts';
import type { CommandContext } from './context.ts';
import { groupConfig, type OwnSettings, ownSettings } from './evaluate-config.ts';
import { type CsvOptions, csvProtocol } from './evaluate-csv.ts';
import { runGroups } from './evaluate-groups.ts';
import { formatEvaluation } from './evaluate-table.ts';
import { createProgress } from './progress.ts';

export interface EvaluateOptions extends Omit<CsvOptions, 'data'> {
  /** Missing is a mistake that is told; the command line cannot. */
  readonly data?: string;
  readonly seeds: number;
  readonly config?: string;
  readonly html?: string;
  readonly sources?: boolean;
  readonly json?: boolean;
}

/** A training keeps one core busy and needs some 300 MB. */
const mostSideBySide = 4;

const published: readonly Protocol[] = [skab, nab, tep, smd, batadal];

/** Measures the data path on labelled data, beside four reference detectors. Gives exit code 0. */
export async function evaluate(
  name: string,
  options: EvaluateOptions,
  context: CommandContext,
): Promise<number> {
  if (options.data === undefined) {
    throw new ForewarnError('OPTION_INVALID', '--data is missing', {
      hint: 'Give the folder of the data set, or the one that it is in.',
    });
  }
  const { protocol, sources } = choose(name, { ...options, data: String(options.data) });
  if (!(Number.isInteger(options.seeds) && options.seeds >= 1 && options.seeds <= 100)) {
    throw new ForewarnError('OPTION_INVALID', `--seeds ${options.seeds} is no whole number from 1 to 100`);
  }
  const own = options.config === undefined ? null : ownSettings(options.config, protocol.name, context);
  const stateDir = mkdtempSync(join(tmpdir(), 'forewarn-evaluate-'));
  const log = createLogger({ level: 'silent', format: 'json' });
  const chosen = await chooseEngine(own?.config.engine ?? 'auto', {
    onFallback: (reason) => context.out(`TensorFlow does not compute, the CPU engine does: ${reason}`),
  });
  const startedAt = performance.now();
  try {
    const scoreboard = createScoreboard(protocol);
    const seen = await runGroups({
      protocol: protocol.name,
      sources,
      seeds: options.seeds,
      own,
      engine: chosen.engine,
      log,
      stateDir,
      sideBySide: Math.min(mostSideBySide, availableParallelism()),
      keepTraces: options.html !== undefined,
      eachSource: options.sources === true,
      scoreboard,
      progress: createProgress(context),
      context,
    });
    const { traces, models, trainSeconds, untrained } = seen;
    const seconds = (performance.now() - startedAt) / 1000;
    const report: EvaluationReport = {
      protocol: protocol.name,
      settings: {
        ...settingsOf(protocol, options, own, { sources, stateDir, context }),
        engine: chosen.status().kind,
        models,
        untrained,
        seconds,
        seconds_per_model: seconds / models,
        train_seconds_per_model: trainSeconds / models,
      },
      ...scoreboard.report(),
      traces,
    };
    await tell(report, options, context);
    return 0;
  } finally {
    await chosen.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

function choose(name: string, options: CsvOptions): { protocol: Protocol; sources: readonly GroupSource[] } {
  const protocol = name === 'csv' ? csvProtocol(options) : published.find((one) => one.name === name);
  if (protocol === undefined) {
    throw new ForewarnError('OPTION_INVALID', `there is no protocol ${name}`, {
      hint: `Take one of ${published.map((one) => one.name).join(', ')}, or csv for a recording of your own.`,
    });
  }
  const sources = protocol.groups(openDataFolder(options.data, protocol.folders), parseIso8601);
  return { protocol, sources };
}

/** Everything that was chosen: the protocol's rules, what the data demands, and the class as it ran. */
function settingsOf(
  protocol: Protocol,
  options: EvaluateOptions,
  own: OwnSettings | null,
  {
    sources,
    stateDir,
    context,
  }: { sources: readonly GroupSource[]; stateDir: string; context: CommandContext },
): Record<string, unknown> {
  const group = sources[0].load();
  const [used] = groupConfig({ protocol: protocol.name, group, seed: 1, stateDir, own, context }).classes;
  const { windowLength, stride, minCoverage, score, alert } = used;
  const { after: _, seed: __, ...train } = used.train;
  return {
    about: protocol.about,
    vus_window: protocol.vusWindow,
    totals: protocol.average,
    seeds: options.seeds,
    config: options.config ?? null,
    channels: group.channels,
    topic: used.topic,
    sample_every_ms: used.sampleEveryMs,
    class: snakeCased({ windowLength, stride, minCoverage, train, score, alert }),
  };
}

function snakeCased(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [snake(name), snakeCased(part)]));
}

async function tell(
  report: EvaluationReport,
  options: EvaluateOptions,
  context: CommandContext,
): Promise<void> {
  if (options.html !== undefined) {
    const { renderReportPage } = await import('../evaluation/html/report-page.ts');
    try {
      writeFileSync(options.html, renderReportPage(report));
    } catch (cause) {
      throw new ForewarnError('REPORT_NOT_WRITTEN', `--html ${options.html}: ${messageOf(cause)}`, { cause });
    }
  }
  if (!options.json) {
    for (const line of formatEvaluation(report)) context.out(line);
    return;
  }
  const { traces: _, ...printed } = report;
  context.out(JSON.stringify(printed));
}
