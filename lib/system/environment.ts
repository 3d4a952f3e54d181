/** Whether this process serves real users, as Node programs say it: NODE_ENV is `production`. */
export function isProduction(): boolean {
  return process.env['NODE_ENV'] === 'production';
}
