import { describe, expect, it } from 'vitest';
import type { EvaluationReport, MetricRows } from '../../../src/evaluation/evaluation-report.ts';
import { verdictSentence } from '../../../src/evaluation/html/verdict-sentence.ts';
import { syntheticTrace } from './synthetic-report.ts';

const report = (rows: MetricRows, traces: EvaluationReport['traces'] = []): EvaluationReport => ({
  protocol: 'p',
  settings: {},
  rows,
  files: [],
  traces,
});

describe('verdictSentence', () => {
  it('says what is beaten and what is not, and that flagging every row would do', () => {
    const rows = {
      forewarn: { vus_pr: 0.9, f1: 0.6, far: 12.34 },
      pca: { vus_pr: 0.8, f1: 0.7 },
      zscore: { vus_pr: 0.7, f1: 0.5 },
      random: { vus_pr: 0.5, f1: 0.4 },
      flag_all: { f1: 0.65 },
    };
    expect(verdictSentence(report(rows))).toBe(
      'Forewarn beats PCA (0.800), z score (0.700) and random scores (0.500) on VUS-PR with 0.900, and beats z score ' +
        '(0.500) and random scores (0.400) but does not beat PCA (0.700) on F1 with 0.600, where flagging every row ' +
        'would give 0.650; it flags 12.3 % of the normal rows.',
    );
  });

  it('does not call a win what reads as equal', () => {
    const rows = { forewarn: { f1: 0.80004 }, pca: { f1: 0.8 } };
    expect(verdictSentence(report(rows))).toContain('does not beat PCA (0.800) on F1 with 0.800');
  });

  it('counts the alerts that stood over no labelled row', () => {
    const trace = syntheticTrace({
      name: 't',
      rows: 300,
      channels: ['a'],
      firstTestRow: 0,
      events: [[150, 200]],
    });
    const alerts = [
      { raisedRow: 110, clearedRow: 150, channels: [] },
      { raisedRow: 149, clearedRow: 151, channels: [] },
      { raisedRow: 200, clearedRow: null, channels: [] },
    ];
    const rows = { forewarn: { normal_far: 1.5, far: 3 } };
    const text = verdictSentence(report(rows, [{ ...trace, alerts }]));
    expect(text).toContain(
      '1.5 % of the rows of data without any fault, 3.0 % of the normal rows and 2 of its 3 alerts',
    );
    expect(verdictSentence(report(rows, [{ ...trace, alerts: [] }]))).toContain('it raised no alert');
  });
});
