/** What others need to know of the AI service. */
export const TENDER_AI = 'tender-ai';
export const TENDER_AI_PORT = 8000;
