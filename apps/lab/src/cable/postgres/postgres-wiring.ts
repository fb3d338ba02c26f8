import type { Wiring } from '../frame.js';
import { AnswerReader } from './answer-reader.js';
import { Conversation } from './conversation.js';
import { RequestReader } from './request-reader.js';

/** Understands PostgreSQL's protocol 3, as long as a connection is not encrypted. */
export const postgresWiring: Wiring = () => {
  const conversation = new Conversation();
  return { there: new RequestReader(conversation), back: new AnswerReader(conversation) };
};
