import { expect, it } from 'vitest'
import { addressKey } from '../../src/http/address.ts'

it('the key of an IPv4 address is the address, mapped into IPv6 or not', () => {
  expect(addressKey('203.0.113.7')).toBe('203.0.113.7')
  expect(addressKey('::FFFF:203.0.113.7')).toBe('203.0.113.7')
})

it('all addresses of one IPv6 /64 network have the same key', () => {
  const network = '2001:db8:0:1::/64'
  expect(addressKey('2001:db8:0:1::5')).toBe(network)
  expect(addressKey('2001:0DB8:0000:0001:aaaa:bbbb:cccc:dddd')).toBe(network)
  expect(addressKey('2001:db8:0:2::5')).not.toBe(network)
  expect(addressKey('::1')).toBe('0:0:0:0::/64')
  expect(addressKey('fe80::1%eth0')).toBe('fe80:0:0:0::/64')
  expect(addressKey('2001:db8::')).toBe('2001:db8:0:0::/64')
})

it('a text that is not an address, and no address, have a key too', () => {
  expect(addressKey('unknown-host')).toBe('unknown-host')
  expect(addressKey(undefined)).toBe('unknown')
})
