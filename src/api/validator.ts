import type { FastifySchemaCompiler } from 'fastify';
import Type, { type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';

/**
 * Checks the parameters of a request against their schema, after defaults were filled in and the texts of the URL
 * were turned into what the schema wants. Fastify makes an answer 400 of the errors. TypeBox's own conversion is
 * not used because it is too kind: to it 1.5 and `true` are the integer 1.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema }) => {
  const check = Compile(schema);
  const properties: Readonly<Record<string, TSchema>> = Type.IsObject(schema) ? schema.properties : {};
  return (sent: unknown) => {
    // A body may be anything, or nothing.
    if (typeof sent !== 'object' || sent === null || Array.isArray(sent))
      return { error: refused(check, sent) };
    const texts = Object.entries(sent).map(([name, text]) => [name, convert(properties[name], text)]);
    const value = Value.Default(schema, Object.fromEntries(texts));
    return check.Check(value) ? { value } : { error: refused(check, value) };
  };
};

function refused(check: ReturnType<typeof Compile>, value: unknown): Error {
  return check.Errors(value) as unknown as Error;
}

function convert(schema: TSchema | undefined, sent: unknown): unknown {
  if (schema === undefined || typeof sent !== 'string') return sent;
  if (Type.IsArray(schema)) return [sent];
  return Type.IsInteger(schema) && /^-?\d{1,15}$/.test(sent) ? Number(sent) : sent;
}
