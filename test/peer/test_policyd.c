/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_policyd.c - the policy service of connector-milter, as Postfix asks
 * it.
 */
#include "daemon.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What Postfix 3.7 sends, more or less. */
#define REQUEST(state, client, sender, recipient)                            \
	"request=smtpd_access_policy\nprotocol_state=" state                 \
	"\nprotocol_name=ESMTP\nclient_address=" client                      \
	"\nclient_name=unknown\nclient_port=40000\nreverse_client_name=\n"   \
	"server_address=10.1.1.1\nserver_port=25\nhelo_name=a.example\n"     \
	"sender=" sender "\nrecipient=" recipient                            \
	"\nrecipient_count=0\nqueue_id=\ninstance=1.2\nsize=0\netrn_domain=" \
	"\nstress=\nsasl_method=\nsasl_username=\nsasl_sender=\n"            \
	"ccert_subject=\nencryption_protocol=\npolicy_context=\n\n"

static int
client_open(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s",
	    daemon_path(&shared, "policy.sock"));
	assert_int_equal(
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void
client_send(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
		assert_true(n > 0);
		text += n;
		len -= (size_t)n;
	}
}

/* Reads count answers: up to that many empty lines. False when closed. */
static bool
client_read(int fd, int count, char *text, size_t size)
{
	size_t n = 0;

	while (count && n + 1 < size) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		assert_int_equal(poll(&p, 1, DAEMON_TIMEOUT), 1);
		if (recv(fd, text + n, 1, 0) <= 0)
			return false;
		n++;
		if (n > 1 && text[n - 1] == '\n' && text[n - 2] == '\n')
			count--;
	}
	text[n] = '\0';
	return true;
}

static void
expect_answer(const char *request, size_t len, const char *want)
{
	char answer[1024];
	int fd = client_open();

	client_send(fd, request, len);
	assert_true(client_read(fd, 1, answer, sizeof(answer)));
	assert_string_equal(answer, want);
	close(fd);
}

static void
expect_closed(const char *request, size_t len)
{
	char answer[1024];
	int fd = client_open();

	/* It may be closed while we still write. */
	(void)!send(fd, request, len, MSG_NOSIGNAL);
	assert_false(client_read(fd, 1, answer, sizeof(answer)));
	close(fd);
}

#define ANSWER(request, want) expect_answer(request, sizeof(request) - 1, want)

static void
answers_are_right(void **state)
{
	(void)state;
	ANSWER(REQUEST("RCPT", "192.168.5.10", "chris@contoso.com",
		   "kate@fabrikam.com"),
	    "action=OK\n\n");
	ANSWER(REQUEST("RCPT", "192.168.5.10", "chris@contoso.com",
		   "anna@contoso.com"),
	    "action=DUNNO\n\n");
	ANSWER(REQUEST("RCPT", "192.0.2.1", "chris@contoso.com",
		   "anna@contoso.com"),
	    "action=DUNNO\n\n");
	ANSWER(REQUEST("RCPT", "192.0.2.1", "", "kate@fabrikam.com"),
	    "action=550 5.7.1 Unable to relay\n\n");
	ANSWER(
	    REQUEST("RCPT", "2001:db8::1", "a@b.example", "kate@fabrikam.com"),
	    "action=550 5.7.1 Unable to relay\n\n");
	/* Loopback is a client like others: this is no local submission. */
	ANSWER(REQUEST("RCPT", "127.0.0.1", "a@b.example", "kate@fabrikam.com"),
	    "action=550 5.7.1 Unable to relay\n\n");
	ANSWER(REQUEST("MAIL", "192.0.2.1", "a@b.example", ""),
	    "action=DUNNO\n\n");
	ANSWER(REQUEST("END-OF-MESSAGE", "192.0.2.1", "a@b.example",
		   "kate@fabrikam.com"),
	    "action=DUNNO\n\n");
}

