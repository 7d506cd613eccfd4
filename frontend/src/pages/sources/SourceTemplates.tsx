import { SmallTable } from '../../components/SmallTable';
import { exact } from '../../format/numbers';
import { sum } from '../../lists';
import { protocolName } from '../../format/words';
import type { Exporter } from './exporters';
import { placed, Warned } from './FactTables';
import type { Detail } from './interfaces';
import { placeOf } from './source';

type Props = { exporter: Exporter; /** Undefined while it is asked for. */ details: readonly Detail[] | undefined };

/** The templates that an exporter has announced, by unit and domain. */
export function SourceTemplates({ exporter, details }: Props) {
  const changes = sum(exporter.sources, (s) => Number(s.templates.changes));
  if (exporter.templates.count === 0 && changes === 0) return <p className="dim">None: what it sends needs none, or none came yet.</p>;
  const known = exporter.sources.flatMap((s) =>
    (details?.find((d) => d.id === s.id)?.templates.known ?? []).map((t) => ({ ...t, key: `${s.id} ${t.protocol} ${t.id}`, place: placeOf(s, exporter.sources) })),
  );
  const more = sum(exporter.sources, (s) => s.templates.count) - known.length;
  return (
    <>
      {exporter.templates.isFlapping && <p><Warned>They change to and fro: several exporters behind one address.</Warned></p>}
      {changes > 0 && <p className="dim">{exact(changes)} times another layout came under a known ID.</p>}
      {known.length > 0 && (
        <SmallTable label="Templates by unit and domain" heads={[placed(exporter.sources), ['Protocol'], ['ID', 'num'], ['Fields', 'num'], ['For']]}>
          {known.map((t) => (
            <tr key={t.key}>
              {exporter.sources.length > 1 && <td>{t.place}</td>}
              <td>{protocolName(t.protocol)}</td>
              <td className="num">{t.id}</td>
              <td className="num">{t.fields}</td>
              <td>{t.isOptions ? 'options' : 'flows'}</td>
            </tr>
          ))}
        </SmallTable>
      )}
      {details && more > 0 && <p className="dim">and {exact(more)} more</p>}
    </>
  );
}
