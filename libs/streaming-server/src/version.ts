/** The server whose behaviour this is: clients and monitoring tools read it from INFO. */
export const SERVER_VERSION = '0.25.6';
