import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/**
 * Link-local networks (RFC 3927, RFC 4291), and where clouds hand credentials to whoever asks from inside the machine:
 * AWS over IPv6, Alibaba, and Azure's host. A list with IPv4 rules matches addresses mapped into IPv6 as well.
 */
const refused = new BlockList();
refused.addSubnet('169.254.0.0', 16, 'ipv4');
refused.addSubnet('fe80::', 10, 'ipv6');
refused.addAddress('fd00:ec2::254', 'ipv6');
refused.addAddress('100.100.100.200', 'ipv4');
refused.addAddress('168.63.129.16', 'ipv4');

/** Whether a host of a URL, or an address, is one that no request should go to; a name is not until it is resolved. */
export function isLinkLocal(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  const family = isIP(address);
  return family !== 0 && refused.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

export const LINK_LOCAL_REFUSED =
  'the address is link-local or of cloud metadata; set `allow_link_local: true` if it is meant';

/**
 * Resolves a name as Node does, without the addresses of {@link isLinkLocal}: whoever answers for the name could
 * otherwise turn a request around into this machine or its cloud. For the option `lookup` of a connection, which is
 * then made to an address that has been checked.
 */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  const wanted: LookupOptions = { ...options, all: true };
  lookup(hostname, wanted as LookupOptions & { all: true }, (error, found: LookupAddress[]) => {
    if (error !== null) return callback(error, '', 0);
    const allowed = found.filter(({ address }) => !isLinkLocal(address));
    if (allowed[0] === undefined) return callback(new Error(LINK_LOCAL_REFUSED), '', 0);
    if (options.all === true) return callback(null, allowed);
    callback(null, allowed[0].address, allowed[0].family);
  });
};
