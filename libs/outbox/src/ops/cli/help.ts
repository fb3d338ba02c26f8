/** What `--help` prints, and every refusal after it has named what is wrong. */
export const HELP = `npm run outbox -- COMMAND [options]

  list       --state parked | blocked | dead | pending (default: parked)   --key KEY  --type TYPE
             --limit N (1 to 1000, default: 100)  --after NEXT (what the page before ended with)
  show ID    one message or dead letter, whole
  requeue    ID… | --key KEY | --type TYPE     parked messages and dead letters go out again
  drop       ID… --reason TEXT                 parked messages and dead letters are thrown away; whole on standard error
  stats      how much waits, for how long, and where
  replay     --key KEY  --type TYPE  --from TIME  --to TIME (at least one of them)  --limit N (default: 1000)
             settled messages go out again, as new ones
  reconcile  --inbox URL  --inbox-schema NAME  --inbox-prefix TEXT  --from TIME  --to TIME (default: 5 minutes ago)
             what the consumer's database has never seen goes out again; give the consumer time to catch up first
  sql        the tables as plain SQL; needs no database: npm run --silent outbox -- sql | psql URL

  --database URL   default: the environment variable DATABASE_URL
  --schema NAME    where the tables are; default: the first schema of the search path
  --prefix TEXT    what their names begin with; default: nothing
  --json           data instead of text
  --help           this text

Times are RFC 3339, such as 2026-11-22T20:00:00Z. Exit code 0: done; 1: it failed; 2: the command line is wrong.
A relay sees what is sent again at its next poll, within a second.
`;
