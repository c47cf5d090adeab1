import type { Video } from '../../shared/api/api';

export const LANGUAGES = ['curl', 'Python', 'Node'] as const;
export type Language = (typeof LANGUAGES)[number];

/** A program that asks for this video again. It reads the key from the environment: it will be pasted somewhere. */
export function snippet(language: Language, video: Video, origin: string): string {
  const wish = wishOf(video);
  switch (language) {
    case 'curl':
      return [
        `curl '${origin}/v1/videos' \\`,
        `  -H "Authorization: Bearer $FLIPBOOK_KEY" -H 'Content-Type: application/json' \\`,
        `  -d ${quoted(JSON.stringify(wish))}`,
      ].join('\n');
    case 'Python': {
      // What JSON writes as a string or a number, Python reads as the same.
      const { prompt, model, size, ...others } = wish;
      return [
        'import os',
        'from openai import OpenAI',
        '',
        `client = OpenAI(base_url="${origin}/v1", api_key=os.environ["FLIPBOOK_KEY"])`,
        'video = client.videos.create_and_poll(',
        `    prompt=${JSON.stringify(prompt)},`,
        `    model=${JSON.stringify(model)},`,
        `    size=${JSON.stringify(size)},`,
        `    extra_body=${JSON.stringify(others)},`,
        ')',
        'client.videos.download_content(video.id).write_to_file("video.mp4")',
      ].join('\n');
    }
    case 'Node':
      return [
        `const answer = await fetch('${origin}/v1/videos', {`,
        "  method: 'POST',",
        '  headers: {',
        '    Authorization: `Bearer ${process.env.FLIPBOOK_KEY}`,',
        "    'Content-Type': 'application/json',",
        '  },',
        `  body: JSON.stringify(${JSON.stringify(wish)}),`,
        '});',
        'console.log(await answer.json());',
      ].join('\n');
  }
}

function wishOf(video: Video) {
  return {
    prompt: video.prompt,
    model: video.model,
    size: video.size,
    num_frames: video.num_frames,
    seed: video.seed,
    num_inference_steps: video.num_inference_steps,
    guidance_scale: video.guidance_scale,
    preset: video.preset,
    ...(video.negative_prompt && { negative_prompt: video.negative_prompt }),
  };
}

/** As POSIX shells take it: nothing inside single quotes means anything but its end. */
const quoted = (words: string) => `'${words.replaceAll("'", String.raw`'\''`)}'`;
