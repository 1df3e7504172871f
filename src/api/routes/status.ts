import type { ApiApp } from '../app.ts';
import { errors } from '../schemas.ts';
import type { ApiSources } from '../sources.ts';
import { StatusBody } from '../status-schema.ts';
import { toWire } from '../timed.ts';

/** `/api/v1/status`: how Forewarn itself is. */
export function statusRoutes(app: ApiApp, sources: ApiSources): void {
  const schema = {
    tags: ['status'],
    summary: 'How Forewarn itself is',
    response: { 200: StatusBody, ...errors },
  };
  app.get('/api/v1/status', { schema }, () => toWire<StatusBody>(sources.status()));
}