/* What Postfix takes apart for us must not become ours by it. */
static void
routed_recipients_are_not_ours(void **state)
{
	(void)state;
	ANSWER(REQUEST("RCPT", "192.0.2.1", "", "u@fabrikam.com@contoso.com"),
	    "action=550 5.7.1 Unable to relay\n\n");
	ANSWER(REQUEST("RCPT", "192.0.2.1", "", "u%fabrikam.com@contoso.com"),
	    "action=550 5.7.1 Unable to relay\n\n");
	ANSWER(REQUEST("RCPT", "192.0.2.1", "", "fabrikam.com!u@contoso.com"),
	    "action=550 5.7.1 Unable to relay\n\n");
	ANSWER(REQUEST("RCPT", "192.0.2.1", "", "john smith@contoso.com"),
	    "action=DUNNO\n\n");
	ANSWER(
	    REQUEST("RCPT", "192.0.2.1", "", "postmaster"), "action=DUNNO\n\n");
}

static void
undecidable_is_temporary(void **state)
{
	static const char unknown[] =
	    REQUEST("RCPT", "unknown", "a@b.example", "anna@contoso.com");
	char answer[1024];
	int fd = client_open();

	(void)state;
	client_send(fd, unknown, sizeof(unknown) - 1);
	assert_true(client_read(fd, 1, answer, sizeof(answer)));
	assert_memory_equal(answer, "action=451 4.", 13);
	close(fd);
}

static void
malformed_is_temporary(void **state)
{
	static const char wrong[] =
	    "action=451 4.3.0 Malformed policy request\n\n";

	(void)state;
	ANSWER("\n", wrong);
	ANSWER("protocol_state=RCPT\nsender=\nrecipient=a@b\n\n", wrong);
	ANSWER("request=junk\nprotocol_state=RCPT\n\n", wrong);
	ANSWER("request=smtpd_access_policy\n\n", wrong);
	ANSWER("request=smtpd_access_policy\nprotocol_state=RCPT\n"
	       "client_address=192.168.5.10\nsender=\n\n",
	    wrong);
	ANSWER("request=smtpd_access_policy\nprotocol_state=RCPT\n"
	       "client_address=192.0.2.1\nclient_address=192.168.5.10\n"
	       "sender=\nrecipient=kate@fabrikam.com\n\n",
	    wrong);
	ANSWER("request=smtpd_access_policy\nprotocol_state=RCPT\n"
	       "client_address=192.168.5.10\nsender=\nrecipient\n\n",
	    wrong);
	ANSWER("request=smtpd_access_policy\nprotocol_state=RCPT\n"
	       "client_address=192.168.5.10\nsender=\n"
	       "recipient=kate@fabrikam.com\0x\n\n",
	    wrong);
	ANSWER("request=smtpd_access_policy\nprotocol_state=RCPT\n"
	       "client_address=192.168.5.10\1\nsender=\n"
	       "recipient=kate@fabrikam.com\n\n",
	    wrong);
}

static void
oversized_is_closed(void **state)
{
	enum { SIZE = 100000 };
	char *text = malloc(SIZE);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', SIZE);
	expect_closed(text, SIZE); /* a line without an end */
	memcpy(text, "recipient=", 10);
	text[2100] = '\n';
	expect_closed(text, 2101); /* a line that is too long */
	for (size_t i = 0; i + 4 <= 400; i += 4)
		memcpy(text + i, "a=b\n", 4);
	expect_closed(text, 400); /* too many lines */
	free(text);
	ANSWER(REQUEST("MAIL", "192.0.2.1", "", ""), "action=DUNNO\n\n");
}

