import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Quote } from '../../shared/api/api';
import { fieldsOf, type Problem } from '../../shared/api/problem';
import { usePlatform } from '../../shared/platform';
import { wishOf, type Draft } from './wish';

const TYPING_MS = 350;
const AGAIN_MS = 15_000;

/** What would come of the draft: asked for when the typing rests, and again while it stands there. */
export function useQuote(draft: Draft) {
  const api = usePlatform();
  const rested = useRested(draft);
  const asked = rested.prompt.trim() !== '';
  const query = useQuery<Quote, Problem>({
    queryKey: ['quote', rested],
    queryFn: ({ signal }) => api.estimate(wishOf(rested), signal),
    enabled: asked,
    placeholderData: keepPreviousData,
    refetchInterval: AGAIN_MS,
    gcTime: 30_000,
  });
  const quote = asked ? query.data : undefined;
  return { quote, busy: query.isFetching, problem: query.error, fields: fieldsOf(quote?.errors) };
}

function useRested(draft: Draft): Draft {
  const [rested, setRested] = useState(draft);
  useEffect(() => {
    const timer = setTimeout(() => setRested(draft), TYPING_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  return rested;
}
