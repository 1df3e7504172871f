import Type from 'typebox';
import type { ApiApp } from '../app.ts';
import { errors, RootBody } from '../schemas.ts';

const links = {
  status: '/api/v1/status',
  assets: '/api/v1/assets',
  alerts: '/api/v1/alerts',
  holds: '/api/v1/holds',
  silences: '/api/v1/silences',
  kpis: '/api/v1/kpis',
  models: '/api/v1/models',
  metrics: '/metrics',
  health: '/healthz',
  readiness: '/readyz',
  documentation: '/docs/json',
};

/** `/`, an index of links, and `/docs/json`, the OpenAPI document. */
export function rootRoutes(app: ApiApp, version: string): void {
  app.get(
    '/',
    { schema: { tags: ['index'], summary: 'Index', response: { 200: RootBody, ...errors } } },
    () => ({ name: 'forewarn', version, links }),
  );
  const document = Type.Record(Type.String(), Type.Unknown(), { description: 'OpenAPI 3.1.' });
  app.get(
    '/docs/json',
    { schema: { tags: ['index'], summary: 'This document', response: { 200: document, ...errors } } },
    () => app.swagger() as unknown as Record<string, unknown>,
  );
}
