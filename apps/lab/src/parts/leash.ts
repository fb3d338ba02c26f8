/**
 * Preloaded (`--import`) into every Node process that the lab starts: ends the process when the lab is gone, even by
 * kill -9, which the lab itself could not tell anybody. The programs know nothing of it.
 */
process.once('disconnect', () => process.exit(1));
// The channel must not keep a program alive that has nothing left to do.
process.channel?.unref();
