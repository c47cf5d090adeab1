import type { Model } from '../../shared/api/api';
import { longest, shortest, sizesOf } from '../../shared/shape';
import { text } from '../../shared/text';
import { Field } from './Field';
import { PRESETS, stepsOf, type Draft } from './wish';

interface Props {
  models: readonly Model[];
  model: Model;
  draft: Draft;
  wrong: (name: keyof Draft) => string | undefined;
  onChange: (part: Partial<Draft>) => void;
}

/** Which model, how large, how long, with how much care. */
export function Shape({ models, model, draft, wrong, onChange }: Props) {
  return (
    <>
      <fieldset className="presets">
        <legend>{text.compose.quality}</legend>
        {PRESETS.map((preset) => (
          <label key={preset} className="choice">
            <input
              type="radio"
              name="quality"
              checked={draft.steps === String(stepsOf(preset, model))}
              onChange={() => onChange({ steps: String(stepsOf(preset, model)) })}
            />
            {text.compose.presets[preset]}
          </label>
        ))}
      </fieldset>
      <div className="row">
        {models.length > 1 && (
          <Field id="model" label={text.compose.model} wrong={wrong('model')}>
            {(described) => (
              <select {...described} value={draft.model} onChange={(event) => onChange({ model: event.target.value })}>
                {models.map(({ id }) => (
                  <option key={id}>{id}</option>
                ))}
              </select>
            )}
          </Field>
        )}
        {model.presets.length > 1 && (
          <Field
            id="preset"
            label={text.compose.preset}
            wrong={wrong('preset')}
            hint={model.presets.find(({ id }) => id === draft.preset)?.picture}
          >
            {(described) => (
              <select {...described} value={draft.preset} onChange={(event) => onChange({ preset: event.target.value })}>
                {model.presets.map(({ id }) => (
                  <option key={id}>{id}</option>
                ))}
              </select>
            )}
          </Field>
        )}
        <Field id="size" label={text.compose.size} wrong={wrong('size')}>
          {(described) => (
            <select {...described} value={draft.size} onChange={(event) => onChange({ size: event.target.value })}>
              {sizesOf(model).map(({ name, value }) => (
                <option key={name} value={value}>
                  {`${text.compose.sizes[name]}, ${value.replace('x', ' × ')}`}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field id="seconds" label={text.compose.seconds} wrong={wrong('seconds')}>
          {(described) => (
            <span className="measured">
              <input
                {...described}
                type="number"
                step="0.1"
                min={shortest(model)}
                max={longest(model)}
                value={draft.seconds}
                onChange={(event) => onChange({ seconds: event.target.value })}
              />
              {text.unit.seconds}
            </span>
          )}
        </Field>
      </div>
    </>
  );
}