static void
requests_may_be_sent_ahead(void **state)
{
	static const char three[] = REQUEST("RCPT", "192.0.2.1", "",
	    "kate@fabrikam.com") "request=junk\n\n" REQUEST("RCPT",
	    "192.168.5.10", "", "kate@fabrikam.com");
	static const char want[] =
	    "action=550 5.7.1 Unable to relay\n\n"
	    "action=451 4.3.0 Malformed policy request\n\n"
	    "action=OK\n\n";
	char answer[1024];
	int fd = client_open();

	(void)state;
	for (int round = 0; round < 20; round++) {
		client_send(fd, three, sizeof(three) - 1);
		assert_true(client_read(fd, 3, answer, sizeof(answer)));
		assert_string_equal(answer, want);
	}
	/* And byte by byte. */
	for (size_t i = 0; i < sizeof(three) - 1; i++)
		client_send(fd, three + i, 1);
	assert_true(client_read(fd, 3, answer, sizeof(answer)));
	assert_string_equal(answer, want);
	close(fd);
}

/* Who leaves in the middle, or never reads, hurts nobody. */
static void
bad_peers_hurt_nobody(void **state)
{
	static const char request[] = REQUEST("MAIL", "192.0.2.1", "", "");
	int idle = client_open(), deaf = client_open(), fd;
	ssize_t n = 1;

	(void)state;
	for (size_t i = 1; i < sizeof(request); i += 37) {
		fd = client_open();
		client_send(fd, request, i);
		close(fd);
	}
	/* Until its answers fill the socket; bounded. */
	for (int i = 0; i < 100000 && n > 0; i++)
		n = send(deaf, request, sizeof(request) - 1,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
	ANSWER(REQUEST("MAIL", "192.0.2.1", "", ""), "action=DUNNO\n\n");
	close(idle);
	close(deaf);
}

/* Nothing is answered that was not asked to its end. */
static void
no_empty_line_no_answer(void **state)
{
	static const char whole[] =
	    REQUEST("RCPT", "192.168.5.10", "", "kate@fabrikam.com");
	char answer[1024];

	(void)state;
	for (size_t less = 1; less < 5; less++) {
		int fd = client_open();

		client_send(fd, whole, sizeof(whole) - 1 - less);
		assert_int_equal(shutdown(fd, SHUT_WR), 0);
		assert_false(client_read(fd, 1, answer, sizeof(answer)));
		close(fd);
	}
}

/* An attribute that fills its line, and one byte more. */
static void
largest_attribute(void **state)
{
	enum { LINE_MAX_SIZE = 2048 };
	static const char before[] =
	    "request=smtpd_access_policy\nprotocol_state=RCPT\n"
	    "client_address=192.0.2.1\nrecipient=anna@contoso.com\n";
	char text[4096], answer[1024];
	size_t n = sizeof(before) - 1;
	int fd;

	(void)state;
	memcpy(text, before, n);
	memset(text + n, 'x', LINE_MAX_SIZE + 1);
	memcpy(text + n, "sender=", 7);
	memcpy(text + n + LINE_MAX_SIZE, "\n\n", 2);
	fd = client_open();
	client_send(fd, text, n + LINE_MAX_SIZE + 2);
	assert_true(client_read(fd, 1, answer, sizeof(answer)));
	assert_memory_equal(answer, "action=", 7);
	assert_memory_not_equal(answer, "action=OK", 9);
	close(fd);
	text[n + LINE_MAX_SIZE] = 'x';
	memcpy(text + n + LINE_MAX_SIZE + 1, "\n\n", 2);
	expect_closed(text, n + LINE_MAX_SIZE + 3);
}

static void
ten_thousand_requests(void **state)
{
	enum { ROUNDS = 1000, EACH = 10 };
	static const char one[] =
	    REQUEST("RCPT", "192.168.5.10", "", "kate@fabrikam.com");
	char all[EACH * sizeof(one)], want[EACH * 16] = "", answer[1024];
	size_t n = 0;
	int fd = client_open();

	(void)state;
	for (int i = 0; i < EACH; i++) {
		memcpy(all + n, one, sizeof(one) - 1);
		n += sizeof(one) - 1;
		strcat(want, "action=OK\n\n");
	}
	for (int round = 0; round < ROUNDS; round++) {
		client_send(fd, all, n);
		assert_true(client_read(fd, EACH, answer, sizeof(answer)));
		assert_string_equal(answer, want);
	}
	close(fd);
}

/* Each in the middle of its request when the next one comes. */
static void
hundreds_of_connections(void **state)
{
	enum { COUNT = 400 };
	static const char one[] =
	    REQUEST("RCPT", "192.0.2.1", "", "kate@fabrikam.com");
	size_t half = sizeof(one) / 2;
	char answer[1024];
	int fds[COUNT];

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		fds[i] = client_open();
		client_send(fds[i], one, half + i % 50);
	}
	for (size_t i = COUNT; i--;)
		client_send(fds[i], one + half + i % 50,
		    sizeof(one) - 1 - half - i % 50);
	for (size_t i = 0; i < COUNT; i++) {
		assert_true(client_read(fds[i], 1, answer, sizeof(answer)));
		assert_string_equal(
		    answer, "action=550 5.7.1 Unable to relay\n\n");
		close(fds[i]);
	}
}

