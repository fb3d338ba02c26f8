export { request, type TestAnswer, type TestRequest } from './request.js';
