/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refusals - properties of a Receive connector that are no keys here.
 *
 * Source: Set-ReceiveConnector on learn.microsoft.com, in the groups of that
 * page; the settings are those of postconf(5) and of Sendmail's cf/README.
 * A property that becomes a key moves from here to load.c.
 */
#include "mta_settings.h"

#include <stddef.h>

#define EXCHANGE_ONLY "it means nothing outside of Exchange; remove it"

/* clang-format off */
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
	{ "domain_secure_enabled", "write require_tls: true, and the names on the partners' certificates under tls_domains" },
	{ "tls_domain_capabilities", "write the names on certificates under tls_domains of the connector or of exchange_servers" },
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
};
/* clang-format on */
