// Weeks of plant time through the real daemon, its clock run along with the rows: a season, a step, and wear that creeps.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { connectAsync } from 'mqtt';
import { resolveConfig } from '../dist/config.js';
import { createDaemon } from '../dist/daemon.js';
import { createLifeLog } from '../dist/models/retraining/life-log.js';
import { Plant } from '../dist/simulator/plant.js';
import { pumpChannels } from '../dist/simulator/pump.js';
import { payloadOf, topicOf } from '../dist/simulator/telemetry.js';

const dayMs = 86_400_000;
const rowMs = 60_000;
const rowsADay = dayMs / rowMs;
/** Degrees that the hall warms up by within `--warm-days`; bearing and fluid follow it (see the simulator). */
const season = 6;
const steppedPump = 4;
const wornPump = 5;
const pumps = 6;
/** Days: when the step comes, when a person accepts it, when wear sets in, and how long it takes to its full size. */
const days = { learn: 3, step: 8, accepted: 9, wear: 12, wearing: 5 };
const quiet = { error: console.error, warn() {}, info() {}, debug() {}, child: () => quiet };

export const usage = 'npm run bench -- drift [--json] [--seed N] [--warm-days 30] [--baseline 12h]';

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'boolean' },
      seed: { type: 'string', default: '1' },
      'warm-days': { type: 'string', default: '30' },
      baseline: { type: 'string' },
    },
  });
  const { json, seed, baseline = null } = values;
  const warmDays = Number(values['warm-days']);
  const endDay = Math.max(days.wear + days.wearing, warmDays) + 4;
  const stateDir = mkdtempSync(join(tmpdir(), 'forewarn-drift-'));
  const startAt = Date.UTC(2026, 0, 5);
  let now = startAt;
  moveDate(() => now);
  const alerts = new Map();
  const daemon = createDaemon({
    config: configOf(stateDir, baseline),
    log: quiet,
    clock: () => now,
    onAlert: (alert) => alerts.set(alert.id, alert),
  });
  const parts = await daemon.start();
  const client = await connectAsync(parts.brokerUrl);
  try {
    const plant = new Plant({ pumps, seed: Number(seed), startAt, sampleEveryMs: rowMs });
    const { learner, scorer } = parts.pipeline.lines.get('pump');
    const { retrainer } = parts.cares.of('pump');
    const dayOf = (at) => (at - startAt) / dayMs;
    let sent = 0;
    let accepted = null;
    for (let day = 0; day < endDay; day++) {
      if (day === days.step)
        plant.inject(steppedPump, { kind: 'leak', startAt: plant.nextAt, rampMs: 0, size: 1 });
      if (day === days.wear)
        plant.inject(wornPump, {
          kind: 'bearing_wear',
          startAt: plant.nextAt,
          rampMs: days.wearing * dayMs,
          size: 1,
        });
      // An hour at a time, so that what is decided by the clock is decided when it would be.
      for (let hour = 0; hour < 24; hour++) {
        const sending = [];
        for (let row = 0; row < rowsADay / 24; row++) {
          const at = plant.advance();
          now = at;
          for (const pump of plant.pumps) {
            const warmer = season * Math.min(1, dayOf(at) / warmDays);
            sending.push(client.publishAsync(topicOf(pump), warmed(payloadOf(pump, at), warmer), { qos: 1 }));
            sent++;
          }
        }
        await Promise.all(sending);
        while (parts.pipeline.ingest.stats().messages < sent) await sleep(2);
        await scorer.settled();
        while (learner.status().phase === 'training') await sleep(20);
        retrainer.tick();
        await retrainer.settled();
        await parts.levels.sweep();
      }
      if (day === days.accepted) accepted = await accept(parts, alerts, plant);
      if (!json)
        console.error(`day ${day + 1} of ${endDay}: ${alerts.size} alerts, ${learner.champion()?.card.id}`);
    }
    const life = createLifeLog(join(stateDir, 'models')).events('pump');
    const result = summary({
      life,
      alerts: [...alerts.values()],
      plant,
      accepted,
      dayOf,
      warmDays,
      baseline,
    });
    console.log(json ? JSON.stringify([result]) : JSON.stringify(result, null, 2));
  } finally {
    await client.endAsync(true);
    await daemon.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

/** The whole process lives at `clock`, since cron's next time is by the date of the process. */
function moveDate(clock) {
  globalThis.Date = class extends Date {
    constructor(...args) {
      super(...(args.length === 0 ? [clock()] : args));
    }

    static now() {
      return clock();
    }
  };
}

function configOf(stateDir, baseline) {
  const document = {
    state_dir: stateDir,
    mqtt: { embedded: { port: 0 } },
    api: { port: 0 },
    classes: {
      pump: {
        topic: 'plant/{site}/{line}/{asset}/telemetry',
        sample_every: '60s',
        channels: Object.fromEntries(pumpChannels.map(({ name, unit }) => [name, { unit }])),
        // The clock runs ahead of the rows by up to an hour here.
        alert: { silent_after: '3h' },
        train: { after: pumps * days.learn * rowsADay },
        score: { baseline: { time: baseline } },
        // A third of the season is behind each of them: the model follows it.
        retrain: {
          schedule: '0 3 * * *',
          time_zone: 'UTC',
          jitter: '0s',
          look_back: '7d',
          rows: 30_000,
          shadow_for: '0s',
          accept_level_after: '2d',
        },
      },
    },
  };
  const { config, problems } = resolveConfig(document, { env: {}, baseDir: '.' });
  if (config === null) throw new Error(JSON.stringify(problems));
  return config;
}

/** The surroundings of the bearing and the inlet of the fluid get warmer alike. */
function warmed(payload, degrees) {
  const { ts, values } = JSON.parse(payload);
  const bearing_temperature = values.bearing_temperature + degrees;
  const fluid_temperature = values.fluid_temperature + degrees;
  return JSON.stringify({ ts, values: { ...values, bearing_temperature, fluid_temperature } });
}

async function accept(parts, alerts, plant) {
  const { asset } = plant.pumps[steppedPump];
  const mine = [...alerts.values()].find(
    ({ assetId, state }) => assetId.endsWith(`/${asset}`) && state === 'firing',
  );
  if (mine === undefined) return 'no alert stood';
  const result = await parts.levels.accept(mine.id, { by: 'bench', comment: null });
  return result.ok ? 'accepted' : (result.sentence ?? result.refusal);
}

function summary({ life, alerts, plant, accepted, dayOf, warmDays, baseline }) {
  const of = (pump) => alerts.filter(({ assetId }) => assetId.endsWith(`/${plant.pumps[pump].asset}`));
  const shown = (alert) => ({
    day: Number(dayOf(alert.startedAt).toFixed(2)),
    until: alert.resolvedAt === null ? null : Number(dayOf(alert.resolvedAt).toFixed(2)),
    peak: alert.peakScore,
  });
  const healthy = Array.from({ length: pumps }, (_, pump) => pump).filter(
    (pump) => pump !== steppedPump && pump !== wornPump,
  );
  return {
    season_degrees: season,
    within_days: warmDays,
    baseline,
    healthy_pumps: healthy.length,
    healthy_alerts: healthy.flatMap(of).map(shown),
    step: {
      at_day: days.step,
      accepted_after_day: days.accepted,
      accepted,
      alerts: of(steppedPump).map(shown),
    },
    wear: { from_day: days.wear, full_at_day: days.wear + days.wearing, alerts: of(wornPump).map(shown) },
    models: life.map(
      ({ at, kind, model, sentence }) =>
        `day ${dayOf(at).toFixed(2)}: ${kind.replaceAll('_', ' ')} ${model ?? ''}: ${sentence}`,
    ),
  };
}
