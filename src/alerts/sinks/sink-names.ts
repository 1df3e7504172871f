/**
 * The outbox knows these sinks by their names, and no webhook may have one of them. They stand alone so that whoever
 * checks a configuration need not load the clients.
 */
export const MQTT_SINK = 'mqtt';
export const EMAIL_SINK = 'email';
