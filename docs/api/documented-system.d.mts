/** The system's names. */
export const SYSTEM: { readonly name: string; readonly title: string; readonly namespace: string };

/** Valid, and nothing of it is used: no connection is opened. */
export const ANY_ENVIRONMENT: Readonly<Record<string, string>>;
