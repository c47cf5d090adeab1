import type { Quote } from '../../shared/api/api';
import { count, decimal, span } from '../../shared/numbers';
import { text } from '../../shared/text';

/** How long it would take, as far as the platform knows. Keeps its height, whatever it says. */
export function Estimate({ quote, busy }: { quote: Quote | undefined; busy: boolean }) {
  return (
    <div className="quote" role="status" aria-label={text.quote.label}>
      {quote?.valid ? <Told quote={quote} /> : <p className="hint">{busy ? text.quote.working : text.quote.blank}</p>}
    </div>
  );
}

function Told({ quote }: { quote: Quote }) {
  const depth = quote.queue_depth ?? 0;
  return (
    <>
      <p className="headline">
        {quote.eta_seconds === null ? text.quote.held : text.quote.ready(span(quote.eta_seconds))}
      </p>
      <p className="hint">
        {quote.gpu_seconds && text.quote.drawing(span(quote.gpu_seconds.p50), span(quote.gpu_seconds.p90))}
        {' · '}
        {depth === 0 ? text.quote.alone : text.quote.waiting(count(depth))}
        {' · '}
        {quote.waking && `${text.quote.waking(span(quote.cold_start_seconds ?? 0))} · `}
        {quote.waking === false && `${text.quote.awake} · `}
        {text.quote.memory(decimal(quote.vram_gb ?? 0))}
      </p>
    </>
  );
}
