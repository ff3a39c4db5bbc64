import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { targetOf } from './target.ts';

describe('the target of a URL', () => {
  it('should have the path that the script wrote: nothing resolved or decoded, a slash where there is none', () => {
    const cases: [text: string, authority: string, path: string][] = [
      ['http://h', 'h', '/'],
      ['HTTP://h:81/a/../b?x=1#f', 'h:81', '/a/../b?x=1'],
      ['https://h:443?q', 'h', '/?q'],
      ['http://h/(x)/%7e', 'h', '/(x)/%7e'],
      ['http://h/é x', 'h', '/%C3%A9%20x'],
      ['http://[::1]:8080/', '[::1]:8080', '/'],
    ];
    for (const [text, authority, path] of cases) {
      const target = targetOf(text);
      assert.deepEqual([target.authority, target.path], [authority, path], text);
    }
    assert.deepEqual([targetOf('http://[::1]/').host, targetOf('http://H:81').port], ['::1', 81]);
    assert.deepEqual([targetOf('https://h').port, targetOf('https://h').secure], [443, true]);
  });

  it('should be refused where nothing can be sent to it, and show no password', () => {
    for (const [text, reason] of [
      ['nonsense', /it is no URL/],
      ['', /it is no URL/],
      ['http://h:99999/', /it is no URL/],
      ['ftp://h/', /its scheme is ftp:/],
      ['http://me:secret@h/', /"http:\/\/\*\*\*\*@h\/": it has a user/],
    ] as const)
      assert.throws(() => targetOf(text), { errorCode: 1020, message: reason }, text);
  });
});