static void
policy_reload(const char *text, int count)
{
	daemon_write(&shared, "policy.yaml", text);
	assert_int_equal(kill(shared.pid, SIGUSR1), 0);
	daemon_wait(&shared, "\"the policy was reloaded\"", count);
}

/* Mode monitor lets pass what others judge, too; to grant is for those who
 * were not to be refused. */
static void
monitor_never_grants(void **state)
{
	static const char watched[] =
	    "version: 1\n"
	    "accepted_domains: [contoso.com]\n"
	    "connectors:\n"
	    "  - name: No such senders\n"
	    "    mode: monitor\n"
	    "    remote_ip_ranges: [192.168.5.10]\n"
	    "    permission_groups: [AnonymousUsers]\n"
	    "    extended_rights:\n"
	    "      - principal: anonymous\n"
	    "        allow: [ms-Exch-SMTP-Accept-Any-Recipient]\n"
	    "        deny: [ms-Exch-SMTP-Accept-Any-Sender]\n"
	    "  - name: No submission\n"
	    "    mode: monitor\n"
	    "    remote_ip_ranges: [192.168.5.11]\n"
	    "    permission_groups: [ExchangeUsers]\n"
	    "    extended_rights:\n"
	    "      - principal: anonymous\n"
	    "        allow: [ms-Exch-SMTP-Accept-Any-Recipient]\n";

	(void)state;
	policy_reload(watched, 1);
	ANSWER(
	    REQUEST("RCPT", "192.168.5.10", "a@b.example", "kate@fabrikam.com"),
	    "action=550 5.7.1 Unable to relay\n\n");
	ANSWER(
	    REQUEST("RCPT", "192.168.5.10", "a@b.example", "anna@contoso.com"),
	    "action=DUNNO\n\n");
	/* This sender would not have been refused. */
	ANSWER(REQUEST("RCPT", "192.168.5.10", "chris@contoso.com",
		   "kate@fabrikam.com"),
	    "action=OK\n\n");
	ANSWER(REQUEST("RCPT", "192.168.5.11", "chris@contoso.com",
		   "kate@fabrikam.com"),
	    "action=550 5.7.1 Unable to relay\n\n");
	ANSWER(REQUEST("RCPT", "192.168.5.11", "chris@contoso.com",
		   "anna@contoso.com"),
	    "action=DUNNO\n\n");
	daemon_wait(&shared, "monitored=yes", 4);
	policy_reload(daemon_policy, 2);
}

/* A refusal ends with the id of its line in the log. */
static void
answer_finds_line(void **state)
{
	static const char request[] =
	    REQUEST("RCPT", "192.0.2.1", "", "kate@fabrikam.com");
	char policy[2048], answer[1024], wanted[80], id[40];
	int fd;

	(void)state;
	snprintf(policy, sizeof(policy), "reply_ids: true\n%s", daemon_policy);
	policy_reload(policy, 3);
	fd = client_open();
	client_send(fd, request, sizeof(request) - 1);
	assert_true(client_read(fd, 1, answer, sizeof(answer)));
	close(fd);
	assert_int_equal(
	    sscanf(answer,
		"action=550 5.7.1 Unable to relay [%30[0-9a-f.-]]\n\n", id),
	    1);
	snprintf(wanted, sizeof(wanted), " id=%s via=policy ", id);
	daemon_wait(&shared, wanted, 1);
	policy_reload(daemon_policy, 4);
}

