import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Endpoint } from '../../shared/api/hooks';
import type { Problem } from '../../shared/api/problem';
import { usePlatform } from '../../shared/platform';
import { text } from '../../shared/text';
import { Notice } from '../../shared/ui/Notice';
import { EndpointRow } from './EndpointRow';
import { NewEndpoint } from './NewEndpoint';

const ENDPOINTS = ['endpoints'] as const;
const AGAIN_MS = 10_000;

/** Who hears of the key's videos. A secret is shown once, until the screen is left. */
export function Endpoints() {
  const api = usePlatform();
  const client = useQueryClient();
  const [secret, setSecret] = useState<Endpoint | null>(null);
  const { data, error, refetch } = useQuery<Endpoint[], Problem>({
    queryKey: ENDPOINTS,
    queryFn: api.hooks.endpoints,
    refetchInterval: AGAIN_MS,
  });

  function changed(endpoint?: Endpoint) {
    setSecret(endpoint?.signing_secret === undefined ? null : endpoint);
    void client.invalidateQueries({ queryKey: ENDPOINTS });
  }

  return (
    <section className="card endpoints" aria-labelledby="endpoints-title" aria-busy={!data && !error}>
      <h2 id="endpoints-title">{text.hooks.title}</h2>
      {error && <Notice problem={error} again={() => void refetch()} />}
      {data?.length === 0 && <p className="hint">{text.hooks.empty}</p>}
      <ul>
        {data?.map((endpoint) => (
          <li key={endpoint.id}>
            <EndpointRow endpoint={endpoint} onChanged={changed} />
          </li>
        ))}
      </ul>
      <div role="status">
        {secret && (
          <p className="secret">
            {text.hooks.secret(secret.url)} <code>{secret.signing_secret}</code>
          </p>
        )}
      </div>
      {data && <NewEndpoint onAdded={changed} />}
    </section>
  );
}
