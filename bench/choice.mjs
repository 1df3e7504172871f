import { parseArgs } from 'node:util';
import { averagePrecision } from '../dist/evaluation/point-metrics.js';
import { volumeUnderSurface } from '../dist/evaluation/volume-under-surface.js';
import { createOnnxEngine } from '../dist/models/engine/onnx/onnx-engine.js';
import { fitDetector } from './choice/detector.mjs';
import { faultTrialsOf, heldOutEvidence, injectedEvidence, rangesOf } from './choice/evidence.mjs';
import { labelledRecordings } from './choice/recordings.mjs';
import { brokenSources, fitSources, windowLength } from './choice/sources.mjs';
import { describe, summarise } from './choice/summary.mjs';

export const usage = `Usage: npm run bench -- choice [options]

Whether training rows alone tell which of 15 detectors finds most: evidence from held-out rows, among it faults injected
into them, against average precision and VUS-PR on the labelled test rows, from what ../shared/data has. And whether the
same evidence refuses detectors that are broken.

  --json       print one line of JSON last
  --quick      two files of a data set, and networks trained for 10 and 40 steps
  --sets S,T   those data sets only (skab, smd; default both)
  --help`;

const smoothings = [1, 0.5, 0.2];
const brokenSmoothing = 0.5;
/** Steps of the LSTM autoencoders. */
const steps = { full: { few: 30, full: 300 }, quick: { few: 10, full: 40 } };

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      sets: { type: 'string' },
    },
  });
  const engine = createOnnxEngine();
  const files = [];
  for (const recording of labelledRecordings(values.sets?.split(','), values.quick ? 2 : undefined)) {
    files.push(await examine(recording, engine, values.quick ? steps.quick : steps.full));
    console.error(`done: ${recording.dataSet} ${recording.name}`);
  }
  const report = summarise(files);
  console.log(describe(report));
  if (values.json) console.log(JSON.stringify(report));
}

/** Evidence and truth of each detector on one file. */
async function examine(recording, engine, networkSteps) {
  const ranges = rangesOf(recording);
  const lively = ranges.flatMap(({ spread }, channel) => (spread > 0 ? [channel] : []));
  const sources = await fitSources(recording, engine, networkSteps);
  const broken = brokenSources(
    sources.find(({ name }) => name === 'robust_z'),
    lively,
  );
  const sized = faultTrialsOf(recording, ranges);
  const detectors = [];
  for (const source of sources) detectors.push(...(await judge(recording, source, sized, smoothings, false)));
  for (const source of broken)
    detectors.push(...(await judge(recording, source, sized, [brokenSmoothing], true)));
  return { dataSet: recording.dataSet, name: recording.name, detectors };
}

/** The detectors of one source, which differ in how residuals are smoothed. */
async function judge(recording, source, sized, of, broken) {
  const { rows, labels, fitRows, trainRows, vusWindow } = recording;
  const { channels } = source;
  const [all] = await source.residuals([rows]);
  const residuals = [];
  for (const { trials, faulty } of sized) {
    residuals.push({
      clean: await source.residuals(trials.clean),
      faulty: await source.residuals(faulty),
    });
  }
  // The first residual is of row `windowLength - 1`.
  const [fitEnd, trainEnd] = [fitRows, trainRows].map((row) => row - windowLength + 1);
  const truth = labels.subarray(trainRows);
  return of.map((smoothing) => {
    const detector = fitDetector(all.subarray(0, fitEnd * channels), channels, smoothing);
    const distances = detector.distancesOf(all);
    const scores = distances.subarray(trainEnd);
    const { precision, findings } = injectedEvidence(detector, sized, residuals);
    const heldOut = all.subarray(fitEnd * channels, trainEnd * channels);
    return {
      source: source.name,
      smoothing,
      broken,
      evidence: {
        ...heldOutEvidence(detector, heldOut, distances.subarray(fitEnd, trainEnd)),
        injected_ap: precision,
      },
      findings,
      truth: {
        ap: averagePrecision(truth, scores),
        vus_pr: volumeUnderSurface(truth, scores, vusWindow).pr,
      },
    };
  });
}
