import { useMutation, useQuery } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import type { Endpoint, EventType } from '../../shared/api/hooks';
import { problemIn, type Problem } from '../../shared/api/problem';
import { usePlatform } from '../../shared/platform';
import { text } from '../../shared/text';
import { Notice } from '../../shared/ui/Notice';

/** They come while a video is drawn, and are told to who asks for them. */
const ASKED_FOR = ['video.started', 'video.progress'];

/** Registers a URL. Every end that the API knows is told to it unless somebody says less, or more. */
export function NewEndpoint({ onAdded }: { onAdded: (endpoint: Endpoint) => void }) {
  const api = usePlatform();
  const [url, setUrl] = useState('');
  const [unwanted, setUnwanted] = useState<ReadonlySet<string>>(new Set(ASKED_FOR));
  const types = useQuery<string[], Problem>({
    queryKey: ['event-types'],
    queryFn: api.hooks.eventTypes,
    staleTime: Infinity,
  });
  const wanted = types.data?.filter((type) => !unwanted.has(type)) ?? [];
  const adding = useMutation<Endpoint, Problem>({
    mutationFn: () => api.hooks.addEndpoint(url.trim(), wanted as EventType[]),
    onSuccess: (endpoint) => {
      setUrl('');
      onAdded(endpoint);
    },
  });

  function submit(event: SubmitEvent) {
    event.preventDefault();
    adding.mutate();
  }

  function toggle(type: string, on: boolean) {
    const next = new Set(unwanted);
    if (on) next.delete(type);
    else next.add(type);
    setUnwanted(next);
  }

  const refused = adding.error && problemIn(adding.error);
  const wrong = refused?.fields['url'];
  const wrongTypes = refused?.fields['event_types'];
  return (
    <form className="compose" onSubmit={submit} noValidate>
      <div className="field">
        <label htmlFor="endpoint-url">{text.hooks.url}</label>
        <input
          id="endpoint-url"
          type="url"
          placeholder="https://hooks.example.com/flipbook"
          value={url}
          onChange={(event) => setUrl(event.target.value)}
          aria-invalid={wrong !== undefined}
          aria-describedby="endpoint-wrong"
        />
        <p className="wrong" id="endpoint-wrong" role="alert">
          {wrong}
        </p>
      </div>
      <fieldset className="presets" aria-describedby="endpoint-types-wrong" aria-busy={types.isPending}>
        <legend>{text.hooks.events}</legend>
        {types.data?.map((type) => (
          <label className="choice" key={type}>
            <input type="checkbox" checked={!unwanted.has(type)} onChange={(event) => toggle(type, event.target.checked)} />
            {type}
          </label>
        ))}
        <p className="wrong" id="endpoint-types-wrong" role="alert">
          {wrongTypes}
        </p>
      </fieldset>
      {types.error && <Notice problem={types.error} again={() => void types.refetch()} />}
      {refused && !wrong && !wrongTypes && <Notice problem={refused} />}
      <div className="actions">
        <button type="submit" disabled={adding.isPending || !types.data || url.trim() === ''}>
          {text.hooks.add}
        </button>
      </div>
    </form>
  );
}
