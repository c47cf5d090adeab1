import { MutationCache, QueryCache, QueryClient, type Query } from '@tanstack/react-query';
import { Problem } from '../shared/api/problem';

const RETRIES = 2;
/** What failed rests so long before it is asked again, twice as long each time, as others are answered all the while. */
const FIRST_REST_MS = 3000;
const LONGEST_REST_MS = 10_000;

/** Asks again when that may help, as soon as the platform says. `onRefused` hears when the key opens nothing. */
export function openQueries(onRefused: () => void): QueryClient {
  const onError = (error: Error) => {
    if (error instanceof Problem && error.status === 401) onRefused();
  };
  const queries: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError, onSuccess: () => askAgain(queries) }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        networkMode: 'always',
        retry: (failures, error) => failures < RETRIES && (!(error instanceof Problem) || error.passes),
        retryDelay: (failures, error) =>
          Math.max(error instanceof Problem ? (error.retryAfter ?? 0) * 1000 : 0, 500 * 2 ** failures),
      },
      mutations: { networkMode: 'always' },
    },
  });
  return queries;
}

/** Where one question is answered, those that the platform could not answer a while ago may be. Nobody else asks. */
function askAgain(queries: QueryClient): void {
  const rested = ({ state }: Query) => Math.abs(Date.now() - state.errorUpdatedAt) >= restOf(state.errorUpdateCount);
  void queries.refetchQueries({
    type: 'active',
    fetchStatus: 'idle',
    predicate: (query) => wasAway(query.state.error) && rested(query),
  });
}

const wasAway = (error: Error | null) => error instanceof Problem && error.passes && error.status !== 429;
const restOf = (failures: number) => Math.min(FIRST_REST_MS * 2 ** (failures - 1), LONGEST_REST_MS);
