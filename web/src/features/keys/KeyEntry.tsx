import { useState, type SubmitEvent } from 'react';
import { isKey } from '../../shared/key';
import { text } from '../../shared/text';

/** The door: asks for the key. `refused` says that the last one opened nothing. */
export function KeyEntry({ refused, onKey }: { refused: boolean; onKey: (key: string) => void }) {
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState(refused ? text.key.refused : '');

  function submit(event: SubmitEvent) {
    event.preventDefault();
    const key = typed.trim();
    if (isKey(key)) onKey(key);
    else setProblem(text.key.malformed);
  }

  return (
    <main className="door">
      <p className="name">{text.name}</p>
      <div className="card">
        <h1>{text.key.title}</h1>
        <p>{text.key.about}</p>
        <form onSubmit={submit} noValidate>
          <div className="field">
            <label htmlFor="key">{text.key.label}</label>
            <input
              id="key"
              type="password"
              autoComplete="off"
              spellCheck={false}
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
              aria-describedby="key-hint key-problem"
              aria-invalid={problem !== ''}
            />
            <p id="key-hint" className="hint">
              {text.key.hint}
            </p>
            <p id="key-problem" className="wrong" role="alert">
              {problem}
            </p>
          </div>
          <button className="main" type="submit">
            {text.key.open}
          </button>
        </form>
      </div>
    </main>
  );
}
