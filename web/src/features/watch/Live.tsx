import { text } from '../../shared/text';
import { Notice } from '../../shared/ui/Notice';
import { Card } from './Card';
import { STREAMED, useActive } from './useActive';

/** What is being drawn, and what became of it. */
export function Live() {
  const { data: ids, error, refetch } = useActive();
  return (
    <section className="live" aria-labelledby="live-title">
      <h2 id="live-title">{text.live.title}</h2>
      {error && <Notice problem={error} again={() => void refetch()} />}
      {ids?.length === 0 && <p className="hint">{text.live.empty}</p>}
      <ul className="cards">
        {ids?.map((id, at) => (
          <li key={id}>
            <Card id={id} live={at < STREAMED} />
          </li>
        ))}
      </ul>
    </section>
  );
}
