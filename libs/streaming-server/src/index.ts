export { StreamingServer, type StreamingServerOptions } from './streaming-server.js';
export { MemoryStore } from './store/memory-store.js';
export { FileStore, type FileStoreOptions } from './store/file/file-store.js';
export type { FileOperations, AppendFile } from './store/file/file-operations.js';
export type { MessageLog, NewMessage } from './store/message-log.js';
export type { Store, StoreLimits } from './store/store.js';
export type { AuthenticationOptions, User } from './core/authentication.js';
export type { HeartbeatOptions } from './streaming/clients.js';
export type { Log } from './log.js';
export {
  ConfigurationError,
  ListenError,
  StoreDamagedError,
  StoreError,
  StoreFailedError,
  StoreLockedError,
  StreamingServerError,
} from './errors.js';
