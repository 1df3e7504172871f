// Compares what the receivers got with the journal, and both with the faults that were put into the stream.

/** The journal's alerts of the plant; those about Forewarn itself and about silence run on the wall clock. */
export function ofPlant(alerts) {
  return alerts.filter(({ rule }) => rule === 'anomaly' || rule.startsWith('limit:'));
}

/**
 * What is wrong between the journal and what the webhook took. Empty when each alert was told, once, as it is. A group
 * tells of an alert what there is to say last, so that one which is over by then is told as that alone.
 */
export function checkWebhook(journal, requests, { grouped = false } = {}) {
  const breaches = [];
  const byId = new Map(journal.map((alert) => [alert.id, alert]));
  const told = new Map();
  const single = requests.flatMap(({ key, accepted, alerts }) =>
    alerts.map((alert) => ({ key, accepted, ...alert })),
  );
  for (const { key, accepted, id, startedAt, state: status } of single) {
    const alert = byId.get(id);
    if (alert === undefined) breaches.push(`the webhook was told of ${id}, which the journal does not have`);
    else if (Date.parse(alert.startedAt) !== startedAt)
      breaches.push(`${id} began at ${alert.startedAt}, and the webhook was told ${startedAt}`);
    if (!told.has(id)) told.set(id, { firing: new Set(), resolved: new Set(), taken: [], keys: [] });
    const about = told.get(id);
    about[status].add(key);
    if (accepted && !about.taken.includes(status)) about.taken.push(status);
  }
  for (const { id, state } of journal) {
    const wanted = state === 'resolved' ? ['firing', 'resolved'] : ['firing'];
    const about = told.get(id);
    if (about === undefined) breaches.push(`the webhook was never told of ${id}`);
    else if (grouped ? !about.taken.includes(wanted.at(-1)) : about.taken.join() !== wanted.join())
      breaches.push(`of ${id} the webhook took ${about.taken}, not ${wanted}`);
    else if (wanted.some((status) => about[status].size > 1))
      breaches.push(`${id} was told under several idempotency keys`);
  }
  return breaches;
}

/** The same for the points of `forewarn_alert`. */
export function checkInflux(journal, points) {
  const breaches = [];
  const states = new Map();
  for (const { id, state } of points) states.set(id, [...(states.get(id) ?? []), state]);
  for (const { id, state } of journal) {
    const wanted = state === 'resolved' ? 'firing,resolved' : 'firing';
    const written = (states.get(id) ?? []).sort().join();
    if (written !== wanted) breaches.push(`InfluxDB has ${written || 'nothing'} of ${id}, not ${wanted}`);
  }
  return breaches;
}

/** Which alerts answer each fault, and which answer none. `graceMs` after its end an alert may still begin. */
export function matchFaults(alerts, faults, graceMs = 0) {
  const rest = new Set(alerts);
  const matched = faults.map((fault) => {
    const own = alerts.filter((alert) => {
      const from = Date.parse(alert.startedAt);
      return (
        alert.asset === fault.asset &&
        alert.rule === fault.rule &&
        from >= fault.startAt &&
        from < fault.endAt + graceMs
      );
    });
    for (const alert of own) rest.delete(alert);
    return { fault, alerts: own };
  });
  return { matched, unexplained: [...rest] };
}

/** Keys under which one notification came more than once: an attempt whose answer the daemon did not live to hear. */
export function redeliveries(requests) {
  return requests.length - new Set(requests.map(({ key }) => key)).size;
}
