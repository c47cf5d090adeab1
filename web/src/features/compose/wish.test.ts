import { describe, expect, test } from 'vitest';
import { model } from '../../testing/server';
import { longest, shortest, sizesOf } from '../../shared/shape';
import { draftFor, stepsOf, wishOf } from './wish';

const preview = {
  ...model,
  id: 'mochi-1-preview',
  defaults: { width: 848, height: 480, num_frames: 85, num_inference_steps: 64, guidance_scale: 4.5 },
  limits: { ...model.limits, max_width: 848, max_height: 848 },
};

describe('a wish', () => {
  test('is what the model draws by default, and the words', () => {
    expect(wishOf(draftFor(model, 'a boat'))).toEqual({
      prompt: 'a boat',
      model: 'mochi-1-tiny',
      preview: true,
      preset: 'exact',
      size: '96x64',
      seconds: 0.4,
      num_inference_steps: 4,
      guidance_scale: 4.5,
    });
  });

  test('leaves out what is empty, and keeps a seed of 0', () => {
    const draft = { ...draftFor(model, 'a boat'), seconds: '', steps: ' ', guidance: '', size: '', preset: '', seed: '0' };

    expect(wishOf(draft)).toEqual({ prompt: 'a boat', model: 'mochi-1-tiny', preview: true, seed: 0 });
  });

  test('sends what is no number as it was typed, for the API to refuse', () => {
    expect(wishOf({ ...draftFor(model, 'a boat'), seed: 'seven' })).toMatchObject({ seed: 'seven' });
  });
});

describe('what is offered', () => {
  test('has sizes that the model can draw, each once', () => {
    expect(sizesOf(preview).map((size) => size.value)).toEqual(['848x480', '640x640', '480x848', '432x240']);
    expect(sizesOf(model).map((size) => size.value)).toEqual(['96x64', '80x80', '64x96', '64x64']);
  });

  test('has as many steps as the model takes', () => {
    expect([stepsOf('draft', preview), stepsOf('standard', preview), stepsOf('fine', preview)]).toEqual([32, 64, 96]);
    expect(stepsOf('draft', { ...model, defaults: { ...model.defaults, num_inference_steps: 2 } })).toBe(2);
  });

  test('has lengths within the bounds', () => {
    expect([shortest(model), longest(model)]).toEqual([0.3, 5.4]);
  });
});
