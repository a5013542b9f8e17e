/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explanations.c - what doctor finds, as one table: id, how bad it is,
 * and the story behind it.
 *
 * Errors bypass, open or lock out now; warnings do so when something else
 * happens as well. Notes are no findings.
 */
#include "doctor.h"

struct finding_row {
	enum severity severity;
	struct story story;
};

/* clang-format off */
static const struct finding_row rows[D_COUNT] = {
	[D_NO_POSTCONF] = { SEVERITY_NOTE, {
		"D-NO-POSTCONF", "Postfix's own programs are not here",
		"What main.cf and master.cf mean depends on the version of Postfix and\n"
		"is known to its postconf(1) alone. It was found neither in PATH nor in\n"
		"/usr/sbin, so nothing of Postfix was checked; with no other finding\n"
		"the exit status is 2.\n"
		"\n"
		"Run connectorctl doctor on the host, or in the container, that Postfix\n"
		"runs on, or install Postfix's package here.\n",
	} },
	[D_UNREADABLE] = { SEVERITY_ERROR, {
		"D-UNREADABLE", "Postfix cannot read its configuration",
		"postconf(1) stops with this message, and so does Postfix: it does not\n"
		"start, or goes on with what it read before until it is restarted. A\n"
		"common cause is a line that begins with white space and so continues\n"
		"the line before it.\n"
		"\n"
		"Correct the line, run postfix check, and then doctor again.\n",
	} },
	[D_RESTRICTION] = { SEVERITY_ERROR, {
		"D-RESTRICTION", "A word that is no restriction",
		"smtpd knows a restriction only when a client gets to it. One that it\n"
		"does not know, or that lacks its argument, makes it answer 451 4.3.5\n"
		"to everybody who gets that far, and write a warning to the log.\n"
		"\n"
		"Correct the word. A class has to be in smtpd_restriction_classes.\n",
	} },
	[D_INSTANCE] = { SEVERITY_NOTE, {
		"D-INSTANCE", "Another instance of Postfix",
		"multi_instance_directories names another Postfix on this host, with a\n"
		"main.cf of its own. Its listeners were not checked.\n"
		"\n"
		"Run connectorctl doctor --postfix DIR for each.\n",
	} },
	[D_NO_FILTER] = { SEVERITY_ERROR, {
		"D-NO-FILTER", "A listener without the filter",
		"Clients of this listener do not pass connector-milter: nothing is\n"
		"refused, stripped or stamped by the policy, and what relays is what\n"
		"the MTA alone lets relay. In Postfix a service of master.cf may set\n"
		"smtpd_milters itself, or receive_override_options=no_milters; in\n"
		"Sendmail DaemonPortOptions may name InputMailFilters of its own.\n"
		"\n"
		"Remove the override, or add connector-milter to it. A listener on\n"
		"loopback that takes mail back from a content filter needs none: set\n"
		"content_filter to nothing there (see contrib/postfix). If the filter\n"
		"is there under another name, say --ours with a part of the name of\n"
		"its socket.\n",
	} },
	[D_MILTER_MAPS] = { SEVERITY_ERROR, {
		"D-MILTER-MAPS", "Clients that are taken from the filter",
		"smtpd_milter_maps names for some clients another list of milters, or\n"
		"DISABLE for none. Whoever is in that table is judged by no policy.\n"
		"\n"
		"Remove the entry, or the parameter. A client that shall be let\n"
		"through has its place in the policy.\n",
	} },
	[D_NOT_FIRST] = { SEVERITY_WARNING, {
		"D-NOT-FIRST", "Another milter comes first",
		"Milters are asked in the order of the list, and the first one that\n"
		"refuses or accepts for good ends it. One that stands before\n"
		"connector-milter sees what will be refused anyway, signs what will be\n"
		"changed, and can accept a message so that connector-milter is not\n"
		"asked about it.\n"
		"\n"
		"Write connector-milter first.\n",
	} },
	[D_REINJECTED] = { SEVERITY_WARNING, {
		"D-REINJECTED", "Mail passes the filter twice",
		"This listener takes mail back from a content filter: it is on\n"
		"loopback, and its content_filter is empty. Its client is this host,\n"
		"so that connector-milter judges and stamps it a second time as coming\n"
		"from here; the true stamps are lost.\n"
		"\n"
		"Add -o smtpd_milters= to the service in master.cf.\n",
	} },
	[D_PROXY_FILTER] = { SEVERITY_ERROR, {
		"D-PROXY-FILTER", "A proxy filter hides messages from the milter",
		"With smtpd_proxy_filter Postfix shows milters the envelope only. No\n"
		"header is seen, removed or added: spoofed X-MS-Exchange-Organization\n"
		"headers get through, and nothing is stamped.\n"
		"\n"
		"Use content_filter, or a milter, in place of smtpd_proxy_filter.\n",
	} },
	[D_NON_SMTPD] = { SEVERITY_WARNING, {
		"D-NON-SMTPD", "Local submissions pass the filter",
		"non_smtpd_milters hands mail of sendmail(1) to connector-milter, too.\n"
		"It never refuses such mail, since Postfix would keep it in its queue\n"
		"for ever; but while the daemon is down cron and other programs cannot\n"
		"send.\n"
		"\n"
		"Remove connector-milter from non_smtpd_milters, unless local mail is\n"
		"to lose headers that it must not have.\n",
	} },
	[D_PROTOCOL] = { SEVERITY_WARNING, {
		"D-PROTOCOL", "An old milter protocol",
		"connector-milter asks for the local address and port of a connection,\n"
		"and for macros, in a way that only protocol 6 has. With less it may\n"
		"not know which connector is meant, and then answers 451.\n"
		"\n"
		"Remove milter_protocol, or protocol= in the entry: the default is 6.\n",
	} },
	[D_SWAPPED] = { SEVERITY_ERROR, {
		"D-SWAPPED", "The two sockets are mixed up",
		"The daemon has a socket for the milter protocol and one for policy\n"
		"delegation. Asked in the other protocol it hangs up, and clients hear\n"
		"451.\n"
		"\n"
		"Write milter.sock in smtpd_milters, and policy.sock in\n"
		"check_policy_service.\n",
	} },
	[D_TEMPFAIL] = { SEVERITY_NOTE, {
		"D-TEMPFAIL", "An open session does not recover",
		"With tempfail a client whose session was open while the daemon was\n"
		"restarted hears 451 to each further message, until it hangs up.\n"
		"Postfix 3.11, and later releases of older versions, have shutdown as\n"
		"their default: the session ends with 421, and the client comes again.\n"
		"Neither lets mail through.\n"
		"\n"
		"Write milter_default_action = shutdown, or remove the line.\n",
	} },
	[D_FAIL_OPEN] = { SEVERITY_ERROR, {
		"D-FAIL-OPEN", "Without the filter mail gets through",
		"When connector-milter does not answer, the MTA goes on without it:\n"
		"Postfix where milter_default_action (or default_action of the entry)\n"
		"is accept or quarantine, Sendmail where the filter has no F=T, F=R or\n"
		"F=4. Spoofed headers get through then, and so does whatever only the\n"
		"filter refuses.\n"
		"\n"
		"Write milter_default_action = tempfail, or F=T.\n",
	} },
	[D_OPEN_RELAY] = { SEVERITY_ERROR, {
		"D-OPEN-RELAY", "The MTA relays for everybody",
		"Neither smtpd_relay_restrictions nor smtpd_recipient_restrictions\n"
		"refuses a stranger's mail to a foreign domain. Only the filter stands\n"
		"between the Internet and an open relay.\n"
		"\n"
		"End smtpd_relay_restrictions in reject_unauth_destination, as the\n"
		"files in contrib/postfix do.\n",
	} },
	[D_MYNETWORKS] = { SEVERITY_ERROR, {
		"D-MYNETWORKS", "permit_mynetworks grants more than the policy",
		"Postfix lets every client in mynetworks relay, and the policy does not\n"
		"let all of them. Where the filter does not see them, or is in mode\n"
		"monitor with mta_refuses_strangers, they relay. A wide mynetworks also\n"
		"switches off limits and protection for these clients.\n"
		"\n"
		"Remove permit_mynetworks from the restrictions: the policy service, or\n"
		"the exported table, grants what the policy grants.\n",
	} },
	[D_PERMIT] = { SEVERITY_ERROR, {
		"D-PERMIT", "Something else than the policy grants relay",
		"A restriction that permits stands before reject_unauth_destination.\n"
		"In that place it is a grant of relay, whatever the policy says.\n"
		"\n"
		"Remove it, or move it to smtpd_client_restrictions,\n"
		"smtpd_sender_restrictions or the like if it was meant to let a client\n"
		"pass another test.\n",
	} },
	[D_ACCESS] = { SEVERITY_WARNING, {
		"D-ACCESS", "A table that can grant relay",
		"A table is looked up before reject_unauth_destination, where OK in it\n"
		"is a grant of relay, whatever the policy says. What it holds could\n"
		"not be compared with the policy.\n"
		"\n"
		"Put it behind reject_unauth_destination, or in another list. Clients\n"
		"that shall relay have their place in the policy; the file made by\n"
		"connectorctl export can be compared.\n",
	} },
	[D_SASL] = { SEVERITY_WARNING, {
		"D-SASL", "Who has logged in is not shown to the policy service",
		"permit_sasl_authenticated stands before check_policy_service and\n"
		"grants relay to all that have logged in. The policy service knows the\n"
		"login name, and grants by the rights of the connector.\n"
		"\n"
		"Remove permit_sasl_authenticated, and give the connector\n"
		"ExchangeUsers.\n",
	} },
	[D_RELAY_FEATURE] = { SEVERITY_ERROR, {
		"D-RELAY-FEATURE", "Sendmail relays by a feature",
		"sendmail.cf was made with a FEATURE that grants relay to all, or to\n"
		"those who claim to be somebody: promiscuous_relay, relay_local_from,\n"
		"relay_mail_from, relay_based_on_MX, relay_entire_domain,\n"
		"loose_relay_check. The policy is not asked.\n"
		"\n"
		"Remove it from sendmail.mc; the exported access map grants relay.\n",
	} },
	[D_RELAY_DOMAINS] = { SEVERITY_WARNING, {
		"D-RELAY-DOMAINS", "Sendmail relays for the hosts of a domain",
		"RELAY_DOMAIN and /etc/mail/relay-domains let mail to these domains\n"
		"through, and also relay for every client whose name is in them. Who\n"
		"controls the reverse zone of an address chooses that name.\n"
		"\n"
		"Write To:contoso.com RELAY in the access map for each domain that is\n"
		"accepted, and leave relay-domains empty.\n",
	} },
	[D_POLICY_OPEN] = { SEVERITY_ERROR, {
		"D-POLICY-OPEN", "Without the policy service everybody relays",
		"When the policy service does not answer, Postfix takes its\n"
		"default_action, and this one permits: everybody relays.\n"
		"\n"
		"Write { default_action = 451 4.3.5 Relay policy is not available }.\n",
	} },
	[D_POLICY_FINAL] = { SEVERITY_WARNING, {
		"D-POLICY-FINAL", "Without the policy service mail is lost",
		"When the policy service does not answer, Postfix takes its\n"
		"default_action. With DUNNO or a 5xx those who may relay are refused\n"
		"for good, and printers do not try again.\n"
		"\n"
		"Write { default_action = 451 4.3.5 Relay policy is not available }.\n",
	} },
	[D_NO_GRANT] = { SEVERITY_ERROR, {
		"D-NO-GRANT", "Nothing grants what the policy grants",
		"A milter can only refuse. The policy lets clients relay, and the MTA\n"
		"has neither check_policy_service of connector-milter nor an exported\n"
		"table before it refuses: they hear \"Relay access denied\". Older\n"
		"smtpd_recipient_restrictions that hold reject_unauth_destination\n"
		"refuse them, too.\n"
		"\n"
		"Use the lines of contrib/postfix/main.cf.policy, and take\n"
		"reject_unauth_destination out of smtpd_recipient_restrictions.\n",
	} },
	[D_TABLE_WIDER] = { SEVERITY_ERROR, {
		"D-TABLE-WIDER", "An exported table grants more than the policy",
		"The table lets clients relay that the policy does not, or not any\n"
		"more: an entry was removed from the policy, or has ended, and the\n"
		"table was not made again.\n"
		"\n"
		"Export it again: connectorctl export. A line that was added by hand\n"
		"belongs into the policy.\n",
	} },
	[D_TABLE_NARROWER] = { SEVERITY_ERROR, {
		"D-TABLE-NARROWER", "An exported table lacks clients of the policy",
		"The policy lets clients relay that the MTA's table does not have: the\n"
		"MTA refuses them before the filter is asked.\n"
		"\n"
		"Export it again: connectorctl export.\n",
	} },
	[D_MAP_STALE] = { SEVERITY_WARNING, {
		"D-MAP-STALE", "A map is older than its text",
		"Sendmail reads the file that makemap made, and its text has been\n"
		"changed since: what stands there is not what counts.\n"
		"\n"
		"Run makemap again, as contrib/sendmail says.\n",
	} },
	[D_DOMAIN_REFUSED] = { SEVERITY_WARNING, {
		"D-DOMAIN-REFUSED", "The MTA does not accept an accepted domain",
		"A domain of accepted_domains is in none of mydestination,\n"
		"relay_domains, virtual_alias_domains and virtual_mailbox_domains.\n"
		"Strangers' mail to it is refused by Postfix.\n"
		"\n"
		"Add it to relay_domains, or to the list of its kind. For \"*.domain\"\n"
		"relay_domains has to be in parent_domain_matches_subdomains, as it is\n"
		"by default, or hold .domain as well.\n",
	} },
	[D_DOMAIN_UNKNOWN] = { SEVERITY_WARNING, {
		"D-DOMAIN-UNKNOWN", "A domain of the MTA is not accepted",
		"Postfix takes mail to this domain, and the policy calls that relaying:\n"
		"connector-milter refuses it to clients that may not relay. The host's\n"
		"own name in mydestination is such a domain: other servers that verify\n"
		"our senders, and mail to its postmaster (RFC 5321, 4.5.1), are refused.\n"
		"\n"
		"Add the domain to accepted_domains, or take it from Postfix.\n",
	} },
	[D_SMTPUTF8] = { SEVERITY_WARNING, {
		"D-SMTPUTF8", "An international domain in one form only",
		"Postfix offers SMTPUTF8, and a sender that uses it may write the\n"
		"domain in U-labels. Postfix compares text: a domain that is in its\n"
		"lists with xn-- alone is refused in that form.\n"
		"\n"
		"Add the name in U-labels to relay_domains, or to the list of its kind;\n"
		"or write smtputf8_enable = no, and senders use the form with xn--.\n",
	} },
	[D_REWRITE] = { SEVERITY_ERROR, {
		"D-REWRITE", "A table makes a domain of a local part",
		"A rule rewrites a recipient, and takes the new domain from what the\n"
		"client wrote before the @. Any client that may send to the old address\n"
		"chooses the new one: it relays, and the policy has seen an accepted\n"
		"recipient.\n"
		"\n"
		"Write the domain into the rule, one rule for each domain.\n",
	} },
	[D_BINDING] = { SEVERITY_WARNING, {
		"D-BINDING", "A connector where nobody listens",
		"The connector has bindings, and the MTA hears clients on none of them.\n"
		"It decides nothing. Often the service is commented out in master.cf.\n"
		"\n"
		"Correct the bindings, or start the service.\n",
	} },
	[D_LISTENER] = { SEVERITY_WARNING, {
		"D-LISTENER", "A listener without a connector",
		"No connector of the policy wins any client on this listener: all are\n"
		"bound to others. Its clients are refused.\n"
		"\n"
		"Add the listener to the bindings of a connector, or add a connector\n"
		"without bindings.\n",
	} },
	[D_SOCKET_MISSING] = { SEVERITY_ERROR, {
		"D-SOCKET-MISSING", "No socket where the MTA looks for it",
		"The MTA cannot reach connector-milter: at the path that it has there\n"
		"is nothing, or something that is no socket. In a chroot the path\n"
		"begins at the queue directory, whether it begins with / or not.\n"
		"\n"
		"Start the daemon, or make its -s and --policy-socket agree with the\n"
		"MTA: unix:connector-milter/milter.sock in Postfix is\n"
		"/var/spool/postfix/connector-milter/milter.sock.\n",
	} },
	[D_SOCKET_DEAD] = { SEVERITY_ERROR, {
		"D-SOCKET-DEAD", "Nobody answers at the socket",
		"The socket is there and nobody listens: the daemon has ended. Mail is\n"
		"refused with 451 until it is back.\n"
		"\n"
		"systemctl status connector-milter says why.\n",
	} },
	[D_SOCKET_DENIED] = { SEVERITY_ERROR, {
		"D-SOCKET-DENIED", "The MTA may not open the socket",
		"To connect to a UNIX socket a process needs the right to write to it\n"
		"and to pass each folder on the way. The MTA's user has not, and\n"
		"clients hear 451.\n"
		"\n"
		"Give the folder the group of the MTA and mode 0750, and the socket\n"
		"that group and mode 0660: --socket-group and --socket-mode of\n"
		"connector-milter.\n",
	} },
	[D_SOCKET_UNSAFE] = { SEVERITY_ERROR, {
		"D-SOCKET-UNSAFE", "Sendmail distrusts the socket's folder",
		"Sendmail does not use a socket in a folder that others than its owner\n"
		"may write to (\"unsafe\"), unless DontBlameSendmail allows it.\n"
		"\n"
		"Let only the owner write to the folder: RuntimeDirectoryMode=0755.\n",
	} },
	[D_XCLIENT] = { SEVERITY_ERROR, {
		"D-XCLIENT", "Others may claim to be any client",
		"Hosts in smtpd_authorized_xclient_hosts say with XCLIENT which client\n"
		"they speak for, and with that which connector decides. Beyond this\n"
		"host itself that is the whole policy in their hands.\n"
		"\n"
		"Leave it empty, or name single hosts that need it, on a listener of\n"
		"their own.\n",
	} },
	[D_XFORWARD] = { SEVERITY_WARNING, {
		"D-XFORWARD", "Others may forge the log",
		"Hosts in smtpd_authorized_xforward_hosts say which client the log of\n"
		"Postfix names. Content filters need it on loopback only.\n"
		"\n"
		"Write 127.0.0.0/8 on the listener that takes mail back.\n",
	} },
	[D_PROXY] = { SEVERITY_NOTE, {
		"D-PROXY", "A listener that believes PROXY headers",
		"With smtpd_upstream_proxy_protocol whoever connects says which client\n"
		"it speaks for. That is what a load balancer is for, and what anybody\n"
		"else may do who reaches the port.\n"
		"\n"
		"Let the packet filter pass the load balancer alone.\n",
	} },
	[D_BARE_NEWLINE] = { SEVERITY_WARNING, {
		"D-BARE-NEWLINE", "Messages can be smuggled (bare newline)",
		"Postfix before 3.9 takes a lone newline as the end of a line, unless\n"
		"smtpd_forbid_bare_newline says otherwise. A sender can hide a second\n"
		"message, with any sender and recipient, in one that another server\n"
		"passes on (CVE-2023-51764): it arrives as from that server, with the\n"
		"rights of its connector.\n"
		"\n"
		"Write smtpd_forbid_bare_newline = yes. Do not let\n"
		"smtpd_forbid_bare_newline_exclusions hold servers of others.\n",
	} },
	[D_PIPELINING] = { SEVERITY_WARNING, {
		"D-PIPELINING", "Messages can be smuggled (pipelining)",
		"A client that sends commands before their turn is not stopped. With\n"
		"smtpd_forbid_bare_newline this is what keeps smuggled commands out.\n"
		"\n"
		"Write smtpd_forbid_unauth_pipelining = yes, or on old versions\n"
		"smtpd_data_restrictions = reject_unauth_pipelining.\n",
	} },
	[D_GATEWAY] = { SEVERITY_WARNING, {
		"D-GATEWAY", "This host's router may relay",
		"The address of this host's default gateway is in a range that relays.\n"
		"If it translates addresses, as home routers, Docker's networks and\n"
		"many firewalls do, then clients from anywhere seem to be the gateway,\n"
		"and relay.\n"
		"\n"
		"Give the gateway a connector that does not relay (the smaller range\n"
		"wins), or write the hosts that need to relay one by one.\n",
	} },
	[D_BRIDGE] = { SEVERITY_WARNING, {
		"D-BRIDGE", "A bridge of this host may relay",
		"This host has the address on a bridge of containers or virtual\n"
		"machines. Clients that come through a published port, or from any\n"
		"container behind it, may seem to have it, and relay.\n"
		"\n"
		"Write the addresses of the containers that need to relay, and give\n"
		"the bridge a connector that does not.\n",
	} },
	[D_LOOPBACK] = { SEVERITY_WARNING, {
		"D-LOOPBACK", "127.0.0.1 and ::1 differ",
		"Programs of this host that connect to localhost reach the MTA from\n"
		"127.0.0.1 or from ::1, as their library likes. Only one of the two may\n"
		"relay, so that some programs cannot send.\n"
		"\n"
		"Write both into the same connector: 127.0.0.0/8 and \"::1\".\n",
	} },
	[D_UNTOLD] = { SEVERITY_NOTE, {
		"D-UNTOLD", "Something could not be read or compared",
		"A file could not be read, or is of a kind that cannot be compared.\n"
		"What it says may bypass, open or lock out; with no other finding the\n"
		"exit status is 2.\n"
		"\n"
		"Run the command as root, or look for yourself.\n",
	} },
};
/* clang-format on */

const struct story *
finding_story(size_t i)
{
	return i < D_COUNT ? &rows[i].story : NULL;
}

enum severity
finding_severity(enum finding finding)
{
	return rows[finding].severity;
}
