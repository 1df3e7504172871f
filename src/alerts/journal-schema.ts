/**
 * One entry a schema version, applied in order and never edited once released. `recorded_at` and `updated_at` are
 * wall time; all other times of alerts are the asset's event time.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE alert (
    id TEXT PRIMARY KEY,
    asset TEXT NOT NULL,
    class TEXT NOT NULL,
    labels TEXT NOT NULL,
    rule TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('firing', 'resolved')),
    started_at INTEGER NOT NULL,
    fired_at INTEGER NOT NULL,
    resolved_at INTEGER,
    score REAL,
    peak_score REAL,
    model TEXT,
    channels TEXT NOT NULL,
    summary TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX alert_by_asset ON alert (asset, id);
  CREATE INDEX alert_by_state ON alert (state, id);
  CREATE INDEX alert_by_age ON alert (updated_at) WHERE state = 'resolved';

  CREATE TRIGGER alert_evidence_is_final BEFORE UPDATE OF
    id, asset, class, labels, rule, started_at, fired_at, score, model, channels, summary, recorded_at ON alert
  BEGIN SELECT RAISE(ABORT, 'the evidence of an alert is never rewritten'); END;

  CREATE TABLE alert_transition (
    id INTEGER PRIMARY KEY,
    alert_id TEXT NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    what TEXT NOT NULL,
    reason TEXT NOT NULL
  ) STRICT;
  CREATE INDEX alert_transition_by_alert ON alert_transition (alert_id, id);

  CREATE TABLE alert_state (
    asset TEXT NOT NULL,
    rule TEXT NOT NULL,
    alert_id TEXT REFERENCES alert (id),
    at INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (asset, rule)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX alert_state_by_alert ON alert_state (alert_id);

  CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    alert_id TEXT NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
    transition TEXT NOT NULL,
    sink TEXT NOT NULL,
    idempotency_key TEXT NOT NULL UNIQUE,
    payload TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL DEFAULT 0,
    delivered_at INTEGER,
    last_error TEXT,
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'delivered', 'dead'))
  ) STRICT;
  CREATE INDEX outbox_queue ON outbox (sink, id) WHERE state = 'queued';
  CREATE INDEX outbox_dead ON outbox (sink, id) WHERE state = 'dead';
  CREATE INDEX outbox_by_alert ON outbox (alert_id, state);
  `,
  // Operators: what they did about alerts, and what they hold back. Until then every alert was told, and nobody could
  // acknowledge: what was over by then needs nobody any more.
  `
  ALTER TABLE alert ADD COLUMN priority TEXT NOT NULL DEFAULT 'medium';
  ALTER TABLE alert ADD COLUMN action TEXT;
  ALTER TABLE alert ADD COLUMN handling TEXT NOT NULL DEFAULT
    '{"told":true,"acknowledged":false,"shelvedUntil":null,"suppressedFor":null,"outOfService":false,"assignee":null}';
  ALTER TABLE alert ADD COLUMN operator_state TEXT NOT NULL DEFAULT 'unacknowledged';
  UPDATE alert SET operator_state = 'closed', handling = json_set(handling, '$.acknowledged', json('true'))
    WHERE state = 'resolved';
  CREATE INDEX alert_open ON alert (id) WHERE operator_state <> 'closed';

  DROP TRIGGER alert_evidence_is_final;
  CREATE TRIGGER alert_evidence_is_final BEFORE UPDATE OF
    id, asset, class, labels, rule, started_at, fired_at, score, model, channels, summary, action, recorded_at ON alert
  BEGIN SELECT RAISE(ABORT, 'the evidence of an alert is never rewritten'); END;

  CREATE TABLE alert_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    alert_id TEXT NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    what TEXT NOT NULL,
    reason TEXT NOT NULL,
    by TEXT,
    comment TEXT
  ) STRICT;
  INSERT INTO alert_history (id, alert_id, at, recorded_at, what, reason)
    SELECT id, alert_id, at, recorded_at, what, reason FROM alert_transition ORDER BY id;
  DROP TABLE alert_transition;
  ALTER TABLE alert_history RENAME TO alert_transition;
  CREATE INDEX alert_transition_by_alert ON alert_transition (alert_id, id);

  CREATE TABLE alert_hold (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('shelved', 'suppressed', 'out_of_service')),
    subject TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    by TEXT NOT NULL,
    reason TEXT NOT NULL,
    ended_at INTEGER,
    ended_by TEXT,
    ended_reason TEXT
  ) STRICT;
  CREATE UNIQUE INDEX alert_hold_in_force ON alert_hold (kind, subject) WHERE ended_at IS NULL;

  UPDATE alert_state SET state = json_set(state, '$.recent', json_array(json_object(
      'at', json_extract(state, '$.startedAt'), 'score', json_extract(state, '$.peakScore'))))
    WHERE json_extract(state, '$.phase') = 'pending';
  UPDATE alert_state SET state = json_set(state, '$.clearWindows', 0) WHERE json_extract(state, '$.phase') = 'firing';
  UPDATE outbox SET payload = json_set(payload, '$.priority', 'medium', '$.action', NULL,
      '$.operatorState', iif(transition = 'firing', 'unacknowledged', 'closed'),
      '$.handling', json_object('told', json('true'), 'acknowledged', json(iif(transition = 'firing', 'false', 'true')),
        'shelvedUntil', NULL, 'suppressedFor', NULL, 'outOfService', json('false'), 'assignee', NULL));
  `,
  // Noise: silences, and which alarms flapped when.
  `
  CREATE TABLE silence (
    id TEXT PRIMARY KEY,
    matchers TEXT NOT NULL,
    by TEXT NOT NULL,
    comment TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    ended_at INTEGER,
    ended_by TEXT
  ) STRICT;

  CREATE TABLE alarm_flapping (
    id INTEGER PRIMARY KEY,
    asset TEXT NOT NULL,
    rule TEXT NOT NULL,
    since INTEGER NOT NULL,
    ended_at INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX alarm_flapping_now ON alarm_flapping (asset, rule) WHERE ended_at IS NULL;
  CREATE INDEX alert_by_update ON alert (updated_at);
  `,
  // Groups: alerts that are told together, and the incidents that they are part of.
  `
  ALTER TABLE alert ADD COLUMN group_key TEXT;
  ALTER TABLE alert ADD COLUMN incident TEXT;
  CREATE INDEX alert_by_group ON alert (group_key, recorded_at) WHERE group_key IS NOT NULL;
  CREATE INDEX alert_firing_by_group ON alert (group_key) WHERE state = 'firing';
  CREATE INDEX alert_by_incident ON alert (incident) WHERE incident IS NOT NULL;
  ALTER TABLE outbox ADD COLUMN told_group TEXT;

  CREATE TABLE incident (
    id TEXT NOT NULL UNIQUE,
    group_key TEXT NOT NULL,
    first_asset TEXT NOT NULL,
    alerts INTEGER NOT NULL,
    firing INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX incident_now ON incident (group_key) WHERE firing > 0;
  CREATE INDEX incident_by_group ON incident (group_key);
  CREATE INDEX incident_over ON incident (id) WHERE firing = 0;

  CREATE TABLE alert_group (
    group_key TEXT PRIMARY KEY,
    told_at INTEGER NOT NULL,
    flooding INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE group_pending (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    alert_id TEXT NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
    sinks TEXT NOT NULL,
    group_key TEXT NOT NULL,
    payload TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX group_pending_by_group ON group_pending (group_key, alert_id);
  CREATE INDEX group_pending_by_alert ON group_pending (alert_id);
  `,
  // Escalation: since when nobody answers, and to whom it went. What fires from before has no such time: it escalates by
  // hand alone until somebody has dealt with it, since nobody may be called for hundreds of alerts at an upgrade.
  `
  UPDATE alert SET handling = json_set(handling, '$.unansweredSince', NULL,
    '$.escalation', json('{"count":0,"steps":[],"sinks":[]}'));
  UPDATE outbox SET payload = json_set(payload, '$.handling.unansweredSince', NULL,
    '$.handling.escalation', json('{"count":0,"steps":[],"sinks":[]}'));
  UPDATE group_pending SET payload = json_set(payload, '$.handling.unansweredSince', NULL,
    '$.handling.escalation', json('{"count":0,"steps":[],"sinks":[]}'));
  ALTER TABLE group_pending ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;
  `,
  // What people found at the machine, which nobody could say until then.
  `
  UPDATE alert SET handling = json_set(handling, '$.outcome', NULL);
  UPDATE outbox SET payload = json_set(payload, '$.handling.outcome', NULL);
  UPDATE group_pending SET payload = json_set(payload, '$.handling.outcome', NULL);
  `,
];
