import Type from 'typebox';
import { alertBody } from '../alert-body.ts';
import { AlertDetailBody, AlertsBody, AlertsQuery } from '../alert-schemas.ts';
import { notFound } from '../api-error.ts';
import type { ApiApp } from '../app.ts';
import { labelsOf, timeOf } from '../filters.ts';
import { ErrorBody, errors } from '../schemas.ts';
import type { AlertListQuery, ApiSources } from '../sources.ts';
import { iso } from '../timed.ts';

/** `/api/v1/alerts`, newest first, and `/api/v1/alerts/{id}`. */
export function alertsRoutes(app: ApiApp, { alerts }: ApiSources): void {
  app.get(
    '/api/v1/alerts',
    {
      schema: {
        tags: ['alerts'],
        summary: 'Alerts',
        querystring: AlertsQuery,
        response: { 200: AlertsBody, 400: ErrorBody, 503: ErrorBody, ...errors },
      },
    },
    ({ query }) => {
      const page = alerts.list(listQuery(query));
      return { alerts: page.alerts.map(alertBody), next: page.nextCursor };
    },
  );
  app.get(
    '/api/v1/alerts/:id',
    {
      schema: {
        tags: ['alerts'],
        summary: 'One alert with its history',
        params: Type.Object({ id: Type.String({ minLength: 1, description: 'Id of the alert.' }) }),
        response: { 200: AlertDetailBody, 404: ErrorBody, 503: ErrorBody, ...errors },
      },
    },
    ({ params }) => {
      const alert = alerts.get(params.id);
      if (alert === null) {
        const hint = 'GET /api/v1/alerts lists them; resolved alerts are deleted after retention.alerts.';
        throw notFound('NO_SUCH_ALERT', `There is no alert ${params.id}.`, hint);
      }
      const history = alerts.transitions(alert.id).map(({ at, recordedAt, ...line }) => ({
        at: iso(at),
        recordedAt: iso(recordedAt),
        ...line,
      }));
      return { ...alertBody(alert), history };
    },
  );
}

function listQuery(query: AlertsQuery): AlertListQuery {
  return {
    ...(query.asset === undefined ? {} : { assetId: query.asset }),
    ...(query.class === undefined ? {} : { className: query.class }),
    ...(query.rule === undefined ? {} : { rule: query.rule }),
    ...(query.state === undefined ? {} : { state: query.state }),
    ...(query.operatorState === undefined ? {} : { operatorState: query.operatorState }),
    ...(query.since === undefined ? {} : { since: timeOf('since', query.since) }),
    ...(query.until === undefined ? {} : { until: timeOf('until', query.until) }),
    ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
    ...labelsOf(query.label),
    limit: query.limit,
  };
}