#define RCPT_TLS(client, more)                                 \
	"request=smtpd_access_policy\nprotocol_state=RCPT\n"   \
	"client_address=" client                               \
	"\nserver_address=10.1.1.1\nserver_port=25\nsender=\n" \
	"recipient=kate@fabrikam.com\n" more "\n"

static const char limited_policy[] =
    "version: 1\n"
    "accepted_domains: [contoso.com]\n"
    "connectors:\n"
    "  - name: Partners\n"
    "    remote_ip_ranges: [10.9.0.0/16]\n"
    "    auth_mechanism: [Tls]\n"
    "    tls_domains: [mail.partner.example]\n"
    "    permission_groups: [Partners]\n"
    "    extended_rights:\n"
    "      - principal: partner\n"
    "        allow: [ms-Exch-SMTP-Accept-Any-Recipient]\n"
    "  - name: Encrypted\n"
    "    remote_ip_ranges: [10.8.0.0/16]\n"
    "    auth_mechanism: [Tls]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    require_tls: true\n"
    "  - name: Limited\n"
    "    remote_ip_ranges: [10.7.0.0/16]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    max_inbound_connection: 1\n"
    "    max_inbound_connection_per_source: 1\n"
    "    message_rate_limit: 1\n"
    "    max_recipients_per_message: 1\n"
    "    extended_rights:\n"
    "      - principal: anonymous\n"
    "        allow: [ms-Exch-SMTP-Accept-Any-Recipient]\n";

/* Postfix names a certificate only if it verified it. */
static void
certificates_make_partners(void **state)
{
	(void)state;
	policy_reload(limited_policy, 5);
	ANSWER(RCPT_TLS("10.9.1.1", "encryption_protocol=TLSv1.3\n"
				    "ccert_subject=mail.partner.example\n"),
	    "action=OK\n\n");
	ANSWER(RCPT_TLS("10.9.1.1", "encryption_protocol=TLSv1.3\n"
				    "ccert_subject=mail.other.example\n"),
	    "action=530 5.7.1 Client was not authenticated\n\n");
	ANSWER(RCPT_TLS("10.9.1.1", "encryption_protocol=TLSv1.3\n"
				    "ccert_subject=\n"),
	    "action=530 5.7.1 Client was not authenticated\n\n");
	/* Who issued it or what its number is, names nobody. */
	ANSWER(RCPT_TLS("10.9.1.1", "encryption_protocol=TLSv1.3\n"
				    "ccert_issuer=mail.partner.example\n"
				    "ccert_fingerprint=AA:BB\n"),
	    "action=530 5.7.1 Client was not authenticated\n\n");
}

static void
tls_is_required(void **state)
{
	(void)state;
	ANSWER(RCPT_TLS("10.8.1.1", "encryption_protocol=\n"),
	    "action=530 5.7.0 Must issue a STARTTLS command first\n\n");
	ANSWER(RCPT_TLS("10.8.1.1", ""),
	    "action=530 5.7.0 Must issue a STARTTLS command first\n\n");
	ANSWER(RCPT_TLS("10.8.1.1", "encryption_protocol=TLSv1.3\n"),
	    "action=550 5.7.1 Unable to relay\n\n");
}

/* Only the milter counts: a message is asked about once a recipient here, and
 * would be counted twice. */
