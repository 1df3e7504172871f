import Type from 'typebox';
import type { ApiApp } from '../app.ts';
import { ErrorBody, errors } from '../schemas.ts';
import type { ApiSources } from '../sources.ts';
import { toWire } from '../timed.ts';
import { WhyNotBody } from '../why-not-schemas.ts';

const params = Type.Object({
  id: Type.String({ minLength: 1, description: 'Id of the asset; its slashes may be encoded or not.' }),
});
const path = /^(\/api\/v1\/assets\/)([^?]+)(\/why-not(?:\?.*)?)$/;

/** The URL with the slashes of the asset's id encoded, since the router takes a parameter of one segment only. */
export function encodedWhyNotUrl(url: string): string {
  return url.replace(path, (_, before, id: string, after) => `${before}${id.replaceAll('/', '%2F')}${after}`);
}

/** `/api/v1/assets/{id}/why-not`; the slashes of an id may be encoded or not, see {@link encodedWhyNotUrl}. */
export function whyNotRoutes(app: ApiApp, { whyNot }: Pick<ApiSources, 'whyNot'>): void {
  app.get(
    '/api/v1/assets/:id/why-not',
    {
      schema: {
        tags: ['assets'],
        summary: 'Why an asset is not alerting',
        params,
        response: { 200: WhyNotBody, 400: ErrorBody, ...errors },
      },
    },
    ({ params }) => toWire<WhyNotBody>(whyNot(params.id)),
  );
}
