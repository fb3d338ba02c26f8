import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pb } from 'node-nats-streaming/lib/pb/index.js';
import * as messages from './messages.js';
import {
  asRedelivered,
  readStoredMessage,
  storedMessageBytes,
  writeStoredMessage,
} from './stored-message.js';

/** The classes that the Node client uses: what they write must be read here, and the other way round. */
const text = fc.string({ maxLength: 40 });
const whole = fc.nat(2 ** 31 - 1);

describe('the messages of the protocol', () => {
  it('reads a publish as the client writes it', () => {
    fc.assert(
      fc.property(
        text,
        text,
        text,
        text,
        fc.uint8Array({ maxLength: 300 }),
        (clientId, guid, subject, reply, data) => {
          const message = new pb.PubMsg();
          message.setClientId(clientId);
          message.setGuid(guid);
          message.setSubject(subject);
          message.setReply(reply);
          message.setData(data);
          message.setConnId(Buffer.from('connection'));
          const read = messages.decodePublishRequest(Buffer.from(message.serializeBinary()));
          expect(read).toEqual({
            clientId,
            guid: Buffer.from(guid),
            subject,
            reply,
            data: Buffer.from(data),
            connectionId: 'connection',
          });
        },
      ),
    );
  });

  it('reads a subscription as the client writes it, negative numbers included', () => {
    const sequence = fc.maxSafeNat();
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer(),
        sequence,
        fc.nat(4),
        (maxInFlight, ackWait, startSequence, position) => {
          const message = new pb.SubscriptionRequest();
          message.setClientId('c');
          message.setSubject('s');
          message.setMaxInFlight(maxInFlight);
          message.setAckWaitInSecs(ackWait);
          message.setStartSequence(startSequence);
          message.setStartPosition(position);
          message.setStartTimeDelta(-5_000_000_000);
          const read = messages.decodeSubscriptionRequest(Buffer.from(message.serializeBinary()));
          expect(read).toMatchObject({ clientId: 'c', maxInFlight, ackWaitSeconds: ackWait, startSequence });
          expect(read).toMatchObject({
            startPosition: position,
            startTimeDeltaNs: -5_000_000_000,
            queue: '',
          });
        },
      ),
    );
  });

  it('writes answers that the client reads', () => {
    const connect = pb.ConnectResponse.deserializeBinary(
      messages.encodeConnectResponse({
        publishPrefix: 'p',
        subscribeSubject: 's',
        unsubscribeSubject: 'u',
        closeSubject: 'c',
        closeSubscriptionSubject: 'cs',
        pingSubject: 'pi',
        pingIntervalSeconds: 5,
        pingsOutMax: 300,
        protocol: 1,
      }),
    );
    expect([connect.getPubPrefix(), connect.getSubRequests(), connect.getUnsubRequests()]).toEqual([
      'p',
      's',
      'u',
    ]);
    expect([connect.getCloseRequests(), connect.getSubCloseRequests()]).toEqual(['c', 'cs']);
    expect([connect.getPingRequests(), connect.getPingInterval(), connect.getPingMaxOut()]).toEqual([
      'pi',
      5,
      300,
    ]);
    expect([connect.getError(), connect.getProtocol()]).toEqual(['', 1]);
    expect(pb.ConnectResponse.deserializeBinary(messages.encodeConnectError('no')).getError()).toBe('no');
    const ack = pb.PubAck.deserializeBinary(messages.encodePublishAck(Buffer.from('guid'), 'text'));
    expect([ack.getGuid(), ack.getError()]).toEqual(['guid', 'text']);
    const subscription = pb.SubscriptionResponse.deserializeBinary(
      messages.encodeSubscriptionResponse('inbox', 'text'),
    );
    expect([subscription.getAckInbox(), subscription.getError()]).toEqual(['inbox', 'text']);
    expect(messages.encodeErrorResponse()).toHaveLength(0);
  });

  it('stores a message as its subscriber reads it, and marks it when it is sent again', () => {
    const timestamp = fc.nat(2 ** 42);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 48 }),
        text,
        text,
        fc.uint8Array({ maxLength: 300 }),
        timestamp,
        whole,
        (sequence, subject, reply, data, timestampMs, count) => {
          const content = { subject: Buffer.from(subject), reply: Buffer.from(reply), data, timestampMs };
          const stored = Buffer.alloc(storedMessageBytes(sequence, content));
          expect(writeStoredMessage(stored, 0, sequence, content)).toBe(stored.length);
          expect(readStoredMessage(stored)).toEqual({ sequence, timestampMs });
          const read = pb.MsgProto.deserializeBinary(stored);
          expect([read.getSequence(), read.getSubject(), read.getReply()]).toEqual([
            sequence,
            subject,
            reply,
          ]);
          expect([read.getRedelivered(), Buffer.from(read.getData_asU8() as Uint8Array)]).toEqual([
            false,
            Buffer.from(data),
          ]);
          expect(Math.abs((read.getTimestamp() as number) - timestampMs * 1e6)).toBeLessThanOrEqual(1024);
          const again = pb.MsgProto.deserializeBinary(asRedelivered(stored, count));
          expect([again.getRedelivered(), again.getRedeliveryCount(), again.getSequence()]).toEqual([
            true,
            count,
            sequence,
          ]);
        },
      ),
    );
  });

  it('takes any bytes without throwing: what is no message is undefined', () => {
    const decoders = [
      messages.decodeAck,
      messages.decodeConnectRequest,
      messages.decodePublishRequest,
      messages.decodeSingleString,
      messages.decodeSubscriptionRequest,
      messages.decodeUnsubscribeRequest,
    ];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        for (const decode of decoders) expect(() => decode(Buffer.from(bytes))).not.toThrow();
      }),
      { numRuns: 2_000 },
    );
    expect(messages.decodeAck(Buffer.from([0x0a, 0x05, 0x61]))).toBeUndefined();
    expect(messages.decodeAck(Buffer.from([0x08, 0x01]))).toBeUndefined();
    expect(messages.decodeAck(Buffer.alloc(20, 0xff))).toBeUndefined();
  });

  it('skips fields that it does not know', () => {
    const ack = new pb.Ack();
    ack.setSubject('s');
    ack.setSequence(7);
    const unknown = Buffer.from([
      0xa2, 0x06, 0x01, 0x00, 0x59, 1, 2, 3, 4, 5, 6, 7, 8, 0x5d, 1, 2, 3, 4, 0x60, 0x80, 0x01,
    ]);
    const bytes = Buffer.concat([unknown, Buffer.from(ack.serializeBinary())]);
    expect(messages.decodeAck(bytes)).toEqual({ subject: 's', sequence: 7 });
  });
});
