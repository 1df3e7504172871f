import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FaultKind } from '../simulator/faults.ts';
import type { FaultLabel } from '../simulator/plant.ts';
import type { Alert } from '../types.ts';
import { aborted, type CommandContext } from './context.ts';
import { type DemoPlant, demoPumps, startDemoPlant } from './demo-plant.ts';
import { createProgress } from './progress.ts';
import { startWebhookReceiver } from './webhook-receiver.ts';

/** What happens, in this order; each fault on a pump of its own. */
const script: readonly { kind: FaultKind; pump: number }[] = [
  { kind: 'bearing_wear', pump: 0 },
  { kind: 'cavitation', pump: 2 },
  { kind: 'blocked_filter', pump: 4 },
  { kind: 'leak', pump: 6 },
  { kind: 'stuck_sensor', pump: 1 },
  { kind: 'drifting_sensor', pump: 3 },
];

const second = 1000;
/** Plant time of healthy watching before the first fault, and between one alert and the next fault. */
const healthyMs = 300 * second;
const pauseMs = 45 * second;
/** A fault that is not noticed in this plant time counts as missed. */
const missedMs = 400 * second;
/** After its repair a pump may need this long until its temperatures, and so its alert, are back to normal. */
const recoveryMs = 400 * second;

interface CaughtFault {
  readonly asset: string;
  readonly kind: FaultKind;
  readonly channel: string;
  readonly delay_s: number | null;
  readonly top_channel: string | null;
  /** Whether the top channel is the faulted one or one that physics couples to it. */
  readonly located: boolean;
  readonly alert_id: string | null;
  resolved: boolean;
}

