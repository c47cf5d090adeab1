import { useId, useState } from 'react';
import type { Video } from '../../shared/api/api';
import { text } from '../../shared/text';
import { LANGUAGES, snippet, type Language } from './snippets';

/** The same wish as a program, to be taken along. */
export function Copying({ video }: { video: Video }) {
  const [language, setLanguage] = useState<Language>('curl');
  const id = useId();
  const program = snippet(language, video, location.origin);
  return (
    <details>
      <summary>{text.keep.program}</summary>
      <div className="actions">
        <label htmlFor={id}>{text.keep.language}</label>
        <select id={id} className="narrow" value={language} onChange={(event) => setLanguage(event.target.value as Language)}>
          {LANGUAGES.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
        <Copy words={program} label={text.keep.copy} />
      </div>
      {/* It may be wider than the screen, and then scrolls by keys too. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre tabIndex={0} aria-label={text.keep.program}>
        {program}
      </pre>
    </details>
  );
}

/** Puts words on the clipboard, where the browser lets a page do so: over https, and on this machine. */
export function Copy({ words, label }: { words: string; label: string }) {
  const [copied, setCopied] = useState('');
  if (!window.isSecureContext) return null;
  return (
    <button type="button" onClick={() => void navigator.clipboard.writeText(words).then(() => setCopied(words))}>
      {copied === words ? text.keep.copied : label}
    </button>
  );
}
