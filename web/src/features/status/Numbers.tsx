/** Named numbers, side by side. */
export function Numbers({ of }: { of: readonly (readonly [name: string, value: string])[] }) {
  return (
    <dl className="numbers">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
