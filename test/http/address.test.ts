import { expect, it } from 'vitest'
import { addressKey } from '../../src/http/address.ts'

it('an IPv4 address is itself, mapped into IPv6 or not', () => {
  expect(addressKey('203.0.113.7')).toBe('203.0.113.7')
  expect(addressKey('::FFFF:203.0.113.7')).toBe('203.0.113.7')
})

it('addresses of one IPv6 network of 64 bits are one', () => {
  const network = '2001:db8:0:1::/64'
  expect(addressKey('2001:db8:0:1::5')).toBe(network)
  expect(addressKey('2001:0DB8:0000:0001:aaaa:bbbb:cccc:dddd')).toBe(network)
  expect(addressKey('2001:db8:0:2::5')).not.toBe(network)
  expect(addressKey('::1')).toBe('0:0:0:0::/64')
  expect(addressKey('fe80::1%eth0')).toBe('fe80:0:0:0::/64')
  expect(addressKey('2001:db8::')).toBe('2001:db8:0:0::/64')
})

it('what is no address, or not known any more, is still a key', () => {
  expect(addressKey('unknown-host')).toBe('unknown-host')
  expect(addressKey(undefined)).toBe('unknown')
})
