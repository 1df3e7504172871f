import { evidenceNames } from './evidence.mjs';
import { meansOf, rankingsOf, round } from './ranking.mjs';
import { refusalsOf } from './refusal.mjs';

/** A mean correlation of this much with each truth would make a choice by that evidence useful. */
const useful = 0.5;

/** `files`: for each its data set and detectors, these with evidence, findings and truth. */
export function summarise(files) {
  const dataSets = [...new Set(files.map(({ dataSet }) => dataSet))];
  const each = (of) =>
    dataSets.flatMap((dataSet) =>
      of(
        files.filter((file) => file.dataSet === dataSet).map(({ detectors }) => detectors),
        dataSet,
      ),
    );
  const ranking = each((all, dataSet) =>
    rankingsOf(
      all.map((detectors) => detectors.filter(({ broken }) => !broken)),
      dataSet,
    ),
  );
  const detectors = each((all, dataSet) =>
    meansOf(all).map(({ source, smoothing, broken, truth }) => ({
      data_set: dataSet,
      source,
      smoothing,
      broken,
      ap: round(truth.ap),
      vus_pr: round(truth.vus_pr),
    })),
  );
  return {
    files: files.map(shortened),
    detectors,
    ranking,
    refusal: each(refusalsOf),
    sentence: sentenceOf(dataSets, ranking),
  };
}

/** What the correlations are made of, for whoever wants others. */
function shortened({ dataSet, name, detectors }) {
  const rounded = (part) =>
    Object.fromEntries(Object.entries(part).map(([key, value]) => [key, Number(value.toPrecision(4))]));
  return {
    data_set: dataSet,
    name,
    detectors: detectors.map(({ source, smoothing, evidence, truth }) => ({
      source,
      smoothing,
      evidence: rounded(evidence),
      truth: rounded(truth),
    })),
  };
}

function sentenceOf(dataSets, ranking) {
  if (ranking.length === 0) return 'No data, nothing said.';
  const reaching = (part, field) =>
    evidenceNames.filter((name) =>
      part.filter(({ evidence }) => evidence === name).every((entry) => entry[field] >= useful),
    );
  const listed = (names) => (names.length === 0 ? 'none' : names.join(', '));
  const everywhere = reaching(ranking, 'per_file_mean');
  const parts = dataSets.map((dataSet) => {
    const part = ranking.filter(({ data_set }) => data_set === dataSet);
    const all = reaching(part, 'per_file_mean');
    return `${dataSet}: ${listed(all)}, without the worst source ${listed(reaching(part, 'without_worst_source'))}, between sources alone ${listed(reaching(part, 'between_sources'))}`;
  });
  return `${everywhere.length === 0 ? 'No evidence ranks the detectors in every data set' : `In every data set ${everywhere.join(' and ')} ranks the detectors`}. With AP and with VUS-PR a mean correlation per file of ${useful} is reached by: ${parts.join('; ')}.`;
}

const columns = {
  per_file_mean: 'mean',
  per_file_sd: 'sd',
  over_means: 'means',
  without_worst_source: 'worst-',
  between_sources: 'source',
  between_smoothings: 'smooth',
  picked: 'pick',
  average: 'avg',
  best_in_hindsight: 'best',
};

export function describe({ ranking, refusal, detectors, sentence }) {
  const cell = (value) => (value === null ? '-' : value.toFixed(2)).padStart(7);
  const row = (dataSet, name, values) =>
    `${dataSet.padEnd(5)} ${name.padEnd(33)}${values.map(cell).join('')}`;
  return [
    'AP and VUS-PR of each detector, mean of all files:',
    ...detectors.map((entry) =>
      row(entry.data_set, `${entry.source} ${entry.smoothing}`, [entry.ap, entry.vus_pr]),
    ),
    '',
    "Spearman's correlation of evidence with truth: per file (mean, sd), over the means of all files; per file without the worst source, between sources of one smoothing, between smoothings of one source. Then the truth of the pick, of all, of the best in hindsight.",
    ' '.repeat(39) +
      Object.values(columns)
        .map((title) => title.padStart(7))
        .join(''),
    ...ranking.map((entry) =>
      row(
        entry.data_set,
        `${entry.evidence} ${entry.truth}`,
        Object.keys(columns).map((key) => entry[key]),
      ),
    ),
    '',
    'Broken detectors: separation of injected faults; share of cases near random, and refused beside the model in use; in which share they lie below every sound detector.',
    ...refusal.map(
      (entry) =>
        `${row(entry.data_set, entry.detector, [entry.separation, entry.near_random, entry.refused])}  ${Object.entries(
          entry.below_all_sound,
        )
          .map(([name, share]) => `${name} ${share}`)
          .join(', ')}`,
    ),
    '',
    sentence,
  ].join('\n');
}
