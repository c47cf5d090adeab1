import { text } from '../text';
import { Problem } from './problem';

export type Answer<T> = Promise<{ data?: T }>;

/** What was answered. A route that can also stream has no one type in the document: its caller names it. */
export async function said<T>(answer: Answer<T>): Promise<T> {
  const { data } = await answer;
  if (data === undefined) throw new Problem(502, 'unknown', text.problem.status(204));
  return data;
}
