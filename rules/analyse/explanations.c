/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stories - the story behind each warning, as one table.
 *
 * Every warning has its row here, and takes its id from it. A text says what
 * happens to mail, why the policy may not mean it, and how to mend it; when
 * nothing needs to be mended it says that, too.
 */
#include "check.h"

/* clang-format off */
static const struct story stories[W_COUNT] = {
	[W_SHADOWED] = {
		"W-SHADOWED", "A range that changes nothing",
		"Of the ranges that hold a client the smallest one wins. A range\n"
		"that smaller ranges of other connectors cover altogether wins\n"
		"nobody; one that lies inside a wider range of its own connector\n"
		"(a note) wins clients that the connector would have anyway.\n"
		"\n"
		"Such entries mislead: who removes the wider range believes that\n"
		"the smaller one went with it, and an `until` on the smaller one\n"
		"ends nothing. Remove the entry, or the one that is in its way.\n",
	},
	[W_DUPLICATE] = {
		"W-DUPLICATE", "A range or an accepted domain that is repeated",
		"The same addresses occur twice in one connector or list, perhaps\n"
		"in two notations (192.0.2.0/24 and 192.0.2.0-192.0.2.255), perhaps\n"
		"once by the name of a network; or accepted_domains has a domain\n"
		"twice. It stays in force until the last of them is removed, and\n"
		"one removal looks like done work.\n"
		"\n"
		"Remove one; of two with different `until` the later counts.\n",
	},
	[W_UNREACHABLE] = {
		"W-UNREACHABLE", "A connector or range that nothing can reach",
		"The connector wins no client on any listener: smaller ranges of\n"
		"others cover all of its own, all its ranges have expired, or its\n"
		"bindings are of one address family and its ranges of the other.\n"
		"A binding 0.0.0.0:25 hears IPv4 only; IPv6 needs \"[::]:25\".\n"
		"\n"
		"Remove it, set enabled: false while it is not wanted, or change\n"
		"what stands in its way; connectorctl explain shows what wins.\n",
	},
	[W_CATCH_ALL] = {
		"W-CATCH-ALL", "The right to relay on a connector for everyone",
		"A connector that holds all of IPv4 or IPv6 gives anonymous or\n"
		"externally_secured clients the right to relay, and only stated\n"
		"public_addresses lets the policy load. Giving this right to the\n"
		"default connector is a well-known quick remedy for \"Unable to\n"
		"relay\", and makes an open relay of the server.\n"
		"\n"
		"Make a connector for the hosts that need to relay, with their\n"
		"addresses, and give the right to that one.\n",
	},
	[W_PUBLIC] = {
		"W-PUBLIC", "Public addresses may relay",
		"Clients with public addresses may relay by address alone. Such\n"
		"addresses change hands: a branch office that leaves its provider\n"
		"leaves the right to relay to the next customer. For IPv6 alone\n"
		"this is a note, since a site's own hosts have such addresses.\n"
		"\n"
		"Let such hosts log in (ExchangeUsers), or show a certificate. If\n"
		"it is meant, write public_addresses: N in the connector: then\n"
		"nobody widens it by mistake, and this warning is silent.\n",
	},
	[W_BRIDGE] = {
		"W-BRIDGE", "A network of containers or virtual machines may relay",
		"Docker, Podman, LXC, libvirt and others make a network on the\n"
		"host, with known default addresses. The host hides what comes\n"
		"through a published port behind the bridge's own address (often\n"
		".1), so that a client from anywhere seems to be local; and any\n"
		"container that is broken into relays.\n"
		"\n"
		"Write the addresses of the containers that need to relay, fixed\n"
		"ones, or give the bridge a connector that does not relay. If the\n"
		"network is your own and no bridge, nothing needs to be done.\n",
	},
	[W_GATEWAY] = {
		"W-GATEWAY", "A likely router may relay",
		"A relay range of 256 addresses or more holds addresses that end\n"
		"in .1 or .254, where routers, firewalls and load balancers live.\n"
		"One that translates addresses makes all who come through it look\n"
		"like itself: then everyone behind it relays, the Internet maybe.\n"
		"\n"
		"Write the hosts that need to relay (192.0.2.10-192.0.2.20). Or\n"
		"list the router in a connector that does not relay: the smaller\n"
		"range wins.\n",
	},
	[W_BOTH_METHODS] = {
		"W-BOTH-METHODS", "Both ways to relay on one connector",
		"Exchange has two ways to let a host relay: the right\n"
		"ms-Exch-SMTP-Accept-Any-Recipient for anonymous, and\n"
		"ExternalAuthoritative with ExchangeServers, which trusts the\n"
		"host and stamps its mail as internal. With both, the second one\n"
		"decides: no client is anonymous, its mail is trusted, and what\n"
		"anonymous is given lies idle until somebody removes the other.\n"
		"\n"
		"For printers and applications keep the right for anonymous, for\n"
		"servers that have checked their mail ExternalAuthoritative.\n",
	},
	[W_DENY_NOTHING] = {
		"W-DENY-NOTHING", "A deny of what is not given",
		"A right is denied to a principal that neither a permission\n"
		"group nor an allow gives it on this connector. A deny takes only\n"
		"from its own principal, and one for authenticated from whatever a\n"
		"session that has logged in holds. So this one does nothing, and\n"
		"may be meant for another right, principal or connector.\n"
		"\n"
		"Remove it, or correct it; connectorctl explain lists the rights\n"
		"that a client has and where each comes from.\n",
	},
	[W_PARTNER] = {
		"W-PARTNER", "Partners without certificates",
		"A session becomes partner by a client certificate that the MTA\n"
		"has verified and whose name stands in tls_domains. Without that\n"
		"key nobody does, and the rights of partners are never used.\n"
		"\n"
		"Write tls_domains, and let the MTA ask for certificates; or\n"
		"remove Partners.\n",
	},
	[W_TENANTS] = {
		"W-TENANTS", "A certificate that many tenants share",
		"The mail of all customers of a provider comes with one\n"
		"certificate, such as that of mail.protection.outlook.com. Whoever\n"
		"makes a partner of this name makes one of every customer, and of\n"
		"anybody who becomes one. Exchange Online sets\n"
		"TlsDomainCapabilities for it, which has no counterpart here. Under\n"
		"exchange_servers such a name is an error.\n"
		"\n"
		"Remove the name, and name the addresses or the certificates of\n"
		"the partner's own servers.\n",
	},
	[W_NEVER_SENDS] = {
		"W-NEVER-SENDS", "A list that allows nothing",
		"allowed_senders and allowed_recipients only narrow what the rights\n"
		"allow. Where no sender on the list may be used, or no recipient on it\n"
		"is accepted, the clients can send nothing at all: own senders without\n"
		"ms-Exch-SMTP-Accept-Authoritative-Domain-Sender, for example, or\n"
		"foreign recipients without ms-Exch-SMTP-Accept-Any-Recipient.\n"
		"\n"
		"Add a sender or a recipient that the rights allow, allow the right,\n"
		"or remove the list. To stop a client, remove its entry.\n",
	},
	[W_QUOTA] = {
		"W-QUOTA", "A quota is counted by the milter",
		"message_quota is counted where messages are seen: in the milter. The\n"
		"policy service answers for one recipient at a time and counts\n"
		"nothing, so alone it lets any number pass; so do tables that were\n"
		"written for the MTA.\n"
		"\n"
		"Use the milter beside the policy service, as the README has it.\n",
	},
	[W_SERVERS] = {
		"W-SERVERS", "Exchange servers without a right",
		"exchange_servers (or exchange_legacy_servers) makes clients the\n"
		"principal exchange_server instead of anonymous, but no connector\n"
		"in use gives that principal a right. They are refused at MAIL.\n"
		"\n"
		"Add ExchangeServers (ExchangeLegacyServers) to permission_groups\n"
		"of the connector that wins them.\n",
	},
	[W_SUBMISSION] = {
		"W-SUBMISSION", "No ExchangeUsers at port 25",
		"Users may submit on another port, but who logs in at port 25\n"
		"hears \"Unable to relay\" for a foreign recipient. It is how\n"
		"Exchange is installed, and often meant: submission belongs to\n"
		"port 587. Old devices that log in at port 25 will notice.\n"
		"\n"
		"If they should relay, add ExchangeUsers to the connector at port\n"
		"25; otherwise nothing needs to be done.\n",
	},
	[W_ALLOW_NO_RELAY] = {
		"W-ALLOW-NO-RELAY", "On the allow list, but may not relay",
		"ip_allow_list gives an anonymous host SCL -1, and no right. No\n"
		"client of this entry wins a connector where it may relay. For a\n"
		"private address this is likely half of a job (a warning); for a\n"
		"sender on the Internet it may be all that is meant (a note).\n"
		"\n"
		"To let it relay add it to remote_ip_ranges of the connector that\n"
		"relays. A network named in both places cannot drift apart.\n",
	},
	[W_RELAY_NOT_ALLOWED] = {
		"W-RELAY-NOT-ALLOWED", "May relay, but is not on the allow list",
		"Anonymous clients of this connector relay, others like them are\n"
		"on ip_allow_list and these are not: their mail gets no SCL -1,\n"
		"and the filter of the receiving Exchange may take it for spam.\n"
		"\n"
		"Add them to ip_allow_list, best as a network named in both\n"
		"places. If they are to be filtered, nothing needs to be done.\n",
	},
	[W_HOST_BITS] = {
		"W-HOST-BITS", "An address with the length of its network",
		"192.0.2.7/24 means the whole of 192.0.2.0/24, as it does for\n"
		"Exchange. Who copies an address from an interface's settings\n"
		"often means one host.\n"
		"\n"
		"Write the network as it is shown, or the address alone.\n",
	},
	[W_BARE_ZERO] = {
		"W-BARE-ZERO", "A single 0.0.0.0 or ::",
		"0.0.0.0 without a length is one address, and no client has it.\n"
		"Examples for Exchange use it where they mean everyone, since its\n"
		"bindings do: a binding 0.0.0.0:25 is every local address.\n"
		"\n"
		"For everyone write 0.0.0.0-255.255.255.255 and \"::/0\".\n",
	},
	[W_BINDING_REACH] = {
		"W-BINDING-REACH", "A range that an exact binding hides",
		"Connectors bound to the exact address and port of a listener are\n"
		"asked first. Only clients that none of them has a range for go to\n"
		"those bound to the wildcard address or to nothing. So a wide range\n"
		"of the former wins a client from a smaller range of the latter.\n"
		"\n"
		"Give both connectors the same bindings, or narrow the wide range.\n",
	},
	[W_EXPIRED] = {
		"W-EXPIRED", "An entry past its end",
		"The last day (UTC) of the entry's `until` is over. It takes no\n"
		"part, and its clients belong to the next wider range.\n"
		"\n"
		"Remove it, or write a later day.\n",
	},
	[W_EXPIRING] = {
		"W-EXPIRING", "An entry that ends soon",
		"The last day (UTC) of the entry's `until` is at most 30 days\n"
		"away. Behind it its clients belong to the next wider range,\n"
		"which may refuse them.\n"
		"\n"
		"Ask its owner, and write a later day or let it end.\n",
	},
	[W_UNUSED_NETWORK] = {
		"W-UNUSED-NETWORK", "A network that nothing names",
		"The network stands under networks, and neither a connector nor a\n"
		"list names it: its hosts are treated like anybody else.\n"
		"\n"
		"Name it where it was meant to count, or remove it.\n",
	},
	[W_CUT] = {
		"W-CUT", "A file without an end marker",
		"A file that a full disk or a broken copy cut off at the end of a\n"
		"line can still load. It then may lack a connector that refuses, a\n"
		"deny, an `until` or an address that narrows, and let clients relay\n"
		"that may not.\n"
		"\n"
		"In a policy, write end_marker: true above connectors. In a networks\n"
		"file, write # end_marker: true as the first line. In both, write ...\n"
		"as the last line: a file that lacks it is then refused.\n",
	},
};
/* clang-format on */

const struct story *
story_get(size_t i)
{
	return i < W_COUNT ? &stories[i] : NULL;
}
