/** Places the units on the map: Masters, source groups, Proxies, Slaves. */
import { graphlib, layout as dagreLayout } from '@dagrejs/dagre';
import type { Section, SourceGroup, ProxyGroup } from './sections';
import type { Unit } from './useTopology';

export type MapNode =
  | { id: string; kind: 'unit'; unit: Unit; group?: ProxyGroup; x: number; y: number }
  | { id: string; kind: 'source'; source: SourceGroup; x: number; y: number };

export type MapEdge = { id: string; from: string; to: string; kind: 'control' | 'flows'; rate: number };

export const nodeSize = { width: 206, height: 56 };

/** From left to right, or from the top down where there is no room for that. */
export type Direction = 'LR' | 'TB';

/** The pieces of the map, without positions. */
function pieces(sections: readonly Section[]): { nodes: MapNode[]; edges: MapEdge[] } {
  const nodes: MapNode[] = [];
  const edges: MapEdge[] = [];
  const masters = sections.flatMap((s) => (s.kind === 'masters' ? s.places.map((p) => p.unit.id) : []));
  for (const section of sections) {
    if (section.kind === 'source') {
      nodes.push({ id: section.key, kind: 'source', source: section.source, x: 0, y: 0 });
      for (const m of masters) edges.push({ id: `${m}-${section.key}`, from: m, to: section.key, kind: 'control', rate: 0 });
    }
    for (const { unit, group } of section.places) {
      nodes.push({ id: unit.id, kind: 'unit', unit, group, x: 0, y: 0 });
      const above = group?.proxy.id === unit.id ? (section.kind === 'source' ? section.key : undefined) : group?.proxy.id;
      if (!above) continue;
      edges.push({ id: `${above}-${unit.id}`, from: above, to: unit.id, kind: 'flows', rate: unit.status.rates.recordsPerSecond });
    }
  }
  const known = new Set(nodes.map((n) => n.id)); // a filter may have left out either end
  return { nodes, edges: edges.filter((e) => known.has(e.from) && known.has(e.to)) };
}

export function layOut(sections: readonly Section[], direction: Direction): { nodes: MapNode[]; edges: MapEdge[] } {
  const { nodes, edges } = pieces(sections);
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: direction, nodesep: 18, ranksep: direction === 'LR' ? 104 : 44, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const n of nodes) graph.setNode(n.id, { ...nodeSize });
  for (const e of edges) graph.setEdge(e.from, e.to);
  dagreLayout(graph);
  const placed = nodes.map((n) => {
    const at = graph.node(n.id) as { x: number; y: number };
    return { ...n, x: at.x - nodeSize.width / 2, y: at.y - nodeSize.height / 2 };
  });
  return { nodes: placed, edges };
}
