/** How the other side of a TLS connection is checked and what it is shown; texts are PEM. */
export interface TlsOptions {
  /** Authorities that may have signed the other side's certificate; null takes the system's. */
  readonly ca: string | null;
  /** Own certificate and its key, both or none. */
  readonly cert: string | null;
  readonly key: string | null;
  /** False takes any certificate, and with it anybody on the way. */
  readonly verify: boolean;
}
