/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * properties.c - the properties of a Receive connector, as one table.
 *
 * A row says how a property is read, its default in Exchange 2019, and what
 * becomes of it: a key of the policy, or the MTA's setting that does it
 * (Set-ReceiveConnector, learn.microsoft.com). What is not in the table and
 * not in the list below it is unknown, and said.
 */
#include "import.h"

/* clang-format off */
#define KEEP(p, how, k, d, lo, hi) { .property = p, .reading = IMPORT_READ_##how, .key = k, .preset = d, .least = lo, .most = hi, .strict = true }
#define DROP(p, d, a)              { .property = p, .reading = IMPORT_READ_TEXT, .preset = d, .advice = a }

const struct import_row import_rows[] = {
	KEEP("RequireTLS",                  BOOL,   "require_tls", "false", 0, 1),
	KEEP("MaxMessageSize",              SIZE,   "max_message_size", "37748736", 65536, INT32_MAX),
	KEEP("MaxHeaderSize",               SIZE,   "max_header_size", "262144", 1, INT32_MAX),
	KEEP("MaxRecipientsPerMessage",     NUMBER, "max_recipients_per_message", "200", 1, 512000),
	KEEP("MaxHopCount",                 NUMBER, "max_hop_count", "60", 1, 500),
	KEEP("MaxLocalHopCount",            NUMBER, "max_local_hop_count", "5", 0, 50),
	KEEP("MessageRateLimit",            NUMBER, "message_rate_limit", "unlimited", 1, INT32_MAX),
	KEEP("MessageRateSource",           SOURCE, "message_rate_source", "ip_address", 0, 0),
	KEEP("MaxInboundConnection",        NUMBER, "max_inbound_connection", "5000", 1, INT32_MAX),
	KEEP("MaxInboundConnectionPerSource", NUMBER, "max_inbound_connection_per_source", "20", 1, 10000),
	KEEP("MaxInboundConnectionPercentagePerSource", NUMBER, "max_inbound_connection_percentage_per_source", "2", 1, 100),
	KEEP("RequireEHLODomain",           BOOL,   "require_ehlo_domain", "false", 0, 1),
	KEEP("RejectReservedTopLevelRecipientDomains", BOOL, "reject_reserved_top_level_recipient_domains", "false", 0, 1),
	KEEP("RejectReservedSecondLevelRecipientDomains", BOOL, "reject_reserved_second_level_recipient_domains", "false", 0, 1),
	KEEP("RejectSingleLabelRecipientDomains", BOOL, "reject_single_label_recipient_domains", "false", 0, 1),
	DROP("Banner",                      "", "Postfix smtpd_banner, Sendmail confSMTP_LOGIN_MSG"),
	DROP("Fqdn",                        NULL, "Postfix myhostname, Sendmail confDOMAIN_NAME"),
	DROP("ConnectionTimeout",           "00:10:00", "Postfix smtpd_timeout, Sendmail confTO_COMMAND"),
	DROP("ConnectionInactivityTimeout", "00:05:00", "Postfix smtpd_timeout, Sendmail confTO_COMMAND"),
	DROP("TarpitInterval",              "00:00:05", "Postfix smtpd_error_sleep_time"),
	DROP("AuthTarpitInterval",          "00:00:05", "Postfix smtpd_error_sleep_time"),
	DROP("MaxProtocolErrors",           "5", "Postfix smtpd_hard_error_limit, Sendmail confBAD_RCPT_THROTTLE"),
	DROP("MaxLogonFailures",            "3", "Postfix anvil and smtpd_client_auth_rate_limit"),
	DROP("SizeEnabled",                 "Enabled", "Postfix smtpd_discard_ehlo_keywords = size"),
	DROP("EightBitMimeEnabled",         "True", "Postfix smtpd_discard_ehlo_keywords = 8bitmime"),
	DROP("BinaryMimeEnabled",           "True", "neither MTA offers BINARYMIME; nothing to set"),
	DROP("ChunkingEnabled",             "True", "Postfix smtpd_discard_ehlo_keywords = chunking"),
	DROP("PipeliningEnabled",           "True", "Postfix smtpd_discard_ehlo_keywords = pipelining"),
	DROP("DeliveryStatusNotificationEnabled", "True", "Postfix smtpd_discard_ehlo_keywords = dsn"),
	DROP("EnhancedStatusCodesEnabled",  "True", "Postfix smtpd_discard_ehlo_keywords = enhancedstatuscodes"),
	DROP("SmtpUtf8Enabled",             "True", "Postfix smtputf8_enable"),
	DROP("BareLinefeedRejectionEnabled", "False", "Postfix smtpd_forbid_bare_newline"),
	DROP("EnableAuthGSSAPI",            "False", "the MTA's SASL mechanisms"),
	DROP("ExtendedProtectionPolicy",    "None", "no counterpart in SASL on either MTA"),
	DROP("TlsCertificateName",          "", "Postfix smtpd_tls_chain_files, Sendmail confSERVER_CERT"),
	DROP("LongAddressesEnabled",        "False", "Exchange's own extension; nothing to set"),
	DROP("OrarEnabled",                 "False", "Exchange's own extension; nothing to set"),
	DROP("SuppressXAnonymousTls",       "False", "between Exchange servers; nothing to set"),
	DROP("ProxyEnabled",                "False", "between Exchange servers; nothing to set"),
	DROP("AcceptConsumerMail",          "False", "nothing to set"),
	DROP("LiveCredentialEnabled",       "False", "nothing to set"),
	DROP("DefaultDomain",               "", "Postfix myorigin, Sendmail confDOMAIN_NAME"),
	DROP("ServiceDiscoveryFqdn",        "", "nothing to set"),
	DROP("ProtocolLoggingLevel",        NULL, "the daemon's log"),
	DROP("AuthMechanismAdvertised",     NULL, "nothing to set"),
	DROP("AdvertiseClientSettings",     NULL, "nothing to set"),
	DROP("MaxAcknowledgementDelay",     NULL, "nothing to set"),
};
/* clang-format on */

size_t
import_row_count(void)
{
	return sizeof import_rows / sizeof *import_rows;
}
