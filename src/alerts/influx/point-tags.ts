import { tagSet } from './line-protocol.ts';

/** Names that points have already, as tags or as fields, or that InfluxDB keeps for itself. */
const taken = new Set(
  (
    'asset class rule state time id summary score peak_score priority model channel share active to seconds ' +
    '_measurement _field _value _time'
  ).split(' '),
);

/** A label of the topic under its own name, or as `label_NAME` where points have that name already. */
function labelTag(name: string): string {
  return taken.has(name) ? `label_${name}` : name;
}

interface Place {
  readonly id: string;
  readonly className: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The tags of everything that is about one asset. Their number is bounded by the plant: no ids, no free text. */
export function assetTags(
  { id, className, labels }: Place,
  more: Readonly<Record<string, string>> = {},
): string {
  const tags: Record<string, string> = { asset: id, class: className, ...more };
  for (const [name, value] of Object.entries(labels)) tags[labelTag(name)] = value;
  return tagSet(tags);
}
