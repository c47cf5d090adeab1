import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import uPlot from 'uplot';
import type { Model } from '../../shared/api/api';
import type { Problem } from '../../shared/api/problem';
import { decimal, span } from '../../shared/numbers';
import { usePlatform } from '../../shared/platform';
import { text } from '../../shared/text';
import { Notice } from '../../shared/ui/Notice';
import { equalMemory, levels } from './curves';
import { Plot, type Line } from './Plot';
import { usePlan, type Plan as Known } from './usePlan';

const LEVELS = 3;
const KINDS = ['size', 'memory', 'drawn'] as const;

/** How long videos take, and how much memory: before anybody asks for one. */
export function Plan() {
  const api = usePlatform();
  const models = useQuery<Model[], Problem>({ queryKey: ['models'], queryFn: api.models, staleTime: Infinity });
  const [chosen, choose] = useState('');
  const model = models.data?.find(({ id }) => id === chosen) ?? models.data?.[0];
  return (
    <section className="status">
      <h1>{text.plan.title}</h1>
      <p className="hint">{text.plan.about}</p>
      {models.error && <Notice problem={models.error} again={() => void models.refetch()} />}
      {models.data && models.data.length > 1 && (
        <div className="field narrow">
          <label htmlFor="plan-model">{text.compose.model}</label>
          <select id="plan-model" value={model?.id} onChange={(event) => choose(event.target.value)}>
            {models.data.map(({ id }) => (
              <option key={id}>{id}</option>
            ))}
          </select>
        </div>
      )}
      {model && <OfModel model={model} key={model.id} />}
    </section>
  );
}

function OfModel({ model }: { model: Model }) {
  const { data, error, refetch } = usePlan(model);
  if (error) return <Notice problem={error} again={() => void refetch()} />;
  return (
    <div className="card planned" aria-busy={!data}>
      {data && <Drawn plan={data} label={text.plan.label(model.id)} />}
    </div>
  );
}

function Drawn({ plan, label }: { plan: Known; label: string }) {
  const { lengths, lines } = useMemo(() => linesOf(plan), [plan]);
  return (
    <>
      <Plot label={label} lengths={lengths} lines={lines} />
      <ul className="legend">
        {KINDS.filter((kind) => lines.some((line) => line.kind === kind)).map((kind) => (
          <li key={kind} data-kind={kind}>
            {text.plan.kinds[kind]}
          </li>
        ))}
      </ul>
      <Table plan={plan} />
    </>
  );
}

/** The same in numbers, for who does not see the plot. */
function Table({ plan }: { plan: Known }) {
  return (
    <details>
      <summary>{text.plan.table}</summary>
      {/* It may be wider than a phone, and then scrolls by keys too. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className="wide" role="region" aria-label={text.plan.table} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{text.compose.seconds}</th>
              {plan.sizes.map(({ value }) => (
                <th scope="col" key={value}>
                  {value.replace('x', ' × ')}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {plan.lengths.map((seconds, row) => (
              <tr key={seconds}>
                <th scope="row">{span(seconds)}</th>
                {plan.sizes.map(({ value }, column) => {
                  const point = plan.points[column * plan.lengths.length + row];
                  return <td key={value}>{point && text.plan.cell(span(point.minutes * 60), decimal(point.gigabytes))}</td>;
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function linesOf(plan: Known): { lengths: number[]; lines: Line[] } {
  const { points, lengths } = plan;
  const sizes = plan.sizes.map(({ value }, n) => ({
    name: text.plan.size(value.replace('x', ' × ')),
    kind: 'size' as const,
    values: points.slice(n * lengths.length, (n + 1) * lengths.length).map((point) => point.minutes),
  }));
  const memory = levels(points, LEVELS).map((gigabytes) => ({
    name: text.plan.memory(decimal(gigabytes)),
    kind: 'memory' as const,
    values: equalMemory(points, lengths, gigabytes),
  }));
  const real = [...plan.drawn].sort((a, b) => a.seconds - b.seconds);
  const lines: Line[] = [...sizes, ...memory];
  if (real.length === 0) return { lengths, lines };
  // Several videos may be of one length, and a line has one value for each.
  const joined = uPlot.join([
    [lengths, ...lines.map((line) => line.values)],
    ...real.map(({ seconds, minutes }) => [[seconds], [minutes]] as uPlot.AlignedData),
  ]);
  const [x, ...values] = joined as unknown as [number[], ...(number | null)[][]];
  const dots = real.map(() => ({ name: '', kind: 'drawn' as const, values: [] }));
  return { lengths: x, lines: [...lines, ...dots].map((line, n) => ({ ...line, values: values[n] ?? [] })) };
}
