import Type from 'typebox';
import { badParameter, busy, notFound } from '../api-error.ts';
import type { ApiApp } from '../app.ts';
import type { PreviewCommands } from '../preview-commands.ts';
import { PreviewBody, PreviewInput } from '../preview-schemas.ts';
import { ErrorBody, errors } from '../schemas.ts';

/** `/api/v1/classes/{name}/preview`: what `forewarn preview` says, before a setting is saved. */
export function previewRoutes(app: ApiApp, commands: PreviewCommands): void {
  app.post(
    '/api/v1/classes/:name/preview',
    {
      schema: {
        tags: ['alerts'],
        summary: 'Say which alerts other settings of a class would have raised, from the rows that are kept',
        description: 'Takes seconds to minutes, by the rows. Changes nothing.',
        params: Type.Object({ name: Type.String({ minLength: 1, description: 'The class.' }) }),
        body: PreviewInput,
        response: { 200: PreviewBody, 400: ErrorBody, 404: ErrorBody, 503: ErrorBody, ...errors },
      },
    },
    async ({ params: { name }, body: { set, days = 7 } }) => {
      if (!commands.classes().includes(name))
        throw notFound(
          'NO_SUCH_CLASS',
          `No class is named ${name}.`,
          `One of ${commands.classes().join(', ')}.`,
        );
      const result = await commands.preview(name, set, days);
      switch (result.kind) {
        case 'done':
          return result.preview;
        case 'refused':
          throw badParameter('set', result.message, result.hint ?? 'See docs/tuning.md.');
        case 'busy':
          throw busy('PREVIEW_RUNNING', 'Another preview runs.', 'Try again when it has ended.');
        case 'no_file':
          throw busy(
            'NO_CONFIG_FILE',
            'This Forewarn runs without a configuration file.',
            'Start it with forewarn run --config FILE.',
          );
      }
    },
  );
}
