import type { AssetIdentity, InventoryEntry } from './asset-inventory.ts';
import type { IngestClass } from './ingest-class.ts';
import type { RefusalReason } from './refusal.ts';
import { matchesTemplate, parseTopicTemplate, type TopicTemplate } from './topic-template.ts';

/** What is known of a topic, decided once. */
export type Route = RefusedRoute | AssetRoute;

interface RefusedRoute {
  readonly refusal: RefusalReason;
  readonly detail: string | null;
}

export interface AssetRoute {
  readonly refusal: null;
  readonly identity: AssetIdentity;
  /** Index of the channel that the topic carries; -1 when the payload holds the channels. */
  readonly channel: number;
  /** Filled in by the first reading: a topic that never carries one makes no asset. */
  entry: InventoryEntry | null;
}

const LABEL_LIMIT = 128;
/** Longer topics are refused without being remembered, so that the cache has a bound in bytes too. */
const TOPIC_LIMIT = 1024;
const BAD_TOPIC: RefusedRoute = { refusal: 'bad_topic', detail: null };
const NO_CLASS: RefusedRoute = { refusal: 'no_class', detail: null };

interface RoutedClass {
  readonly name: string;
  readonly template: TopicTemplate;
  readonly channels: ReadonlyMap<string, number>;
}

/**
 * Decides topics and remembers the decision in two generations of at most `capacity` topics each: when the young
 * one is full the old one is dropped and the young grows old. That keeps what was used lately, as an LRU list
 * does, without rewriting the list at every message.
 */
export class TopicRouter {
  readonly #classes: readonly RoutedClass[];
  readonly #capacity: number;
  #young = new Map<string, Route>();
  #old = new Map<string, Route>();

  /** Throws `TOPIC_TEMPLATE_INVALID` when a class has a bad template. */
  constructor(classes: readonly IngestClass[], capacity: number) {
    this.#capacity = capacity;
    this.#classes = classes.map((spec) => ({
      name: spec.name,
      template: parseTopicTemplate(spec.topic),
      channels: new Map(spec.channels.map((channel, index) => [channel.path, index])),
    }));
  }

  route(topic: string): Route {
    const young = this.#young.get(topic);
    if (young !== undefined) return young;
    if (topic.length > TOPIC_LIMIT) return BAD_TOPIC;
    const route = this.#old.get(topic) ?? this.#decide(topic);
    if (this.#young.size >= this.#capacity) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(topic, route);
    return route;
  }

  /** Who has this id among the assets of the class; null when its topics would give another one. */
  identityOf(className: string, id: string): AssetIdentity | null {
    const classIndex = this.#classes.findIndex(({ name }) => name === className);
    if (classIndex < 0) return null;
    const names = this.#classes[classIndex]!.template.labels.map(({ name }) => name);
    const values = id.split('/');
    if (values.length !== names.length || !values.every(isLabelValue)) return null;
    const labels = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
    return { classIndex, className, id, labels };
  }

  #decide(topic: string): Route {
    const segments = topic.split('/');
    const classIndex = this.#classes.findIndex(({ template }) => matchesTemplate(template, segments));
    if (classIndex < 0) return NO_CLASS;
    const { name: className, template, channels } = this.#classes[classIndex]!;

    const values: string[] = [];
    const labels: Record<string, string> = {};
    for (const { name, segment } of template.labels) {
      const value = segments[segment]!;
      if (!isLabelValue(value)) return BAD_TOPIC;
      values.push(value);
      labels[name] = value;
    }
    const identity: AssetIdentity = { classIndex, className, id: values.join('/'), labels };
    if (template.channelSegment < 0) return { refusal: null, identity, channel: -1, entry: null };

    const name = segments[template.channelSegment]!;
    if (!isLabelValue(name)) return BAD_TOPIC;
    const channel = channels.get(name);
    if (channel !== undefined) return { refusal: null, identity, channel, entry: null };
    return { refusal: 'unknown_channel', detail: `Class ${className} has no channel "${name}".` };
  }
}

function isLabelValue(text: string): boolean {
  if (text.length === 0 || text.length > LABEL_LIMIT) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || (code >= 127 && code < 160)) return false;
  }
  return true;
}
