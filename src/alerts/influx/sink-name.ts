/**
 * The outbox knows InfluxDB by it, and no webhook may have the name. It stands alone so that whoever checks a
 * configuration need not load the client of InfluxDB.
 */
export const INFLUX_SINK = 'influx';
