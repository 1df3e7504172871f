import { rankCorrelation } from '../../dist/models/rank-correlation.js';
import { decidePromotion } from '../../dist/models/retraining/promotion.js';
import { evidenceNames, mean } from './evidence.mjs';

const truths = ['ap', 'vus_pr'];
/** A mean correlation of this much, with every truth and in every data set, would make a choice by that evidence useful. */
const useful = 0.5;
/** The model in use that broken detectors would have to replace. */
const champion = 'vector_autoregression 0.5';

/** `files`: for each its data set, and evidence, findings and truth of each detector. */
export function summarise(files) {
  const dataSets = [...new Set(files.map(({ dataSet }) => dataSet))];
  const ranking = dataSets.flatMap((dataSet) => {
    const of = files.filter((file) => file.dataSet === dataSet).map(({ detectors }) => soundOf(detectors));
    return evidenceNames.flatMap((name) => truths.map((truth) => rankingOf(of, dataSet, name, truth)));
  });
  const refusal = dataSets.flatMap((dataSet) =>
    refusalOf(files.filter((file) => file.dataSet === dataSet).map(({ detectors }) => detectors)).map(
      (entry) => ({ data_set: dataSet, ...entry }),
    ),
  );
  const detectors = dataSets.flatMap((dataSet) =>
    meansOf(files.filter((file) => file.dataSet === dataSet).map((file) => file.detectors)).map(
      ({ detector, broken, truth }) => ({
        data_set: dataSet,
        detector,
        broken,
        ap: round(truth.ap),
        vus_pr: round(truth.vus_pr),
      }),
    ),
  );
  return { ranking, refusal, detectors, sentence: sentenceOf(ranking) };
}

function soundOf(detectors) {
  return detectors.filter(({ broken }) => !broken);
}

/** Spearman's correlation of one evidence with one truth, and what picking by that evidence gives. */
function rankingOf(files, dataSet, name, truth) {
  const correlationOf = (detectors) =>
    rankCorrelation(
      detectors.map(({ evidence }) => evidence[name]),
      detectors.map((detector) => detector.truth[truth]),
    );
  const perFile = files.map(correlationOf);
  const centre = mean(perFile);
  const variance = perFile.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (perFile.length - 1);
  const picked = files.map((detectors) =>
    detectors.reduce((best, next) => (next.evidence[name] > best.evidence[name] ? next : best)),
  );
  return {
    data_set: dataSet,
    evidence: name,
    truth,
    files: files.length,
    per_file_mean: round(centre),
    per_file_sd: perFile.length < 2 ? null : round(Math.sqrt(variance)),
    over_means: round(correlationOf(meansOf(files))),
    picked: round(mean(picked.map((detector) => detector.truth[truth]))),
    average: round(mean(files.flatMap((detectors) => detectors.map((detector) => detector.truth[truth])))),
    best_in_hindsight: round(
      mean(files.map((detectors) => Math.max(...detectors.map((detector) => detector.truth[truth])))),
    ),
  };
}

/** Evidence and truth of each detector, the mean of all files. */
function meansOf(files) {
  return files[0].map(({ detector, broken }, i) => {
    const meanOf = (part) =>
      Object.fromEntries(
        Object.keys(files[0][i][part]).map((key) => [key, mean(files.map((file) => file[i][part][key]))]),
      );
    return { detector, broken, evidence: meanOf('evidence'), truth: meanOf('truth') };
  });
}

/**
 * For each broken detector, and for the sound ones together: in what share of cases the comparison of models refuses it
 * for the faults that it does not find; and, for each evidence, in what share of files it lies below every sound one.
 */
function refusalOf(files) {
  const brokenNames = files[0].flatMap(({ broken, detector }) => (broken ? [detector] : []));
  const entryOf = (name, pick) => {
    const cases = files.flatMap((detectors) =>
      pick(detectors).map((detector) => ({ detector, sound: soundOf(detectors) })),
    );
    const share = (is) => round(mean(cases.map((one) => (is(one) ? 1 : 0))));
    const reasonIs = (reasons) => share(({ detector, sound }) => reasons.includes(reasonOf(detector, sound)));
    return {
      detector: name,
      separation: round(mean(cases.map(({ detector }) => detector.findings.separation))),
      near_random: reasonIs(['near_random']),
      refused: reasonIs(['near_random', 'finds_fewer_faults']),
      below_all_sound: Object.fromEntries(
        evidenceNames.map((evidence) => [
          evidence,
          share(({ detector, sound }) =>
            sound.every(
              (other) => other === detector || detector.evidence[evidence] < other.evidence[evidence],
            ),
          ),
        ]),
      ),
    };
  };
  return [
    ...brokenNames.map((name) => entryOf(name, (all) => all.filter(({ detector }) => detector === name))),
    entryOf('sound', (all) => soundOf(all).filter(({ detector }) => detector !== champion)),
  ];
}

/** Why the comparison of models would refuse it, all else being equal. */
function reasonOf({ findings }, sound) {
  const inUse = sound.find(({ detector }) => detector === champion).findings;
  const judgement = (faults) => ({
    windows: 10_000,
    episodes: 0,
    episodesPerWeek: 0,
    heldOutError: null,
    faults,
  });
  return decidePromotion(judgement(inUse), judgement(findings), { shadow: false, labelled: null }).reason;
}

function sentenceOf(ranking) {
  if (ranking.length === 0) return 'No data, nothing said.';
  const names = evidenceNames.filter((name) =>
    ranking.filter(({ evidence }) => evidence === name).every((entry) => entry.per_file_mean >= useful),
  );
  const highest = ranking.reduce((best, next) => (next.per_file_mean > best.per_file_mean ? next : best));
  const shown = `the highest mean correlation per file is ${highest.per_file_mean} (${highest.evidence} with ${highest.truth} on ${highest.data_set})`;
  return names.length > 0
    ? `${names.join(' and ')} ranks the detectors: at least ${useful} per file in the mean, with each truth and in each data set; ${shown}.`
    : `Nothing ranks the detectors: no evidence reaches ${useful} per file in the mean with each truth and in each data set; ${shown}.`;
}

export function describe({ ranking, refusal, detectors, sentence }) {
  const part = (value) => (value === null ? '-' : value.toFixed(2)).padStart(6);
  return [
    "Spearman's correlation of evidence with truth: per file mean and sd, over the means of all files; truth of the pick, average, best in hindsight",
    ...ranking.map(
      (entry) =>
        `${entry.data_set.padEnd(5)} ${entry.evidence.padEnd(25)} ${entry.truth.padEnd(7)}${[entry.per_file_mean, entry.per_file_sd, entry.over_means, entry.picked, entry.average, entry.best_in_hindsight].map(part).join('')}`,
    ),
    'Broken detectors: separation of injected faults, share near random, share refused beside the model in use; below every sound detector by',
    ...refusal.map(
      (entry) =>
        `${entry.data_set.padEnd(5)} ${entry.detector.padEnd(20)}${[entry.separation, entry.near_random, entry.refused].map(part).join('')}  ${Object.entries(
          entry.below_all_sound,
        )
          .map(([name, value]) => `${name} ${value}`)
          .join(', ')}`,
    ),
    'Truth, mean of all files: AP, VUS-PR',
    ...detectors.map(
      (entry) =>
        `${entry.data_set.padEnd(5)} ${entry.detector.padEnd(27)}${part(entry.ap)}${part(entry.vus_pr)}`,
    ),
    sentence,
  ].join('\n');
}

function round(value) {
  return Number(value.toFixed(2));
}
