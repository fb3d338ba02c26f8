export { eventually, Gate } from './eventually.js';
export { FakeDatabase, JournalingMessageBus, type FakeStatement } from './fake-database.js';
export { createTestDatabase, type TestDatabase } from './test-database.js';
