import Type, { type TSchema } from 'typebox';
import { durationPattern } from './duration.ts';

/** Unknown keys are mistakes everywhere. */
export const closed = { additionalProperties: false };

export function section<P extends Record<string, TSchema>>(description: string, properties: P) {
  return Type.Object(properties, { ...closed, description, default: {} });
}

export function duration(description: string, value: string) {
  return Type.String({ pattern: durationPattern, default: value, description });
}

/** A duration, or null for none, which is the default. */
export function durationOrNone(description: string) {
  return Type.Union([Type.Null(), Type.String({ pattern: durationPattern })], { default: null, description });
}

export function choice<const V extends string>(description: string, values: readonly V[], value: V) {
  return Type.Enum([...values], { default: value, description });
}

export function flag(description: string, value: boolean) {
  return Type.Boolean({ default: value, description });
}

export function integer(description: string, value: number, minimum: number, maximum: number) {
  return Type.Integer({ default: value, minimum, maximum, description });
}

export function number(description: string, value: number, minimum: number, maximum: number) {
  return Type.Number({ default: value, minimum, maximum, description });
}

/** Names of classes, channels and receivers. */
export const names = '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$';

/** Channels are named as the plant names its tags: anything printable, without a space at either end. */
export const channelNames =
  '^[^\\s\\u0000-\\u001f\\u007f](?:[^\\u0000-\\u001f\\u007f]{0,62}[^\\s\\u0000-\\u001f\\u007f])?$';

/** Where a secret is read from; never the secret itself, so that the file can be shown to anybody. */
export const Secret = (description: string) =>
  Type.Object(
    {
      file: Type.Optional(
        Type.String({
          minLength: 1,
          description: 'A file that holds the secret; a final newline is dropped.',
        }),
      ),
      env: Type.Optional(
        Type.String({ minLength: 1, description: 'An environment variable that holds it.' }),
      ),
      credential: Type.Optional(
        Type.String({
          minLength: 1,
          description: 'A systemd credential (LoadCredential=NAME:...) that holds it.',
        }),
      ),
    },
    { ...closed, description: `${description} Give one of \`file\`, \`env\`, \`credential\`.` },
  );
