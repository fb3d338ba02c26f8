/** Under which the service's name is provided. */
export const SERVICE_NAME = Symbol('ServiceName');