static void
nothing_is_counted(void **state)
{
	struct peer_reply r;
	struct peer *p;

	(void)state;
	for (int i = 0; i < 5; i++)
		ANSWER(RCPT_TLS("10.7.1.1", "recipient_count=9\n"),
		    "action=OK\n\n");
	/* The milter has its places still, and these do not limit us. */
	p = daemon_peer(&shared, "10.7.1.1");
	expect_continue(peer_mail(p, mail_chris, &r), &r);
	ANSWER(RCPT_TLS("10.7.1.1", ""), "action=OK\n\n");
	peer_free(p);
	policy_reload(daemon_policy, 6);
}

static void
log_names_the_request(void **state)
{
	static const char request[] =
	    "request=smtpd_access_policy\nprotocol_state=RCPT\n"
	    "client_address=192.0.2.99\nserver_address=10.1.1.1\n"
	    "server_port=25\nhelo_name=a b\nqueue_id=4Wq2x\n"
	    "sasl_username=o hara\nsender=chris@contoso.com\n"
	    "recipient=anna@contoso.com\n\n";
	char *log, *line;

	(void)state;
	ANSWER(request, "action=DUNNO\n\n");
	daemon_wait(&shared, "client=192.0.2.99", 3);
	log = daemon_log(&shared);
	line = strstr(log, "queue=4Wq2x client=192.0.2.99 helo=\"a b\" "
			   "auth=\"o hara\" ");
	assert_non_null(line);
	assert_non_null(strstr(line, "stage=rcpt argument=<anna@contoso.com>"));
	free(log);
}

/* Every byte but NUL and line end, which a request cannot hold. */
static void
log_has_no_control_bytes(void **state)
{
	static const char *const keys[] = { "helo_name", "sasl_username",
		"ccert_subject", "queue_id", "sender", "recipient" };
	char all[256], text[4096], answer[1024], *log;
	size_t n = 0;

	(void)state;
	for (int c = 1; c < 256; c++)
		if (c != '\n')
			all[n++] = (char)c;
	all[n] = '\0';
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		int fd = client_open();

		snprintf(text, sizeof(text),
		    "request=smtpd_access_policy\nprotocol_state=RCPT\n"
		    "client_address=192.0.2.98\nserver_address=10.1.1.1\n"
		    "server_port=25\n%s%s=%s\n\n",
		    strcmp(keys[i], "recipient") ? "recipient=a@contoso.com\n"
						 : "",
		    keys[i], all);
		client_send(fd, text, strlen(text));
		assert_true(client_read(fd, 1, answer, sizeof(answer)));
		close(fd);
		for (const char *c = answer; *c; c++)
			if (*c != '\n' && (*c < ' ' || *c > '~'))
				fail_msg("%s: byte %d answered", keys[i], *c);
	}
	daemon_wait(&shared, "\\x02", 1);
	log = daemon_log(&shared);
	for (const char *c = log; *c; c++)
		if (*c != '\n' && (*c < ' ' || *c > '~'))
			fail_msg("byte %d in the log", *c);
	free(log);
}

int
policyd_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_right),
		cmocka_unit_test(routed_recipients_are_not_ours),
		cmocka_unit_test(undecidable_is_temporary),
		cmocka_unit_test(malformed_is_temporary),
		cmocka_unit_test(oversized_is_closed),
		cmocka_unit_test(requests_may_be_sent_ahead),
		cmocka_unit_test(bad_peers_hurt_nobody),
		cmocka_unit_test(no_empty_line_no_answer),
		cmocka_unit_test(largest_attribute),
		cmocka_unit_test(ten_thousand_requests),
		cmocka_unit_test(hundreds_of_connections),
		cmocka_unit_test(monitor_never_grants),
		cmocka_unit_test(answer_finds_line),
		cmocka_unit_test(certificates_make_partners),
		cmocka_unit_test(tls_is_required),
		cmocka_unit_test(nothing_is_counted),
		cmocka_unit_test(log_names_the_request),
		cmocka_unit_test(log_has_no_control_bytes),
		cmocka_unit_test(shared_ends_well),
	};

	return cmocka_run_group_tests_name(
	    "policy service", tests, shared_start, shared_end);
}
