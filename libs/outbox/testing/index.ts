export { emptyTables } from './empty-tables.js';
export { FakeDatabase, JournalingMessageBus, serverError, type FakeStatement } from './fake-database.js';
export { Gate } from './gate.js';
export { createTestDatabase, type TestDatabase } from './test-database.js';
