/** The generated classes that the Node client ships without types: as much of them as the tests use. */
declare module 'node-nats-streaming/lib/pb/index.js' {
  type Setter =
    | 'setAckWaitInSecs'
    | 'setClientId'
    | 'setConnId'
    | 'setData'
    | 'setGuid'
    | 'setMaxInFlight'
    | 'setReply'
    | 'setSequence'
    | 'setStartPosition'
    | 'setStartSequence'
    | 'setStartTimeDelta'
    | 'setSubject';

  type Getter =
    | 'getAckInbox'
    | 'getCloseRequests'
    | 'getData_asU8'
    | 'getError'
    | 'getGuid'
    | 'getPingInterval'
    | 'getPingMaxOut'
    | 'getPingRequests'
    | 'getProtocol'
    | 'getPubPrefix'
    | 'getRedelivered'
    | 'getRedeliveryCount'
    | 'getReply'
    | 'getSequence'
    | 'getSubCloseRequests'
    | 'getSubRequests'
    | 'getSubject'
    | 'getTimestamp'
    | 'getUnsubRequests';

  type GeneratedMessage = Record<Setter, (value: unknown) => void> &
    Record<Getter, () => unknown> & { serializeBinary(): Uint8Array };

  type GeneratedName =
    | 'Ack'
    | 'ConnectResponse'
    | 'MsgProto'
    | 'PubAck'
    | 'PubMsg'
    | 'SubscriptionRequest'
    | 'SubscriptionResponse';

  export const pb: Record<
    GeneratedName,
    { new (): GeneratedMessage; deserializeBinary(bytes: Uint8Array): GeneratedMessage }
  >;
}
