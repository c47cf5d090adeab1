import type { ReactNode } from 'react';
import type { Delivery } from '../api/hooks';
import { count, when } from '../numbers';
import { text } from '../text';

interface Props {
  deliveries: readonly Delivery[];
  /** What tells one from another where they stand. */
  name: (delivery: Delivery) => ReactNode;
  busy: boolean;
  onReplay: (id: string) => void;
}

/** What became of callbacks. What was tried can be sent again. */
export function DeliveryList({ deliveries, name, busy, onReplay }: Props) {
  return (
    <ul className="deliveries">
      {deliveries.map((delivery) => (
        <li key={delivery.id}>
          <span>
            {name(delivery)} <span className="hint">{when(delivery.created_at)}</span>
          </span>
          <span>{toldOf(delivery)}</span>
          <button
            type="button"
            disabled={delivery.attempts.length === 0 || busy}
            onClick={() => onReplay(delivery.id)}
          >
            {text.hooks.replay}
          </button>
        </li>
      ))}
    </ul>
  );
}

function toldOf({ status, error, attempts }: Delivery): string {
  const tries = text.hooks.tries(count(attempts.length));
  return [text.hooks[status], status === 'delivered' ? null : error, tries].filter(Boolean).join(', ');
}
