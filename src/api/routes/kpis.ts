import { badParameter } from '../api-error.ts';
import type { ApiApp } from '../app.ts';
import { timeOf } from '../filters.ts';
import { KpiQuery, KpisBody } from '../kpi-schemas.ts';
import { ErrorBody, errors } from '../schemas.ts';
import type { KpiSource } from '../sources.ts';
import { iso, toWire } from '../timed.ts';

const WEEK_MS = 7 * 86_400_000;

/** `/api/v1/kpis`: how many alarms people get, and what becomes of them. */
export function kpiRoutes(app: ApiApp, source: KpiSource): void {
  const response = { 200: KpisBody, 400: ErrorBody, 503: ErrorBody, ...errors };
  const schema = { tags: ['kpis'], summary: 'Alarm figures', querystring: KpiQuery, response };
  app.get('/api/v1/kpis', { schema }, ({ query }): KpisBody => {
    const until = query.until === undefined ? source.now() : timeOf('until', query.until);
    const since = query.since === undefined ? until - WEEK_MS : timeOf('since', query.since);
    if (since >= until) throw badParameter('since', 'is not before until', 'Give an earlier time.');
    const report = source.report(since, until, query.label);
    if (report === null)
      throw badParameter('since', 'there are too many alerts in this time', 'Give a later one.');
    return { since: iso(since), until: iso(until), ...toWire<Omit<KpisBody, 'since' | 'until'>>(report) };
  });
}
