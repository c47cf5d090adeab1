import { problemIn, type Problem } from '../api/problem';
import { span } from '../numbers';
import { text } from '../text';

/** What went wrong, in the API's own sentence, and what can be done about it. */
export function Notice({ problem: thrown, again }: { problem: Error; again?: (() => void) | undefined }) {
  const problem = problemIn(thrown);
  return (
    <div className="notice" role="alert">
      <strong>{titleOf(problem)}</strong>
      <p>
        {problem.message} {problem.retryAfter === null ? null : text.problem.after(span(problem.retryAfter))}
      </p>
      {again && (
        <button type="button" onClick={again}>
          {text.problem.again}
        </button>
      )}
    </div>
  );
}

function titleOf(problem: Problem): string {
  if (problem.status === 403) return text.problem.forbidden;
  if (problem.status === 429) return text.problem.limited;
  return text.problem.title;
}
