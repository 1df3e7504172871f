import { rankCorrelation } from '../../dist/models/rank-correlation.js';
import { evidenceNames, mean } from './evidence.mjs';

const truths = ['ap', 'vus_pr'];
/** The smoothing at which sources are compared with each other. */
const middleSmoothing = 0.5;

/**
 * For each evidence and truth, on the files of one data set: Spearman's correlation of all detectors per file and over
 * the means of all files; the same of parts of them, since one bad source is easily told and smoothing is one knob; and
 * the truth of the detector that the evidence picks. `files` has, for each file, its sound detectors.
 */
export function rankingsOf(files, dataSet) {
  const sources = [...new Set(files[0].map(({ source }) => source))];
  return evidenceNames.flatMap((name) =>
    truths.map((truth) => {
      const correlationOf = (detectors) =>
        rankCorrelation(
          detectors.map(({ evidence }) => evidence[name]),
          detectors.map((detector) => detector.truth[truth]),
        );
      const part = (keeps) => files.map((detectors) => correlationOf(detectors.filter(keeps)));
      const perFile = files.map(correlationOf);
      const worst = worstSource(files, sources, truth);
      const truthsOf = (detectors) => detectors.map((detector) => detector.truth[truth]);
      const picked = files.map((detectors) =>
        detectors.reduce((best, next) => (next.evidence[name] > best.evidence[name] ? next : best)),
      );
      return {
        data_set: dataSet,
        evidence: name,
        truth,
        files: files.length,
        per_file_mean: round(mean(perFile)),
        per_file_sd: files.length < 2 ? null : round(deviation(perFile)),
        over_means: round(correlationOf(meansOf(files))),
        worst_source: worst,
        without_worst_source: round(mean(part(({ source }) => source !== worst))),
        between_sources: round(mean(part(({ smoothing }) => smoothing === middleSmoothing))),
        between_smoothings: round(mean(sources.flatMap((of) => part(({ source }) => source === of)))),
        picked: round(mean(truthsOf(picked))),
        average: round(mean(files.flatMap(truthsOf))),
        best_in_hindsight: round(mean(files.map((detectors) => Math.max(...truthsOf(detectors))))),
      };
    }),
  );
}

/** Evidence and truth of each detector, the mean of all files. */
export function meansOf(files) {
  return files[0].map((detector, i) => {
    const meanOf = (part) =>
      Object.fromEntries(
        Object.keys(detector[part]).map((key) => [key, mean(files.map((file) => file[i][part][key]))]),
      );
    return { ...detector, evidence: meanOf('evidence'), truth: meanOf('truth') };
  });
}

function worstSource(files, sources, truth) {
  const truthOf = (name) =>
    mean(
      files.flatMap((detectors) =>
        detectors.filter(({ source }) => source === name).map((detector) => detector.truth[truth]),
      ),
    );
  return sources.reduce((worst, next) => (truthOf(next) < truthOf(worst) ? next : worst));
}

/** Of a sample. */
function deviation(values) {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

export function round(value) {
  return Number(value.toFixed(2));
}
