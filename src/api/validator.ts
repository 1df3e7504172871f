import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';

/**
 * Checks what a client sent against its schema, after defaults were filled in and texts of a URL were turned into
 * the numbers and lists that the schema wants. Fastify makes an answer 400 of the errors.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema }) => {
  const check = Compile(schema);
  return (sent: unknown) => {
    const value = Value.Convert(schema, Value.Default(schema, Value.Clone(sent)));
    return check.Check(value) ? { value } : { error: check.Errors(value) as unknown as Error };
  };
};
