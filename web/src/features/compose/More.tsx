import type { Model } from '../../shared/api/api';
import { text } from '../../shared/text';
import { Field } from './Field';
import type { Draft } from './wish';

interface Props {
  model: Model;
  draft: Draft;
  wrong: (name: keyof Draft) => string | undefined;
  onChange: (part: Partial<Draft>) => void;
}

/** What few people need. Open when something in it is wrong, or nobody would see what. */
export function More({ model, draft, wrong, onChange }: Props) {
  const { limits } = model;
  const bad = wrong('negative') ?? wrong('steps') ?? wrong('guidance') ?? wrong('seed');
  const number = (name: 'steps' | 'guidance' | 'seed', label: string, bounds: object, hint?: string) => (
    <Field id={name} label={label} hint={hint} wrong={wrong(name)}>
      {(described) => (
        <input
          {...described}
          {...bounds}
          type="number"
          value={draft[name]}
          onChange={(event) => onChange({ [name]: event.target.value })}
        />
      )}
    </Field>
  );
  return (
    <details open={bad !== undefined || undefined}>
      <summary>{text.compose.more}</summary>
      <Field id="negative" label={text.compose.negative} wrong={wrong('negative')}>
        {(described) => (
          <textarea
            {...described}
            rows={2}
            value={draft.negative}
            onChange={(event) => onChange({ negative: event.target.value })}
          />
        )}
      </Field>
      <div className="row">
        {number('steps', text.compose.steps, { min: limits.min_inference_steps, max: limits.max_inference_steps })}
        {number(
          'guidance',
          text.compose.guidance,
          { min: 0, max: limits.max_guidance_scale, step: 0.1 },
          text.compose.guidanceHint,
        )}
        {number('seed', text.compose.seed, { min: 0, max: 2 ** 32 - 1 }, text.compose.seedHint)}
      </div>
    </details>
  );
}
