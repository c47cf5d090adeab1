import type { Model, Wish } from '../../shared/api/api';

/** What stands in the form, as it was typed. Empty: the model's default. */
export interface Draft {
  model: string;
  prompt: string;
  negative: string;
  size: string;
  seconds: string;
  steps: string;
  preset: string;
  guidance: string;
  seed: string;
}

/** The names of the API's fields, by ours: errors are told under those. */
export const FIELDS = {
  model: 'model',
  prompt: 'prompt',
  negative: 'negative_prompt',
  size: 'size',
  seconds: 'seconds',
  steps: 'num_inference_steps',
  preset: 'preset',
  guidance: 'guidance_scale',
  seed: 'seed',
} as const satisfies Record<keyof Draft, keyof Wish>;

export function draftFor(model: Model, prompt = ''): Draft {
  const { defaults, limits } = model;
  return {
    model: model.id,
    prompt,
    negative: '',
    size: `${defaults.width}x${defaults.height}`,
    seconds: String(round(defaults.num_frames / limits.fps)),
    steps: String(defaults.num_inference_steps),
    // The first is the operator's choice.
    preset: model.presets[0]?.id ?? '',
    guidance: String(defaults.guidance_scale),
    seed: '',
  };
}

/** The body that asks for it. What is no number goes as it was typed: the API says what is wrong with it. */
export function wishOf(draft: Draft): Wish {
  const wish: Record<string, unknown> = { prompt: draft.prompt, model: draft.model, preview: true };
  if (draft.negative.trim()) wish[FIELDS.negative] = draft.negative;
  if (draft.size) wish[FIELDS.size] = draft.size;
  if (draft.preset) wish[FIELDS.preset] = draft.preset;
  for (const name of ['seconds', 'steps', 'guidance', 'seed'] as const) {
    const typed = draft[name].trim();
    if (typed) wish[FIELDS[name]] = Number.isFinite(Number(typed)) ? Number(typed) : typed;
  }
  return wish as unknown as Wish;
}

export const PRESETS = ['draft', 'standard', 'fine'] as const;
export type Preset = (typeof PRESETS)[number];
const EFFORT: Record<Preset, number> = { draft: 0.5, standard: 1, fine: 1.5 };

/** How many steps a preset takes of this model. */
export function stepsOf(preset: Preset, { defaults, limits }: Model): number {
  const steps = Math.round(defaults.num_inference_steps * EFFORT[preset]);
  return Math.max(limits.min_inference_steps, Math.min(limits.max_inference_steps, steps));
}

const round = (value: number) => Math.round(value * 10) / 10;
