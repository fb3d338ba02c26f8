export { rawRequest, request, type TestAnswer, type TestRequest } from './request.js';
