/** One property of one resource: what it should be, what it is now, and how to make it so. */
export type Grant = { readonly wanted: string; read(): Promise<string>; apply(): Promise<unknown> };
