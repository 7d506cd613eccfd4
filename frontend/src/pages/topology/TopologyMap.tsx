import { useComputedColorScheme } from '@mantine/core';
import { IconBolt, IconDatabase, IconDeviceDesktopAnalytics, IconRouter, IconServer2 } from '@tabler/icons-react';
import {
  Background, BaseEdge, Controls, EdgeLabelRenderer, getBezierPath, Handle, Position, ReactFlow, type Edge, type EdgeProps,
  type Node, type NodeProps, type ReactFlowInstance,
} from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import { useElementSize } from '@mantine/hooks';
import { createContext, use, useEffect, useMemo, useState } from 'react';
import { StateBadge, toneOf } from '../../components/StateBadge';
import { si } from '../../format/numbers';
import { layOut, nodeSize, type Direction, type MapEdge, type MapNode } from './layout';
import styles from './TopologyMap.module.css';
import { modelNames, type Choices, type Section, type SourceGroup } from './sections';
import type { Unit } from './useTopology';

type UnitNode = Node<{ unit: Unit; chosen: boolean }, 'unit'>;
type SourceNode = Node<{ source: SourceGroup; chosen: boolean }, 'source'>;

const Way = createContext<Direction>('LR');

/** Where edges come in and go out. */
function Handles() {
  const across = use(Way) === 'LR';
  return (
    <>
      <Handle type="target" position={across ? Position.Left : Position.Top} isConnectable={false} />
      <Handle type="source" position={across ? Position.Right : Position.Bottom} isConnectable={false} />
    </>
  );
}

const icons = { master: IconDeviceDesktopAnalytics, proxy: IconRouter, slave: IconServer2, standalone: IconBolt };

function UnitBox({ data: { unit, chosen } }: NodeProps<UnitNode>) {
  const Icon = icons[unit.role];
  const carries = unit.role !== 'master';
  return (
    <div className={styles.unit} data-tone={toneOf(unit.status.state)} data-chosen={chosen || undefined}>
      <Handles />
      <Icon size={20} stroke={1.6} className={styles.unitIcon} aria-hidden />
      <span className={styles.unitText}>
        <strong>{unit.name}</strong>
        <span className={styles.unitLine}>
          <StateBadge state={unit.status.state} />
          {carries && <span>{si(unit.status.rates.keptPerSecond)}/s</span>}
        </span>
      </span>
    </div>
  );
}

function SourceBox({ data: { source, chosen } }: NodeProps<SourceNode>) {
  return (
    <div className={styles.source} data-chosen={chosen || undefined}>
      <Handles />
      <IconDatabase size={18} stroke={1.6} aria-hidden />
      <span className={styles.unitText}>
        <strong>{source.name}</strong>
        <span className={styles.unitLine}>
          {modelNames[source.model]} · {source.delivery} · UDP {source.listen.join(', ')}
        </span>
      </span>
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
    ? { ...common, type: 'source', data: { source: n.source, chosen: n.id === chosen }, ariaLabel: `source group ${n.source.name}` }
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

type Props = Choices & { sections: readonly Section[] };

/** Below this width, in pixels, the map reads from the top down. */
const narrow = 620;

const fit = { padding: 0.08, maxZoom: 1.1 };

/** The deployment as a picture; the table beneath says the same in words. */
export default function TopologyMap({ sections, chosen, chooseUnit, chooseGroup }: Props) {
  const scheme = useComputedColorScheme('light');
  const { ref, width, height } = useElementSize();
  const direction: Direction = width < narrow ? 'TB' : 'LR';
  const { nodes, edges } = useMemo(() => layOut(sections, direction), [sections, direction]);
  const [map, setMap] = useState<ReactFlowInstance<UnitNode | SourceNode, RateEdge>>();
  useEffect(() => {
    void map?.fitView(fit);
  }, [map, width, height, direction, nodes.length]);
  return (
    <div ref={ref} className={styles.whole}>
      {width > 0 && (
        <Way value={direction}>
          <ReactFlow
            key={direction}
            className={styles.map}
            nodes={nodes.map((n) => toNode(n, chosen))}
            edges={edges.map(toEdge)}
            nodeTypes={nodeTypes}
            edgeTypes={edgeTypes}
            colorMode={scheme}
            onInit={setMap}
            onNodeClick={(_, node) => (node.type === 'unit' ? chooseUnit(node.id) : chooseGroup(node.id))}
            nodesDraggable={false}
            nodesConnectable={false}
            edgesFocusable={false}
            zoomOnScroll={false}
            preventScrolling={false}
            minZoom={0.3}
            maxZoom={1.4}
            fitView
            fitViewOptions={fit}
            proOptions={{ hideAttribution: true }}
            aria-label="Map of the deployment"
          >
            <Background gap={18} size={1} />
            <Controls showInteractive={false} position="bottom-right" />
          </ReactFlow>
        </Way>
      )}
    </div>
  );
}
