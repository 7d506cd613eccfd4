import { useComputedColorScheme } from '@mantine/core';
import { IconBolt, IconDatabase, IconDeviceDesktopAnalytics, IconRouter, IconServer2 } from '@tabler/icons-react';
import {
  Background, BaseEdge, Controls, EdgeLabelRenderer, getBezierPath, Handle, Position, ReactFlow, type Edge, type EdgeProps,
  type Node, type NodeProps,
} from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import { useMemo } from 'react';
import { StateBadge, toneOf } from '../../components/StateBadge';
import { si } from '../../format/numbers';
import { layOut, nodeSize, type MapEdge, type MapNode } from './layout';
import styles from './TopologyMap.module.css';
import { modelNames, type Section, type SourceGroup } from './sections';
import type { Unit } from './useTopology';

type UnitNode = Node<{ unit: Unit; chosen: boolean }, 'unit'>;
type SourceNode = Node<{ source: SourceGroup }, 'source'>;

const icons = { master: IconDeviceDesktopAnalytics, proxy: IconRouter, slave: IconServer2, standalone: IconBolt };

function UnitBox({ data: { unit, chosen } }: NodeProps<UnitNode>) {
  const Icon = icons[unit.role];
  const carries = unit.role !== 'master';
  return (
    <div className={styles.unit} data-tone={toneOf(unit.status.state)} data-chosen={chosen || undefined}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <Icon size={20} stroke={1.6} className={styles.unitIcon} aria-hidden />
      <span className={styles.unitText}>
        <strong>{unit.name}</strong>
        <span className={styles.unitLine}>
          <StateBadge state={unit.status.state} />
          {carries && <span>{si(unit.status.rates.keptPerSecond)}/s</span>}
        </span>
      </span>
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
}

function SourceBox({ data: { source } }: NodeProps<SourceNode>) {
  return (
    <div className={styles.source}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <IconDatabase size={18} stroke={1.6} aria-hidden />
      <span className={styles.unitText}>
        <strong>{source.name}</strong>
        <span className={styles.unitLine}>
          {modelNames[source.model]} · {source.delivery} · UDP {source.listen.join(', ')}
        </span>
      </span>
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
}

const nodeTypes = { unit: UnitBox, source: SourceBox };

type RateEdge = Edge<{ rate?: string }, 'rate'>;

/** A connection with what flows over it. */
function RateLine({ data, id, ...ends }: EdgeProps<RateEdge>) {
  const [path, x, y] = getBezierPath(ends);
  return (
    <>
      <BaseEdge id={id} path={path} />
      {data?.rate && (
        <EdgeLabelRenderer>
          <span className={styles.rate} style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}>
            {data.rate}
          </span>
        </EdgeLabelRenderer>
      )}
    </>
  );
}

const edgeTypes = { rate: RateLine };

function toNode(n: MapNode, chosen: string | undefined): UnitNode | SourceNode {
  const common = { id: n.id, position: { x: n.x, y: n.y }, ...nodeSize, draggable: false, connectable: false };
  return n.kind === 'source'
    ? { ...common, type: 'source', data: { source: n.source }, selectable: false, focusable: false }
    : { ...common, type: 'unit', data: { unit: n.unit, chosen: n.id === chosen }, ariaLabel: `${n.unit.role} ${n.unit.name}, ${n.unit.status.state}` };
}

function toEdge(e: MapEdge): RateEdge {
  const flows = e.kind === 'flows';
  return {
    id: e.id,
    type: 'rate',
    source: e.from,
    target: e.to,
    focusable: false,
    selectable: false,
    data: flows ? { rate: `${si(e.rate)}/s` } : {},
    className: flows ? styles.flows : styles.control,
  };
}

type Props = { sections: readonly Section[]; chosen?: string; choose: (unit: string) => void };

/** The deployment as a picture; the table beneath says the same in words. */
export default function TopologyMap({ sections, chosen, choose }: Props) {
  const scheme = useComputedColorScheme('light');
  const { nodes, edges } = useMemo(() => layOut(sections), [sections]);
  return (
    <ReactFlow
      className={styles.map}
      nodes={nodes.map((n) => toNode(n, chosen))}
      edges={edges.map(toEdge)}
      nodeTypes={nodeTypes}
      edgeTypes={edgeTypes}
      colorMode={scheme}
      onNodeClick={(_, node) => node.type === 'unit' && choose(node.id)}
      nodesDraggable={false}
      nodesConnectable={false}
      edgesFocusable={false}
      zoomOnScroll={false}
      preventScrolling={false}
      minZoom={0.3}
      maxZoom={1.4}
      fitView
      fitViewOptions={{ padding: 0.08, maxZoom: 1.1 }}
      proOptions={{ hideAttribution: true }}
      aria-label="Map of the deployment"
    >
      <Background gap={18} size={1} />
      <Controls showInteractive={false} position="bottom-right" />
    </ReactFlow>
  );
}
