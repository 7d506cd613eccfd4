/** The head of a column; numbers stand to the right, what needs no word on the screen is hidden. */
export type Head = readonly [name: string, kind?: 'num' | 'hidden'];

/** The first row of a table. */
export const Heads = ({ of }: { of: readonly Head[] }) => (
  <thead>
    <tr>
      {of.map(([name, kind]) => (
        <th key={name} scope="col" className={kind === 'num' ? kind : undefined}>
          {kind === 'hidden' ? <span className="hidden">{name}</span> : name}
        </th>
      ))}
    </tr>
  </thead>
);
