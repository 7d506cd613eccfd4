/* eslint-disable */
import * as types from './graphql';



/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "query FilterValidate($text: String!) {\n  filterValidate(text: $text) {\n    offset\n    length\n    message\n    expected\n  }\n}\n\nquery FlowFields {\n  fields {\n    name\n    kind\n    groupable\n    description\n  }\n}": typeof types.FilterValidateDocument,
    "fragment JobParts on QueryJob {\n  id\n  state\n  error\n  progress {\n    unit\n    state\n    rowsScanned\n    segmentsDone\n    segments\n  }\n}\n\nfragment ResultParts on QueryResult {\n  kind\n  from\n  to\n  step\n  columns {\n    name\n    kind\n  }\n  rows\n  total\n  groups\n  method\n  coverage {\n    complete\n    unitsAsked\n    unitsAnswered\n    missing {\n      unit\n      from\n      to\n      reason\n    }\n    answeredBySecondary\n  }\n  stats {\n    rowsScanned\n    rowsMatched\n    bytesRead\n    segments\n    cachedSegments\n    elapsedMs\n  }\n}\n\nmutation StartQuery($input: QueryInput!, $wait: Duration!) {\n  startQuery(input: $input, wait: $wait) {\n    ...JobParts\n    result {\n      ...ResultParts\n    }\n  }\n}\n\nquery QueryJob($id: ID!) {\n  query(id: $id) {\n    ...JobParts\n    result {\n      ...ResultParts\n    }\n  }\n}\n\nquery QueryState($id: ID!) {\n  query(id: $id) {\n    ...JobParts\n  }\n}\n\nsubscription QueryProgress($id: ID!) {\n  queryProgress(id: $id) {\n    ...JobParts\n  }\n}\n\nmutation StopQuery($id: ID!) {\n  stopQuery(id: $id) {\n    id\n    state\n  }\n}\n\nmutation CancelQuery($id: ID!) {\n  cancelQuery(id: $id) {\n    id\n    state\n  }\n}": typeof types.JobPartsFragmentDoc,
    "fragment TopologyParts on Topology {\n  cluster\n  revision\n  units {\n    id\n    name\n    role\n    control\n    query\n    joined\n    status {\n      state\n      reason\n      lastSeen\n      started\n      version\n      applied\n      lag\n      checks {\n        name\n        ok\n        reason\n      }\n      rates {\n        packetsPerSecond\n        recordsPerSecond\n        keptPerSecond\n        droppedPerSecond\n        packets\n        records\n        kept\n        dropped\n      }\n      memoryBytes\n      storeBytes\n      storeRows\n      oldest\n      newest\n    }\n  }\n  proxyGroups {\n    id\n    name\n    priority\n    sourceGroup {\n      id\n    }\n    proxy {\n      id\n    }\n    slaves {\n      weight\n      unit {\n        id\n      }\n    }\n  }\n  sourceGroups {\n    id\n    name\n    description\n    model\n    delivery\n    listen\n  }\n}\n\nquery Topology {\n  topology {\n    ...TopologyParts\n  }\n}\n\nsubscription TopologyChanged {\n  topologyChanged {\n    ...TopologyParts\n  }\n}": typeof types.TopologyPartsFragmentDoc,
    "query Me {\n  me {\n    name\n    role\n  }\n  version {\n    version\n    commit\n  }\n}": typeof types.MeDocument,
};
const documents: Documents = {
    "query FilterValidate($text: String!) {\n  filterValidate(text: $text) {\n    offset\n    length\n    message\n    expected\n  }\n}\n\nquery FlowFields {\n  fields {\n    name\n    kind\n    groupable\n    description\n  }\n}": types.FilterValidateDocument,
    "fragment JobParts on QueryJob {\n  id\n  state\n  error\n  progress {\n    unit\n    state\n    rowsScanned\n    segmentsDone\n    segments\n  }\n}\n\nfragment ResultParts on QueryResult {\n  kind\n  from\n  to\n  step\n  columns {\n    name\n    kind\n  }\n  rows\n  total\n  groups\n  method\n  coverage {\n    complete\n    unitsAsked\n    unitsAnswered\n    missing {\n      unit\n      from\n      to\n      reason\n    }\n    answeredBySecondary\n  }\n  stats {\n    rowsScanned\n    rowsMatched\n    bytesRead\n    segments\n    cachedSegments\n    elapsedMs\n  }\n}\n\nmutation StartQuery($input: QueryInput!, $wait: Duration!) {\n  startQuery(input: $input, wait: $wait) {\n    ...JobParts\n    result {\n      ...ResultParts\n    }\n  }\n}\n\nquery QueryJob($id: ID!) {\n  query(id: $id) {\n    ...JobParts\n    result {\n      ...ResultParts\n    }\n  }\n}\n\nquery QueryState($id: ID!) {\n  query(id: $id) {\n    ...JobParts\n  }\n}\n\nsubscription QueryProgress($id: ID!) {\n  queryProgress(id: $id) {\n    ...JobParts\n  }\n}\n\nmutation StopQuery($id: ID!) {\n  stopQuery(id: $id) {\n    id\n    state\n  }\n}\n\nmutation CancelQuery($id: ID!) {\n  cancelQuery(id: $id) {\n    id\n    state\n  }\n}": types.JobPartsFragmentDoc,
    "fragment TopologyParts on Topology {\n  cluster\n  revision\n  units {\n    id\n    name\n    role\n    control\n    query\n    joined\n    status {\n      state\n      reason\n      lastSeen\n      started\n      version\n      applied\n      lag\n      checks {\n        name\n        ok\n        reason\n      }\n      rates {\n        packetsPerSecond\n        recordsPerSecond\n        keptPerSecond\n        droppedPerSecond\n        packets\n        records\n        kept\n        dropped\n      }\n      memoryBytes\n      storeBytes\n      storeRows\n      oldest\n      newest\n    }\n  }\n  proxyGroups {\n    id\n    name\n    priority\n    sourceGroup {\n      id\n    }\n    proxy {\n      id\n    }\n    slaves {\n      weight\n      unit {\n        id\n      }\n    }\n  }\n  sourceGroups {\n    id\n    name\n    description\n    model\n    delivery\n    listen\n  }\n}\n\nquery Topology {\n  topology {\n    ...TopologyParts\n  }\n}\n\nsubscription TopologyChanged {\n  topologyChanged {\n    ...TopologyParts\n  }\n}": types.TopologyPartsFragmentDoc,
    "query Me {\n  me {\n    name\n    role\n  }\n  version {\n    version\n    commit\n  }\n}": types.MeDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query FilterValidate($text: String!) {\n  filterValidate(text: $text) {\n    offset\n    length\n    message\n    expected\n  }\n}\n\nquery FlowFields {\n  fields {\n    name\n    kind\n    groupable\n    description\n  }\n}"): typeof import('./graphql').FilterValidateDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "fragment JobParts on QueryJob {\n  id\n  state\n  error\n  progress {\n    unit\n    state\n    rowsScanned\n    segmentsDone\n    segments\n  }\n}\n\nfragment ResultParts on QueryResult {\n  kind\n  from\n  to\n  step\n  columns {\n    name\n    kind\n  }\n  rows\n  total\n  groups\n  method\n  coverage {\n    complete\n    unitsAsked\n    unitsAnswered\n    missing {\n      unit\n      from\n      to\n      reason\n    }\n    answeredBySecondary\n  }\n  stats {\n    rowsScanned\n    rowsMatched\n    bytesRead\n    segments\n    cachedSegments\n    elapsedMs\n  }\n}\n\nmutation StartQuery($input: QueryInput!, $wait: Duration!) {\n  startQuery(input: $input, wait: $wait) {\n    ...JobParts\n    result {\n      ...ResultParts\n    }\n  }\n}\n\nquery QueryJob($id: ID!) {\n  query(id: $id) {\n    ...JobParts\n    result {\n      ...ResultParts\n    }\n  }\n}\n\nquery QueryState($id: ID!) {\n  query(id: $id) {\n    ...JobParts\n  }\n}\n\nsubscription QueryProgress($id: ID!) {\n  queryProgress(id: $id) {\n    ...JobParts\n  }\n}\n\nmutation StopQuery($id: ID!) {\n  stopQuery(id: $id) {\n    id\n    state\n  }\n}\n\nmutation CancelQuery($id: ID!) {\n  cancelQuery(id: $id) {\n    id\n    state\n  }\n}"): typeof import('./graphql').JobPartsFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "fragment TopologyParts on Topology {\n  cluster\n  revision\n  units {\n    id\n    name\n    role\n    control\n    query\n    joined\n    status {\n      state\n      reason\n      lastSeen\n      started\n      version\n      applied\n      lag\n      checks {\n        name\n        ok\n        reason\n      }\n      rates {\n        packetsPerSecond\n        recordsPerSecond\n        keptPerSecond\n        droppedPerSecond\n        packets\n        records\n        kept\n        dropped\n      }\n      memoryBytes\n      storeBytes\n      storeRows\n      oldest\n      newest\n    }\n  }\n  proxyGroups {\n    id\n    name\n    priority\n    sourceGroup {\n      id\n    }\n    proxy {\n      id\n    }\n    slaves {\n      weight\n      unit {\n        id\n      }\n    }\n  }\n  sourceGroups {\n    id\n    name\n    description\n    model\n    delivery\n    listen\n  }\n}\n\nquery Topology {\n  topology {\n    ...TopologyParts\n  }\n}\n\nsubscription TopologyChanged {\n  topologyChanged {\n    ...TopologyParts\n  }\n}"): typeof import('./graphql').TopologyPartsFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Me {\n  me {\n    name\n    role\n  }\n  version {\n    version\n    commit\n  }\n}"): typeof import('./graphql').MeDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
