import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseGoUrl, resolveGoUrl, textOfUrl } from './go-url.ts';
import { targetOf } from './target.ts';

describe('the target of a URL', () => {
  it('should be what the script wrote: no slash added, no port taken away, nothing resolved', () => {
    const cases: [text: string, clean: string, authority: string, path: string][] = [
      ['http://h', 'http://h', 'h', '/'],
      ['HTTP://h:80/a/../b?x=1#f', 'http://h:80/a/../b?x=1#f', 'h:80', '/a/../b?x=1'],
      ['https://h:443?q', 'https://h:443?q', 'h:443', '/?q'],
      ['http://u:p@h/x', 'http://****:****@h/x', 'h', '/x'],
      ['http://u@h/x', 'http://****@h/x', 'h', '/x'],
      ['http://h/é(x)/%7e', 'http://h/%C3%A9%28x%29/~', 'h', '/%C3%A9%28x%29/~'],
      ['http://h/(x)/%7e', 'http://h/(x)/%7e', 'h', '/(x)/%7e'],
      ['http://[::1]:8080/', 'http://[::1]:8080/', '[::1]:8080', '/'],
    ];
    for (const [text, clean, authority, path] of cases) {
      const target = targetOf(text);
      assert.deepEqual([target.clean, target.authority, target.path], [clean, authority, path], text);
      assert.equal(target.refused, null);
    }
    assert.equal(targetOf('http://u:p%40@h/x').url, 'http://u:p%40@h/x');
    assert.equal(targetOf('http://u:p%40@h/').authorization, `Basic ${btoa('u:p@')}`);
    assert.deepEqual([targetOf('http://[::1]/').host, targetOf('http://H:81').port], ['::1', 81]);
  });

  it('should be no URL where Go parses none', () => {
    for (const text of [
      'http://h/%zz',
      ':h',
      'http://h:a/',
      'http://a b/',
      '1:h',
      'http://h/\n',
      'http://[::1/',
    ])
      assert.throws(() => targetOf(text), { errorCode: 1020 }, text);
  });

  it('should be refused, and counted, where it is a URL to which nothing can be sent', () => {
    const cases = [
      ['nonsense', /unsupported protocol scheme ""/],
      ['', /unsupported protocol scheme ""/],
      ['//h/x', /unsupported protocol scheme ""/],
      ['ftp://h/', /unsupported protocol scheme "ftp"/],
      ['http:h', /no Host/],
      ['http:///x', /no Host/],
    ] as const;
    for (const [text, reason] of cases) assert.match(targetOf(text).refused ?? '', reason, text);
  });

  it('should be resolved as RFC 3986 has it', () => {
    const base = parseGoUrl('http://u:p@h:80/b/c/d?q#f');
    const cases = [
      ['g', 'http://u:p@h:80/b/c/g'],
      ['./g/.', 'http://u:p@h:80/b/c/g/'],
      ['../../../g', 'http://u:p@h:80/g'],
      ['/x?y', 'http://u:p@h:80/x?y'],
      ['?y', 'http://u:p@h:80/b/c/d?y'],
      ['', 'http://u:p@h:80/b/c/d?q#f'],
      ['#s', 'http://u:p@h:80/b/c/d?q#s'],
      ['//o/x', 'http://o/x'],
      ['https://o', 'https://o'],
    ] as const;
    for (const [reference, expected] of cases)
      assert.equal(textOfUrl(resolveGoUrl(base, reference)), expected, reference);
  });
});
