import type { Metrics } from './evaluation-report.ts';

/** Only what is a number: a metric that is undefined for some data is left out. */
export function definedMetrics(metrics: Metrics): Metrics {
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)));
}

/** Mean of each metric over those that have it. */
export function meanMetrics(all: readonly Metrics[]): Metrics {
  return Object.fromEntries(namesOf(all).map((name) => [name, mean(valuesOf(all, name))]));
}

/** {@link meanMetrics}, and for two or more the sample standard deviation of each as `<name>_sd`. */
export function spreadMetrics(all: readonly Metrics[]): Metrics {
  const spread: Record<string, number> = {};
  for (const name of namesOf(all)) {
    const values = valuesOf(all, name);
    const centre = mean(values);
    spread[name] = centre;
    if (values.length < 2) continue;
    const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
    spread[`${name}_sd`] = Math.sqrt(squares / (values.length - 1));
  }
  return spread;
}

function namesOf(all: readonly Metrics[]): string[] {
  return [...new Set(all.flatMap((metrics) => Object.keys(metrics)))];
}

function valuesOf(all: readonly Metrics[], name: string): number[] {
  return all.flatMap((metrics) => (name in metrics ? [metrics[name]] : []));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
