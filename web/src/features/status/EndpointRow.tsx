import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { Endpoint } from '../../shared/api/hooks';
import type { Problem } from '../../shared/api/problem';
import { when } from '../../shared/numbers';
import { usePlatform } from '../../shared/platform';
import { text } from '../../shared/text';
import { Notice } from '../../shared/ui/Notice';
import { Deliveries } from './Deliveries';

/** One endpoint, how it fares, and what can be done about it. */
export function EndpointRow(props: { endpoint: Endpoint; onChanged: (endpoint?: Endpoint) => void }) {
  const { endpoint, onChanged } = props;
  const { hooks } = usePlatform();
  const [opened, setOpened] = useState(false);
  const test = useMutation<unknown, Problem>({ mutationFn: () => hooks.testEndpoint(endpoint.id) });
  const rotate = useMutation<Endpoint, Problem>({
    mutationFn: () => hooks.rotateSecret(endpoint.id),
    onSuccess: onChanged,
  });
  const enable = useMutation<Endpoint, Problem, boolean>({
    mutationFn: (enabled) => hooks.enableEndpoint(endpoint.id, enabled),
    onSuccess: () => onChanged(),
  });
  const remove = useMutation<unknown, Problem>({
    mutationFn: () => hooks.removeEndpoint(endpoint.id),
    onSuccess: () => onChanged(),
  });
  const enabled = endpoint.status === 'enabled';
  const problem = test.error ?? rotate.error ?? enable.error ?? remove.error;
  return (
    <article className="endpoint" aria-label={endpoint.url}>
      <p>
        <span className="state" data-state={enabled ? 'completed' : 'failed'}>
          {text.hooks[endpoint.status]}
        </span>{' '}
        <span className="url">{endpoint.url}</span>
      </p>
      <p className="hint">{healthOf(endpoint)}</p>
      <div className="actions">
        <button type="button" disabled={test.isPending} onClick={() => test.mutate()}>
          {text.hooks.test}
        </button>
        <button type="button" disabled={rotate.isPending} onClick={() => rotate.mutate()}>
          {text.hooks.rotate}
        </button>
        <button type="button" disabled={enable.isPending} onClick={() => enable.mutate(!enabled)}>
          {enabled ? text.hooks.disable : text.hooks.enable}
        </button>
        <button
          type="button"
          disabled={remove.isPending}
          onClick={() => confirm(text.hooks.sure(endpoint.url)) && remove.mutate()}
        >
          {text.keep.delete}
        </button>
        <span role="status">{test.isSuccess && text.hooks.heard}</span>
      </div>
      {problem && <Notice problem={problem} />}
      <details onToggle={(event) => setOpened(event.currentTarget.open)}>
        <summary>{text.hooks.deliveries}</summary>
        {opened && <Deliveries endpoint={endpoint.id} />}
      </details>
    </article>
  );
}

function healthOf(endpoint: Endpoint): string {
  const parts = [
    endpoint.event_types.join(', '),
    endpoint.failing_since === null ? null : text.hooks.failing(when(endpoint.failing_since), endpoint.last_error ?? ''),
    endpoint.disabled_reason === null ? null : text.hooks.reason[endpoint.disabled_reason],
  ];
  return parts.filter(Boolean).join(' · ');
}
