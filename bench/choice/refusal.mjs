import { decidePromotion } from '../../dist/models/retraining/promotion.js';
import { evidenceNames, mean } from './evidence.mjs';
import { round } from './ranking.mjs';

/** The detector in use, which the others would have to replace. */
const champion = { source: 'vector_autoregression', smoothing: 0.5 };

/**
 * For each broken detector, and for the sound ones together: in what share of cases the comparison of models refuses it
 * for the faults that it does not find; and, for each evidence, in what share it lies below every sound one. `files` has
 * the detectors of each file of one data set.
 */
export function refusalsOf(files, dataSet) {
  const brokenNames = files[0].flatMap(({ broken, source }) => (broken ? [source] : []));
  return [
    ...brokenNames.map((name) => refusalOf(files, name, ({ source }) => source === name)),
    refusalOf(files, 'sound', (detector) => !detector.broken && !isChampion(detector)),
  ].map((entry) => ({ data_set: dataSet, ...entry }));
}

function refusalOf(files, name, keeps) {
  const cases = files.flatMap((detectors) =>
    detectors
      .filter(keeps)
      .map((detector) => ({ detector, sound: detectors.filter(({ broken }) => !broken) })),
  );
  const share = (is) => round(mean(cases.map((one) => (is(one) ? 1 : 0))));
  const reasonIs = (...reasons) =>
    share(({ detector, sound }) => reasons.includes(reasonOf(detector, sound)));
  const isBelow = (evidence, { detector, sound }) =>
    sound.every((other) => other === detector || detector.evidence[evidence] < other.evidence[evidence]);
  return {
    detector: name,
    cases: cases.length,
    separation: round(mean(cases.map(({ detector }) => detector.findings.separation))),
    near_random: reasonIs('near_random'),
    refused: reasonIs('near_random', 'finds_fewer_faults'),
    below_all_sound: Object.fromEntries(
      evidenceNames.map((evidence) => [evidence, share((one) => isBelow(evidence, one))]),
    ),
  };
}

function isChampion({ source, smoothing }) {
  return source === champion.source && smoothing === champion.smoothing;
}

/** Why the comparison of models would refuse it, all but the injected faults being equal. */
function reasonOf({ findings }, sound) {
  const judgement = (faults) => ({
    windows: 10_000,
    episodes: 0,
    episodesPerWeek: 0,
    heldOutError: null,
    faults,
  });
  const inUse = judgement(sound.find(isChampion).findings);
  return decidePromotion(inUse, judgement(findings), { shadow: false, labelled: null }).reason;
}
