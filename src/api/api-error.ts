import type { FastifyError } from 'fastify';
import { ForewarnError } from '../errors.ts';

export interface ApiError {
  readonly status: number;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null };
}

/** One failure as TypeBox and JSON Schema report it. */
interface ValidationFailure {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** An answer from 400 on. */
function apiError(status: number, code: string, message: string, hint: string | null = null): ApiError {
  return { status, error: { code, message, hint } };
}

/** Thrown by routes for what no schema can judge: the answer is in it. */
export class RequestRefused extends Error {
  readonly answer: ApiError;

  constructor(answer: ApiError) {
    super(answer.error.message);
    this.answer = answer;
  }
}

/** A parameter with a wrong value. */
export function badParameter(parameter: string, message: string, hint: string): RequestRefused {
  return new RequestRefused(apiError(400, 'BAD_PARAMETER', `${parameter}: ${message}`, hint));
}

/** Nothing has this name. */
export function notFound(code: string, message: string, hint: string): RequestRefused {
  return new RequestRefused(apiError(404, code, message, hint));
}

/** What is asked for does not go with how things are. */
export function conflict(code: string, message: string, hint: string): RequestRefused {
  return new RequestRefused(apiError(409, code, message, hint));
}

/** As much as may be is in use. */
export function busy(code: string, message: string, hint: string): RequestRefused {
  return new RequestRefused(apiError(503, code, message, hint));
}

/** Somebody else did not do what was asked of him. */
export function badGateway(code: string, message: string, hint: string): RequestRefused {
  return new RequestRefused(apiError(502, code, message, hint));
}

/** What was thrown as the client may see it: nothing of the inside leaves with a 500. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof RequestRefused) return thrown.answer;
  if (thrown instanceof ForewarnError && thrown.retryable) {
    return apiError(
      503,
      thrown.code,
      'This cannot be answered at the moment.',
      thrown.hint ?? 'Try again later.',
    );
  }
  const error = thrown as Partial<FastifyError> | null;
  if (error?.validation !== undefined)
    return refusedBySchema(error.validation as readonly ValidationFailure[]);
  const status = error?.statusCode ?? 500;
  if (status === 429)
    return apiError(429, 'TOO_MANY_REQUESTS', 'Too many requests.', 'Wait for `retry-after` seconds.');
  if (status >= 400 && status < 500)
    return apiError(status, 'BAD_REQUEST', error?.message ?? 'The request is wrong.');
  return apiError(
    500,
    'INTERNAL',
    'Something went wrong inside Forewarn.',
    'The log of the daemon says what.',
  );
}

function refusedBySchema(failures: readonly ValidationFailure[]): ApiError {
  const unknown = failures.find(({ keyword }) => keyword === 'additionalProperties');
  const names = unknown?.params?.additionalProperties;
  if (Array.isArray(names)) {
    const hint = 'GET /docs/json lists the parameters of every route.';
    return apiError(400, 'UNKNOWN_PARAMETER', `There is no parameter ${names.join(', ')} here.`, hint);
  }
  const missing = failures.find(({ keyword }) => keyword === 'required')?.params?.requiredProperties;
  if (Array.isArray(missing)) {
    const hint = 'GET /docs/json lists the parameters of every route.';
    return apiError(400, 'BAD_PARAMETER', `${missing.join(', ')}: is missing`, hint);
  }
  const [failure] = failures;
  if (failure?.keyword === 'type' && failure.instancePath === '') {
    return apiError(400, 'BAD_REQUEST', 'The body is no JSON object.', 'Send one, as application/json.');
  }
  const parameter = failure?.instancePath.split('/')[1] ?? '';
  const allowed = failure?.params?.allowedValues;
  const hint = Array.isArray(allowed) ? `One of ${allowed.join(', ')}.` : hintFor(failure?.keyword);
  return apiError(400, 'BAD_PARAMETER', `${parameter}: ${failure?.message ?? 'is wrong'}`, hint);
}

function hintFor(keyword: string | undefined): string | null {
  if (keyword === 'format') return 'Write times like 2026-01-31T12:00:00Z; in a URL a + is written %2B.';
  return null;
}
