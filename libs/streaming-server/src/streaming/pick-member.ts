/** What the choice depends on. */
interface Candidate {
  /** It knows that it is subscribed. */
  readonly ready: boolean;
  /** As many messages as it allows are pending. */
  readonly stalled: boolean;
  /** Its client has failed heartbeats. */
  readonly failing: boolean;
  readonly pending: { readonly size: number };
}

/**
 * The member that gets the next message: of those with room whose client lives, the one with the fewest pending;
 * else any with room, else any. One that is chosen as the first moves to the end, so that equals take turns.
 */
export function pickMember<T extends Candidate>(members: T[]): T | undefined {
  if (members.length === 1) return members[0]?.ready === true ? members[0] : undefined;
  let best: T | undefined;
  for (const member of members) {
    if (!member.ready || member.stalled || member.failing) continue;
    if (best === undefined || member.pending.size < best.pending.size) best = member;
  }
  best ??=
    members.find((member) => member.ready && !member.stalled) ?? members.find((member) => member.ready);
  if (best !== undefined && best === members[0]) {
    members.shift();
    members.push(best);
  }
  return best;
}