/** Tells the story; with `once` it ends by itself and gives 0 only if every fault was caught and nothing else fired. */
export async function demo(
  options: { once?: boolean; seed: number },
  context: CommandContext,
): Promise<number> {
  const stateDir = mkdtempSync(join(tmpdir(), 'forewarn-demo-'));
  const alerts = new Map<string, Alert>();
  let webhooks = 0;
  const receiver = await startWebhookReceiver((payload) => {
    webhooks++;
    context.out(`            webhook received: ${describePayload(payload)}`);
  });
  try {
    const plant = await startDemoPlant({
      seed: Number(options.seed),
      stateDir,
      apiPort: options.once ? 0 : 8080,
      webhookUrl: receiver.url,
      signal: context.signal,
      onAlert: (alert) => alerts.set(alert.id, alert),
    });
    try {
      const trainSeconds = await learn(plant, context);
      const { faults, falseAlerts } = await tellStory(plant, alerts, context);
      await deliveredAll(plant, context.signal);
      const result = {
        train_s: trainSeconds,
        faults,
        false_alerts: falseAlerts.length,
        messages: plant.publisher.counters.acknowledged,
        windows_scored: plant.parts.pipeline.lines.get('pump')!.scorer.stats().scored,
        webhooks,
      };
      const caught = faults.filter(({ alert_id }) => alert_id !== null).length;
      context.out(`\n${caught} of ${script.length} faults caught, ${falseAlerts.length} false alerts.`);
      if (!options.once && !context.signal.aborted) {
        context.out(
          `The plant runs on. Look around at ${plant.parts.apiUrl}/api/v1/status and stop with Ctrl-C.`,
        );
        await aborted(context.signal);
      }
      context.out(JSON.stringify(result));
      return caught === script.length && falseAlerts.length === 0 ? 0 : 1;
    } finally {
      await plant.stop();
    }
  } finally {
    await receiver.close();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

async function learn(plant: DemoPlant, context: CommandContext): Promise<number> {
  const { apiUrl, brokerUrl, pipeline } = plant.parts;
  const { learner } = pipeline.lines.get('pump')!;
  context.out(
    `${demoPumps} pumps publish eight channels each to ${brokerUrl}, in compressed time; status at ${apiUrl}/api/v1/status`,
  );
  const progress = createProgress(context);
  let shownPhase = '';
  await plant.when(() => {
    const { phase, rows, rowsNeeded, training } = learner.status();
    if (phase !== shownPhase) progress.next();
    shownPhase = phase;
    if (phase === 'collecting')
      progress.show('learning: collecting normal rows', rows / rowsNeeded, `${rows} of ${rowsNeeded}`);
    if (phase === 'training') {
      const detail = training === null ? 'starting' : `held-out loss ${training.heldOutLoss.toFixed(4)}`;
      progress.show(
        'learning: training the LSTM autoencoder',
        training === null ? 0 : training.step / training.steps,
        detail,
      );
    }
    return phase === 'ready';
  }, Number.POSITIVE_INFINITY);
  progress.next();
  const card = plant.parts.registry.champion('pump')?.card;
  if (card === undefined) throw new Error('the demo ended before a model was trained');
  const { seconds, steps } = card.training;
  context.out(
    `Model ${card.id} is in use: ${card.data.fitWindows} windows, ${steps} steps, ${seconds.toFixed(1)} s. Now watching.\n`,
  );
  return Math.round(seconds * 10) / 10;
}

async function tellStory(plant: DemoPlant, alerts: ReadonlyMap<string, Alert>, context: CommandContext) {
  const labels: FaultLabel[] = [];
  const faults: CaughtFault[] = [];
  const repairs: Promise<void>[] = [];
  const say = (text: string): void => context.out(`${clockTime(plant.now())}  ${text}`);
  const alertOf = (label: FaultLabel): Alert | undefined =>
    [...alerts.values()].find(
      (alert) => alert.assetId.endsWith(`/${label.pump.asset}`) && alert.startedAt >= label.fault.startAt,
    );

  await plant.when(() => false, plant.now() + healthyMs);
  for (const { kind, pump } of script) {
    if (context.signal.aborted) break;
    const label = plant.plant.inject(pump, { kind, startAt: plant.now() });
    labels.push(label);
    say(`${label.pump.asset}: ${kind.replace('_', ' ')} begins (shows in ${label.fault.channel})`);
    await plant.when(() => alertOf(label) !== undefined, label.fault.startAt + missedMs);
    const alert = alertOf(label);
    const caught = judge(label, alert);
    faults.push(caught);
    if (alert === undefined) say(`${label.pump.asset}: NOT NOTICED within ${missedMs / second} s`);
    else {
      say(`ALERT after ${caught.delay_s} s. ${alert.summary}`);
      context.out(
        `            look at ${alert.channels[0].channel}; ${plant.parts.apiUrl}/api/v1/alerts/${alert.id}`,
      );
    }
    const pause = plant.now() + pauseMs;
    await plant.when(() => false, pause);
    plant.plant.clear(label);
    say(`${label.pump.asset}: repaired`);
    repairs.push(
      plant
        .when(() => alertOf(label)?.state === 'resolved', plant.now() + recoveryMs)
        .then((resolved) => {
          caught.resolved = resolved;
          if (resolved) say(`${label.pump.asset}: back to normal, alert resolved`);
        }),
    );
  }
  await Promise.all(repairs);
  const falseAlerts = [...alerts.values()].filter(
    (alert) => !labels.some((label) => alertOf(label) === alert),
  );
  for (const alert of falseAlerts) say(`FALSE ALERT: ${alert.summary}`);
  return { faults, falseAlerts };
}

function judge({ pump, fault }: FaultLabel, alert: Alert | undefined): CaughtFault {
  const top = alert?.channels[0]?.channel ?? null;
  return {
    asset: pump.asset,
    kind: fault.kind,
    channel: fault.channel,
    delay_s: alert === undefined ? null : Math.round((alert.firedAt - fault.startAt) / second),
    top_channel: top,
    located:
      top !== null && (top === fault.channel || fault.neighbours.some((neighbour) => neighbour === top)),
    alert_id: alert?.id ?? null,
    resolved: false,
  };
}

/** Waits until the receiver has had every notification, bounded by a few seconds of the wall clock. */
async function deliveredAll(plant: DemoPlant, signal: AbortSignal): Promise<void> {
  const until = Date.now() + 5000;
  const { delivery } = plant.parts;
  await plant.when(
    () => delivery.status().every(({ queued }) => queued === 0) || Date.now() > until || signal.aborted,
    Number.POSITIVE_INFINITY,
  );
}

function clockTime(at: number): string {
  return `  ${new Date(at).toISOString().slice(11, 19)}`;
}

function describePayload(payload: unknown): string {
  const { status, alerts } = payload as { status: string; alerts: { labels: Record<string, string> }[] };
  return `${status}, ${alerts.map(({ labels }) => labels.asset ?? JSON.stringify(labels)).join(', ')}`;
}
