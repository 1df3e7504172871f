import type { Preview } from './preview-schemas.ts';

export type PreviewResult =
  | { readonly kind: 'done'; readonly preview: Preview }
  /** What was asked for cannot be answered; with what the user can do about it. */
  | { readonly kind: 'refused'; readonly message: string; readonly hint: string | null }
  /** One at a time, since each takes what scoring leaves of the machine. */
  | { readonly kind: 'busy' }
  /** The daemon runs without a configuration file that settings could be changed in. */
  | { readonly kind: 'no_file' };

/** Says which alerts other settings would have raised. */
export interface PreviewCommands {
  classes(): readonly string[];
  /** `settings` are `PATH=VALUE`. Rejects when the process that computes it dies. */
  preview(className: string, settings: readonly string[], days: number): Promise<PreviewResult>;
}
