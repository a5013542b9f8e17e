/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mta_settings - settings of Exchange and of an MTA that are no keys here.
 *
 * Source: Set-ReceiveConnector, Set-TransportConfig and New-InboundConnector
 * on learn.microsoft.com; postconf(5) and Sendmail's cf/README. A setting that
 * becomes a key moves from here to keys.c.
 */
#include "mta_settings.h"

#include <stddef.h>

/* clang-format off */
#define EXCHANGE_ONLY   "it means nothing outside of Exchange; remove it"
#define EXCHANGE_ONLINE "it belongs to an inbound connector of Exchange Online and has no counterpart; remove it"

const struct refusal refusals_elsewhere[REFUSALS_ELSEWHERE_COUNT] = {
	/* Listening and greeting. */
	{ "banner", "set smtpd_banner (Postfix) or confSMTP_LOGIN_MSG (Sendmail)" },
	{ "fqdn", "set myhostname (Postfix) or confDOMAIN_NAME (Sendmail)" },
	{ "transport_role", "connectors have no role here; tell listeners apart by bindings" },
	{ "usage", "write auth_mechanism, permission_groups and bindings out" },

	/* Time and errors: a callback never sleeps. */
	{ "tarpit_interval", "set smtpd_error_sleep_time (Postfix) or confBAD_RCPT_THROTTLE (Sendmail)" },
	{ "auth_tarpit_interval", "set smtpd_error_sleep_time (Postfix); Sendmail has no such setting" },
	{ "connection_timeout", "set smtpd_per_request_deadline (Postfix) or confTO_COMMAND (Sendmail)" },
	{ "connection_inactivity_timeout", "set smtpd_timeout (Postfix) or confTO_COMMAND (Sendmail)" },
	{ "max_acknowledgement_delay", EXCHANGE_ONLY },
	{ "max_protocol_errors", "set smtpd_hard_error_limit (Postfix); Sendmail has its own fixed limit" },
	{ "max_logon_failures", "set smtpd_client_auth_rate_limit (Postfix); Sendmail has no such setting" },
	{ "protocol_logging_level", "set debug_peer_list (Postfix) or confLOG_LEVEL (Sendmail)" },

	/* What EHLO offers. */
	{ "pipelining_enabled", "set smtpd_discard_ehlo_keywords = pipelining (Postfix) or Srv_Features P (Sendmail)" },
	{ "chunking_enabled", "set smtpd_discard_ehlo_keywords = chunking (Postfix); Sendmail does not offer it" },
	{ "eight_bit_mime_enabled", "set smtpd_discard_ehlo_keywords = 8bitmime (Postfix) or confEIGHT_BIT_HANDLING (Sendmail)" },
	{ "binary_mime_enabled", "neither Postfix nor Sendmail offers BINARYMIME; remove it" },
	{ "delivery_status_notification_enabled", "set smtpd_discard_ehlo_keywords = dsn (Postfix) or Srv_Features D (Sendmail)" },
	{ "enhanced_status_codes_enabled", "set smtpd_discard_ehlo_keywords = enhancedstatuscodes (Postfix); Sendmail always offers it" },
	{ "smtp_utf8_enabled", "set smtputf8_enable (Postfix); in Sendmail it is a matter of its build" },
	{ "size_enabled", "set smtpd_discard_ehlo_keywords = size (Postfix); Sendmail always offers it" },
	{ "long_addresses_enabled", EXCHANGE_ONLY },
	{ "orar_enabled", EXCHANGE_ONLY },
	{ "bare_linefeed_rejection_enabled", "set smtpd_forbid_bare_newline (Postfix); Sendmail decides by its version" },

	/* TLS and AUTH. */
	{ "tls_certificate_name", "set smtpd_tls_chain_files (Postfix) or confSERVER_CERT (Sendmail)" },
	{ "domain_secure_enabled", "remove it; what makes partners is the list of TLSReceiveDomainSecureList: write its names under tls_domains" },
	{ "tls_domain_capabilities", "it has no counterpart; remove it: the certificate of Exchange Online is shared by all tenants, and trusting its name would let each of them relay" },
	{ "enable_auth_gssapi", "set the mechanisms of the SASL library (Postfix) or confAUTH_MECHANISMS (Sendmail)" },
	{ "extended_protection_policy", EXCHANGE_ONLY },
	{ "suppress_x_anonymous_tls", EXCHANGE_ONLY },
	{ "live_credential_enabled", EXCHANGE_ONLY },

	/* Exchange's own services. */
	{ "advertise_client_settings", EXCHANGE_ONLY },
	{ "service_discovery_fqdn", EXCHANGE_ONLY },
	{ "accept_consumer_mail", EXCHANGE_ONLY },
	{ "proxy_enabled", EXCHANGE_ONLY },
	{ "default_domain", "set myorigin (Postfix) or confDOMAIN_NAME (Sendmail)" },
	{ "domain_controller", EXCHANGE_ONLY },
	{ "identity", "write name (a connector) or domain (an accepted domain)" },

	/* Set-TransportConfig: the whole organization. */
	{ "max_receive_size", "write max_message_size for each connector; the MTA's own limit is message_size_limit (Postfix) or confMAX_MESSAGE_SIZE (Sendmail)" },
	{ "max_send_size", "write max_message_size for each connector; the MTA's own limit is message_size_limit (Postfix) or confMAX_MESSAGE_SIZE (Sendmail)" },
	{ "max_recipient_envelope_limit", "write max_recipients_per_message for each connector" },
	{ "tls_receive_domain_secure_list", "write tls_domains for each connector that partners reach" },
	{ "tls_send_domain_secure_list", "set smtp_tls_policy_maps (Postfix) or TLS_Srv in the access map (Sendmail)" },
	{ "internal_smtp_servers", "write the servers under remote_ip_ranges of a connector of their own" },
	{ "external_postmaster_address", "set 2bounce_notice_recipient (Postfix) or confDOUBLE_BOUNCE_ADDRESS (Sendmail)" },

	/* New-InboundConnector: Exchange Online. */
	{ "connector_type", "write permission_groups: Partners for a partner, ExchangeServers for hosts of your own" },
	{ "sender_domains", EXCHANGE_ONLINE },
	{ "sender_ip_addresses", "write the addresses under remote_ip_ranges of a connector" },
	{ "tls_sender_certificate_name", "write the name under tls_domains of a connector for partners" },
	{ "restrict_domains_to_ip_addresses", EXCHANGE_ONLINE },
	{ "restrict_domains_to_certificate", EXCHANGE_ONLINE },
	{ "cloud_services_mail_enabled", EXCHANGE_ONLINE },
	{ "treat_messages_as_internal", "write auth_mechanism: [Tls, ExternalAuthoritative] for hosts that are trusted like your own" },
	{ "trusted_organizations", EXCHANGE_ONLINE },
	{ "associated_accepted_domains", EXCHANGE_ONLINE },
	{ "ef_skip_ips", EXCHANGE_ONLINE },
	{ "ef_skip_last_ip", EXCHANGE_ONLINE },
	{ "ef_users", EXCHANGE_ONLINE },
	{ "scan_and_drop_recipients", EXCHANGE_ONLINE },

	/* main.cf of Postfix. */
	{ "mynetworks", "write the networks under remote_ip_ranges of a connector whose clients may relay" },
	{ "relay_domains", "write the domains under accepted_domains, with type: internal_relay or external_relay" },
	{ "mydestination", "write the domains under accepted_domains" },
	{ "virtual_mailbox_domains", "write the domains under accepted_domains" },
	{ "virtual_alias_domains", "write the domains under accepted_domains" },
};
/* clang-format on */
