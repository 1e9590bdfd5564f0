/**
 * The registry in DynamoDB: a cell is an item, a write is conditional, a read of a registry kind is strongly consistent.
 * Uses only what a strongly consistent global table has: no transactions, no TTL and no index on the registry's table.
 *
 * A revision is a random number written with the body. It is never given twice, not even to a cell that was removed and
 * made again; and a write whose first answer was lost finds its own number there when it is tried again, and so knows
 * that it was written. If somebody has written over it by then, the answer is a conflict: the caller looks again.
 * `absent` is DynamoDB's word that there is none; anything that keeps it from answering is RegistryUnavailable.
 */
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandOutput,
  ReplicatedWriteConflictException,
} from "@aws-sdk/client-dynamodb";
import { RegistryUnavailable } from "../core/kernel/errors.ts";
import type { Clock, Entropy, Expected, Registry, Revision } from "../core/kernel/ports.ts";
import type { RecordKind, RecordOf } from "../core/kernel/records.ts";
import { systemClock } from "./clock-system.ts";
import { systemEntropy } from "./entropy-system.ts";
import {
  BODY_BYTES_MAX,
  checkKey,
  checkLimit,
  decodeBody,
  encodeBody,
  expiresAtS,
  isTransient,
  LIST_ITEMS_MAX,
  listBounds,
  partitionOf,
} from "./registry-cells.ts";
import { answered, failure, openClient } from "./registry-dynamo-calls.ts";
import { fromAttribute, toAttributes } from "./registry-dynamo-values.ts";

/** DynamoDB gives 1 MiB a page: the pages that the longest listing of the largest items needs, and as many again that hold only what has expired. */
const PAGES_MAX = 2 * Math.ceil((LIST_ITEMS_MAX * BODY_BYTES_MAX) / (1_024 * 1_024));

type Item = Record<string, AttributeValue>;

export type DynamoRegistryOptions = {
  fleet: string;
  registryTable: string;
  registryRegion: string;
  vitalsTable: string;
  /** Where the caller runs: its own vitals table is there. */
  region: string;
  clock?: Clock;
  entropy?: Entropy;
  /** Else what the SDK finds in AWS_ENDPOINT_URL. */
  endpoint?: string;
};

