import type { AssetDetail, AssetView } from '../../fleet/view.ts';
import { confidenceOf } from '../../types.ts';
import { notFound } from '../api-error.ts';
import type { ApiApp } from '../app.ts';
import { type AssetBody, AssetDetailBody, AssetsBody, AssetsQuery } from '../asset-schemas.ts';
import { labelsOf } from '../filters.ts';
import { ErrorBody, errors } from '../schemas.ts';
import type { ApiSources } from '../sources.ts';
import { finiteOrNull, iso, isoOrNull } from '../timed.ts';

/** `/api/v1/assets` and `/api/v1/assets/{id}`; the slashes of an id may be encoded or not. */
export function assetsRoutes(app: ApiApp, { fleet }: ApiSources): void {
  app.get(
    '/api/v1/assets',
    {
      schema: {
        tags: ['assets'],
        summary: 'Assets',
        querystring: AssetsQuery,
        response: { 200: AssetsBody, 400: ErrorBody, ...errors },
      },
    },
    ({ query }) => {
      const { assets, next } = fleet.assets({
        ...(query.class === undefined ? {} : { className: query.class }),
        ...(query.state === undefined ? {} : { state: query.state }),
        ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
        ...labelsOf(query.label),
        limit: query.limit,
      });
      return { assets: assets.map(presentAsset), next };
    },
  );
  app.get(
    '/api/v1/assets/*',
    {
      schema: {
        tags: ['assets'],
        summary: 'One asset with its last rows, scores and attribution',
        response: { 200: AssetDetailBody, 400: ErrorBody, 404: ErrorBody, ...errors },
      },
    },
    ({ params }) => {
      // No schema for it: TypeBox takes a property's name for a regular expression, and this is none.
      const { '*': id } = params as { '*': string };
      const detail = fleet.asset(id);
      if (detail !== null) return presentDetail(detail);
      throw notFound('NO_SUCH_ASSET', `No asset ${id} has sent anything.`, 'GET /api/v1/assets lists them.');
    },
  );
}

function presentAsset(view: AssetView): AssetBody {
  const { asset } = view;
  return {
    id: asset.id,
    class: asset.className,
    labels: { ...asset.labels },
    state: view.state,
    reason: view.reason,
    alert: view.alert,
    lastRowAt: isoOrNull(view.lastRowAt),
    lastSeenAt: iso(view.lastSeenAt),
    score: view.score,
    scoredAt: isoOrNull(view.scoredAt),
    model: view.model,
    confidence: confidenceOf(view.model),
    rows: view.rows,
    windows: view.windows,
    anomalousWindows: view.anomalousWindows,
  };
}

function presentDetail(detail: AssetDetail): AssetDetailBody {
  return {
    ...presentAsset(detail),
    channels: detail.channels.map(({ name, unit }) => ({ name, unit })),
    attribution: presentAttribution(detail),
    lastRows: detail.lastRows.map(({ at, values, measured }) => ({
      at: iso(at),
      values: Array.from(values, finiteOrNull),
      measured: Array.from(measured, (flag) => flag === 1),
    })),
    lastScores: detail.lastScores.map(({ at, value, outcome }) => {
      const scored = outcome === 'normal' || outcome === 'anomalous';
      return {
        at: iso(at),
        score: value,
        verdict: scored ? outcome : 'unknown',
        reason: scored ? null : outcome,
      };
    }),
  };
}

function presentAttribution({ evidence, channels }: AssetDetail): AssetDetailBody['attribution'] {
  if (evidence === null) return null;
  return channels
    .map(({ name, unit }, i) => ({
      channel: name,
      unit,
      share: evidence.attribution[i],
      expected: finiteOrNull(evidence.expected[i]),
      actual: finiteOrNull(evidence.actual[i]),
    }))
    .sort((a, b) => b.share - a.share);
}
