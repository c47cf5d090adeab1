import { QueryCache, QueryClient, MutationCache } from '@tanstack/react-query';
import { Problem } from '../shared/api/problem';

const RETRIES = 2;

/** Asks again when that may help, as soon as the platform says. `onRefused` hears when the key opens nothing. */
export function openQueries(onRefused: () => void): QueryClient {
  const onError = (error: Error) => {
    if (error instanceof Problem && error.status === 401) onRefused();
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
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
}