export function dynamoRegistry(options: DynamoRegistryOptions): Registry & { close(): void } {
  const { fleet, clock = systemClock(), entropy = systemEntropy() } = options;
  const clients = new Map<string, DynamoDBClient>();
  const clientIn = (region: string): DynamoDBClient => {
    const client = clients.get(region) ?? openClient(region, options.endpoint);
    clients.set(region, client);
    return client;
  };
  const placeOf = (kind: RecordKind) => {
    const transient = isTransient(kind);
    const client = clientIn(transient ? options.region : options.registryRegion);
    return { client, TableName: transient ? options.vitalsTable : options.registryTable, ConsistentRead: !transient };
  };
  const nowS = () => Math.floor(clock.wallMs() / 1_000);
  const newRevision = (): Revision => Buffer.from(entropy.bytes(6)).readUIntBE(0, 6);

  const keyOf = (kind: RecordKind, key: string) => toAttributes({ pk: partitionOf(fleet, kind), sk: key });

  const readItem = async (kind: RecordKind, key: string): Promise<Item | null> => {
    const { client, TableName, ConsistentRead } = placeOf(kind);
    const command = new GetItemCommand({ TableName, ConsistentRead, Key: keyOf(kind, key) });
    const { Item } = await answered(`read ${kind} ${key} in ${TableName}`, client.send(command));
    /** TTL deletes hours late: what has expired is gone for us at once. */
    return Item === undefined || (Item.expiresAtS?.N !== undefined && Number(Item.expiresAtS.N) <= nowS()) ? null : Item;
  };

  return {
    name: options.registryTable,
    close() {
      for (const client of clients.values()) client.destroy();
    },

    async read(kind, key) {
      checkKey(kind, key);
      const item = await readItem(kind, key);
      return item === null
        ? { kind: "absent" }
        : { kind: "found", value: decodeBody(kind, key, fromAttribute(item.body)), revision: revisionOf(item) };
    },

    async write(kind, key, value, expected) {
      checkKey(kind, key);
      const { body } = encodeBody(kind, key, value);
      const { client, TableName } = placeOf(kind);
      const revision = newRevision();
      const expiry = expiresAtS(kind, clock.wallMs());
      const command = new PutItemCommand({
        TableName,
        Item: { ...keyOf(kind, key), ...toAttributes({ body, revision, ...(expiry === null ? {} : { expiresAtS: expiry }) }) },
        ...conditionOf(expected, isTransient(kind), nowS()),
      });
      try {
        await client.send(command);
        return { kind: "written", revision };
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) {
          const found = error.Item ?? (await readItem(kind, key));
          return found !== null && revisionOf(found) === revision ? { kind: "written", revision } : { kind: "conflict" };
        }
        /** Another Region is writing the same item. The SDK has tried again; a conditional writer must look again. */
        if (error instanceof ReplicatedWriteConflictException && expected !== "any") return { kind: "conflict" };
        throw failure(`write ${kind} ${key} in ${TableName}`, error);
      }
    },

    async list<K extends RecordKind>(kind: K, { limit, ...range }: Parameters<Registry["list"]>[1]) {
      checkLimit(limit);
      const bounds = listBounds(range);
      const listed: { key: string; value: RecordOf<K>; revision: Revision }[] = [];
      if (bounds === null) return listed;
      const { client, TableName, ConsistentRead } = placeOf(kind);
      let start: Item | undefined;
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const command: QueryCommand = new QueryCommand({
          TableName,
          ConsistentRead,
          KeyConditionExpression: "pk = :pk AND sk BETWEEN :low AND :high",
          ExpressionAttributeValues: toAttributes({
            ":pk": partitionOf(fleet, kind),
            ":low": bounds.low,
            ":high": bounds.high,
            ...(isTransient(kind) ? { ":now": nowS() } : {}),
          }),
          ...(isTransient(kind) ? { FilterExpression: "expiresAtS > :now" } : {}),
          ScanIndexForward: !range.newestFirst,
          /** One more, since the cell that `after` names is met first and left out. */
          Limit: limit - listed.length + 1,
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        });
        const { Items = [], LastEvaluatedKey }: QueryCommandOutput = await answered(`list ${kind} in ${TableName}`, client.send(command));
        for (const item of Items) {
          const key = item.sk?.S ?? "";
          if (key === range.after) continue;
          listed.push({ key, value: decodeBody(kind, key, fromAttribute(item.body)), revision: revisionOf(item) });
          if (listed.length === limit) return listed;
        }
        if (LastEvaluatedKey === undefined) return listed;
        start = LastEvaluatedKey;
      }
      throw new RegistryUnavailable({ action: `list ${kind} in ${TableName}`, cause: `more than ${PAGES_MAX} pages for ${limit} items` });
    },

    async remove(kind, key) {
      checkKey(kind, key);
      const { client, TableName } = placeOf(kind);
      await answered(`remove ${kind} ${key} in ${TableName}`, client.send(new DeleteItemCommand({ TableName, Key: keyOf(kind, key) })));
    },
  };
}

function conditionOf(expected: Expected, transient: boolean, nowS: number) {
  if (expected === "any") return {};
  const absent = transient ? "attribute_not_exists(pk) OR expiresAtS <= :now" : "attribute_not_exists(pk)";
  const present = transient ? "revision = :expected AND expiresAtS > :now" : "revision = :expected";
  const values = { ...(transient ? { ":now": nowS } : {}), ...(expected === "absent" ? {} : { ":expected": expected }) };
  return {
    ConditionExpression: expected === "absent" ? absent : present,
    ...(Object.keys(values).length > 0 ? { ExpressionAttributeValues: toAttributes(values) } : {}),
    ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
  };
}

const revisionOf = (item: Item): Revision => Number(item.revision?.N);
