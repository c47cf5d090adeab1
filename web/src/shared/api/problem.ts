import { text } from '../text';

/** What went wrong with a request, as the API's problem details (RFC 9457) say it. */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    /** HTTP's; 0: nothing answered. */
    readonly status: number,
    readonly code: string,
    message: string,
    /** The API's sentence about each wrong field, by the field's name. */
    readonly fields: Readonly<Record<string, string>> = {},
    /** Seconds after which the same may succeed; null: nobody said so. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }

  /** Whether the same request may succeed by itself, soon. */
  get passes(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The same, where it is one. Whatever else was thrown is a fault of this page's own, and said to be. */
export function problemIn(error: Error): Problem {
  return error instanceof Problem ? error : new Problem(0, 'broken', text.problem.broken);
}

export const offline = () => new Problem(0, 'offline', text.problem.offline);

/** A success that is not the platform's: something on the way answered in its place, as a page to sign in does. */
export const foreign = (status: number) => new Problem(status, 'foreign', text.problem.foreign);

export const isForeign = (error: unknown) => error instanceof Problem && error.code === 'foreign';

interface Told {
  detail?: unknown;
  errors?: unknown;
  error?: { code?: unknown };
}

/** Read an answer that is no success. What stands between us and the API may answer with anything. */
export async function problemOf(response: Response): Promise<Problem> {
  const told = await response.json().catch(() => null) as Told | null;
  const detail = typeof told?.detail === 'string' ? told.detail : text.problem.status(response.status);
  const code = typeof told?.error?.code === 'string' ? told.error.code : 'unknown';
  const after = Number(response.headers.get('Retry-After') ?? NaN);
  return new Problem(response.status, code, detail, fieldsOf(told?.errors), Number.isFinite(after) ? after : null);
}

/** Problems by field: the first word of each JSON pointer. Two about one field are one text. */
export function fieldsOf(errors: unknown): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const error of Array.isArray(errors) ? (errors as { pointer?: unknown; detail?: unknown }[]) : []) {
    if (typeof error.pointer !== 'string' || typeof error.detail !== 'string') continue;
    const name = error.pointer.split('/')[1] ?? '';
    fields[name] = fields[name] === undefined ? error.detail : `${fields[name]}; ${error.detail}`;
  }
  return fields;
}
