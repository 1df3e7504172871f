import { TEN_MINUTES_MS } from './alarm-flood.ts';
import { type AlarmKpis, alarmKpis } from './alarm-kpis.ts';
import type { AlarmLog } from './alarm-log.ts';
import { type AlarmRecord, alarmRecords } from './alarm-record.ts';

/** Figures of the whole plant, of each site, of each class, and of each class at each site. */
export interface AlarmKpiReport {
  readonly total: AlarmKpis;
  readonly sites: readonly { readonly site: string; readonly kpis: AlarmKpis }[];
  readonly classes: readonly { readonly class: string; readonly kpis: AlarmKpis }[];
  readonly groups: readonly { readonly site: string; readonly class: string; readonly kpis: AlarmKpis }[];
}

/** More of a kind than this are left out, those with the fewest alerts first. */
const MOST_GROUPS = 100;

/** The report from the journal; null when there are too many alerts from `since` on to be read at once. */
export function readAlarmKpis(
  log: AlarmLog,
  since: number,
  until: number,
  siteLabel: string,
): AlarmKpiReport | null {
  // A flood may have begun before.
  const lines = log.lines(since - TEN_MINUTES_MS);
  return lines === null ? null : alarmKpiReport(alarmRecords(lines), since, until, siteLabel);
}

/** `siteLabel` names the label that says where an asset is; assets without it are at site ''. */
export function alarmKpiReport(
  records: readonly AlarmRecord[],
  since: number,
  until: number,
  siteLabel: string,
): AlarmKpiReport {
  const siteOf = ({ labels }: AlarmRecord) => (Object.hasOwn(labels, siteLabel) ? labels[siteLabel]! : '');
  const kpis = (group: readonly AlarmRecord[]) => alarmKpis(group, since, until);
  return {
    total: kpis(records),
    sites: groupsOf(records, siteOf).map((group) => ({ site: siteOf(group[0]!), kpis: kpis(group) })),
    classes: groupsOf(records, ({ className }) => className).map((group) => ({
      class: group[0]!.className,
      kpis: kpis(group),
    })),
    groups: groupsOf(records, (record) => JSON.stringify([siteOf(record), record.className])).map(
      (group) => ({
        site: siteOf(group[0]!),
        class: group[0]!.className,
        kpis: kpis(group),
      }),
    ),
  };
}

function groupsOf(
  records: readonly AlarmRecord[],
  keyOf: (record: AlarmRecord) => string,
): readonly (readonly AlarmRecord[])[] {
  const groups = new Map<string, AlarmRecord[]>();
  for (const record of records) {
    const group = groups.get(keyOf(record));
    if (group === undefined) groups.set(keyOf(record), [record]);
    else group.push(record);
  }
  return [...groups.values()].sort((a, b) => b.length - a.length).slice(0, MOST_GROUPS);
}
