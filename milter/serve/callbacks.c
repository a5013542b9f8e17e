/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * callbacks.c - libmilter's callbacks: their arguments to events.
 *
 * Decides nothing, waits for nothing. libmilter moves a connection between
 * threads from one callback to the next, so all state is in its private
 * data; that is NULL where no session could be made, and then every answer
 * is a temporary failure.
 */
#include "callbacks.h"
#include "decided.h"
#include "apply.h"
#include "log.h"
#include "record.h"
#include "report.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct connection {
	struct edition *edition;
	struct session *session;
	struct visit visit;
	bool entered; /* on the roster */
	struct decided_for whom;
	char id[REPORT_ID_SIZE];
	struct logvalue helo;
	bool open; /* a transaction that the engine has not seen end */
};

/* libmilter hands nothing through to a callback. */
static const struct service *service;

/* All that is asked of macro_get(), and no more. Not at end of header and end
 * of message: Sendmail 8.17.1 mixes those two up; "i" of DATA is still known
 * there. */
static const struct {
	int stage;
	const char *macros;
} symlists[] = {
	// clang-format off
	{ SMFIM_CONNECT, "{daemon_addr} {daemon_port} {daemon_name} {if_addr}" },
	{ SMFIM_HELO,    "{tls_version} {verify} {cn_subject} {cert_subject}" },
	{ SMFIM_ENVFROM, "i {auth_authen} {tls_version} {verify} {cn_subject} {cert_subject}" },
	{ SMFIM_ENVRCPT, "i {rcpt_addr} {rcpt_mailer}" },
	{ SMFIM_DATA,    "i" },
	// clang-format on
};

static void
connection_leave(struct connection *c)
{
	if (!c->entered)
		return;
	roster_leave(service->roster, &c->visit);
	atomic_fetch_sub(&edition_row(c->edition, c->session)->open, 1);
	c->entered = false;
}

static void
connection_free(struct connection *c)
{
	if (!c)
		return;
	record_end(c->whom.record);
	connection_leave(c);
	session_free(c->session);
	edition_unref(c->edition);
	free(c);
}

/* Once the session knows its connector. */
static void
connection_enter(struct connection *c, const struct session_event *e)
{
	c->visit.id = c->id;
	c->visit.session = c->session;
	c->visit.client = c->whom.report.client;
	c->visit.since = e->now;
	atomic_fetch_add(&edition_row(c->edition, c->session)->open, 1);
	roster_enter(service->roster, &c->visit);
	c->entered = true;
}

static struct connection *
connection_new(struct edition *edition)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->session = session_new(edition_ruleset(edition));
	if (!c->session) {
		free(c);
		return NULL;
	}
	c->edition = edition_ref(edition);
	session_count(c->session, &service->counters);
	report_id(c->id);
	c->whom = (struct decided_for){
		.via = VIA_MILTER,
		.edition = c->edition,
		.session = c->session,
		.report = { .id = c->id,
		    .via = "milter",
		    .session = c->session },
		.visit = &c->visit,
		.record = record_new(
		    service->recorder, c->id, edition_ruleset(edition)),
	};
	return c;
}

/* A macro; NULL also where it is empty. */
static const char *
macro_get(SMFICTX *ctx, const char *name)
{
	const char *value = smfi_getsymval(ctx, (char *)name);

	return value && *value ? value : NULL;
}

/* Feeds an event of which the engine only takes notice: nobody waits for an
 * answer, and nothing is decided before the next that is. */
static sfsistat
connection_note(SMFICTX *ctx, struct session_event *e)
{
	struct connection *c = smfi_getpriv(ctx);
	struct decision d;

	if (c) {
		session_feed(c->session, e, &d);
		event_noticed(service, &c->whom, e, &d);
	}
	return SMFIS_NOREPLY;
}

/* Feeds an event that is decided, and logs. */
static void
connection_feed(SMFICTX *ctx, struct connection *c, struct session_event *e,
    struct decision *d, const char *argument)
{
	clocks_read(e);
	if (e->stage == STAGE_CONNECT)
		connection_leave(c);
	session_feed(c->session, e, d);
	if (e->stage == STAGE_CONNECT)
		connection_enter(c, e);
	else
		c->whom.report.queue = macro_get(ctx, "i");
	decision_made(service, &c->whom, e, d, argument);
}

static sfsistat
connection_ask(SMFICTX *ctx, struct session_event *e, const char *argument)
{
	struct connection *c = smfi_getpriv(ctx);
	char text[REPLY_TEXT_SIZE];
	struct decision d;

	if (!c)
		return apply_undecided(ctx);
	connection_feed(ctx, c, e, &d, argument);
	report_identify(&c->whom.report, &d, text);
	return apply_verdict(ctx, &d);
}

static void
transaction_end(struct connection *c)
{
	struct session_event e = { .stage = STAGE_ABORT };
	struct decision d;

	if (c && c->open) {
		session_feed(c->session, &e, &d);
		event_noticed(service, &c->whom, &e, &d);
	}
	if (c)
		c->open = false;
}

/* The same for every session of a policy: libmilter's table of what may follow
 * what is shared by all of them. */
static unsigned long
steps_wanted(unsigned needs)
{
	unsigned long steps = SMFIP_NOUNKNOWN | SMFIP_NOEOH | SMFIP_NR_CONN |
			      SMFIP_NR_HELO | SMFIP_NR_HDR | SMFIP_NR_BODY;

	/* Nothing is decided at DATA. But on TCP it stays, and with a reply:
	 * smtpd then hands cleanup a connection without an unacknowledged
	 * packet, 40 ms faster. */
	if (!service->tcp)
		steps |= SMFIP_NODATA;
	if (!(needs & NEED_HEADERS))
		steps |= SMFIP_NOHDRS;
	if (!(needs & NEED_BODY))
		steps |= SMFIP_NOBODY;
	return steps;
}

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2,
    unsigned long f3, unsigned long *pf0, unsigned long *pf1,
    unsigned long *pf2, unsigned long *pf3)
{
	const unsigned long edits = SMFIF_ADDHDRS | SMFIF_CHGHDRS;
	struct edition *edition = store_get(service->store);
	struct connection *c = NULL;

	(void)f2, (void)f3;
	if ((f0 & edits) == edits)
		c = connection_new(edition);
	else
		log_message(LOG_WARNING,
		    "the MTA does not let filters change the header; "
		    "its session gets temporary failures");
	connection_free(smfi_getpriv(ctx));
	smfi_setpriv(ctx, c);
	*pf0 = f0 & (edits | SMFIF_SETSYMLIST);
	*pf1 = f1 & steps_wanted(ruleset_needs(edition_ruleset(edition)));
	*pf2 = *pf3 = 0;
	edition_unref(edition);
	for (size_t i = 0; i < sizeof(symlists) / sizeof(*symlists); i++)
		smfi_setsymlist(
		    ctx, symlists[i].stage, (char *)symlists[i].macros);
	return SMFIS_CONTINUE;
}

/* Sendmail's {daemon_addr} is what it was told to listen on, so {if_addr},
 * which Postfix does not have, comes first. Postfix writes an IPv6 address
 * bare, Sendmail with a tag. */
static void
listener_get(SMFICTX *ctx, struct listener *l)
{
	static const char *const names[] = { "{if_addr}", "{daemon_addr}" };
	const char *port = macro_get(ctx, "{daemon_port}");
	char why[NETADDR_WHY_SIZE];
	unsigned long number;
	char *end;

	memset(l, 0, sizeof(*l));
	for (size_t i = 0; i < 2 && l->addr.family == FAMILY_NONE; i++) {
		const char *text = macro_get(ctx, names[i]);
		if (text && !strncasecmp(text, "IPv6:", 5))
			text += 5;
		if (text && netaddr_parse(text, &l->addr, why))
			memset(&l->addr, 0, sizeof(l->addr));
	}
	number = port ? strtoul(port, &end, 10) : 0;
	if (number && number <= 65535 && !*end)
		l->port = (uint16_t)number;
}

/* Mail that Sendmail got on its standard input (-bs): it tells no client, and
 * nothing of a daemon. To the engine it is what Postfix says of mail that came
 * by no connection: this host, port 0, no listener. */
static bool
is_standard_input(SMFICTX *ctx, const struct listener *l)
{
	return l->addr.family == FAMILY_NONE && l->port == 0 &&
	       !macro_get(ctx, "{daemon_name}") &&
	       !macro_get(ctx, "{daemon_addr}") &&
	       !macro_get(ctx, "{daemon_port}");
}

static sfsistat
on_connect(SMFICTX *ctx, char *hostname, _SOCK_ADDR *address)
{
	struct connection *c = smfi_getpriv(ctx);
	struct session_event e = { .stage = STAGE_CONNECT };
	struct decision d;

	(void)hostname;
	if (!c)
		return SMFIS_NOREPLY;
	e.connect.client_port = -1;
	if (address && address->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, address, sizeof(in));
		e.connect.client =
		    netaddr_from_ipv4((const uint8_t *)&in.sin_addr);
		e.connect.client_port = ntohs(in.sin_port);
	} else if (address && address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, address, sizeof(in6));
		e.connect.client = netaddr_from_ipv6(in6.sin6_addr.s6_addr);
		e.connect.client_port = ntohs(in6.sin6_port);
	}
	listener_get(ctx, &e.connect.local);
	if (!address && is_standard_input(ctx, &e.connect.local)) {
		static const uint8_t loopback[] = { 127, 0, 0, 1 };
		e.connect.client = netaddr_from_ipv4(loopback);
		e.connect.client_port = 0;
	}
	c->whom.report.client = e.connect.client;
	c->whom.report.queue = NULL;
	/* What it refuses here it refuses again when asked. */
	connection_feed(ctx, c, &e, &d, NULL);
	return SMFIS_NOREPLY;
}

static sfsistat
on_helo(SMFICTX *ctx, char *name)
{
	struct connection *c = smfi_getpriv(ctx);
	struct session_event e = { .stage = STAGE_HELO, .helo.name = name };

	if (c) {
		logvalue_init(&c->helo);
		logvalue_text(&c->helo, name);
		c->whom.report.helo = c->helo.text;
	}
	return connection_note(ctx, &e);
}

/* The common name on a client certificate that the MTA verified. Postfix has
 * {cert_subject} for it, and sends that only if it did; Sendmail, whose
 * {cert_subject} is a whole DN, says in {verify} whether it did. */
static const char *
certificate_get(SMFICTX *ctx)
{
	const char *verify = macro_get(ctx, "{verify}");

	if (!verify)
		return macro_get(ctx, "{cert_subject}");
	return strcmp(verify, "OK") ? NULL : macro_get(ctx, "{cn_subject}");
}

static sfsistat
on_mail(SMFICTX *ctx, char **argv)
{
	struct connection *c = smfi_getpriv(ctx);
	struct session_event e = { .stage = STAGE_MAIL };

	transaction_end(c);
	if (c)
		c->open = true;
	/* Postfix's cleanup says an empty argument for <>. */
	e.mail.sender = argv[0][0] ? argv[0] : "<>";
	e.mail.params = (const char *const *)argv + 1;
	e.mail.auth = macro_get(ctx, "{auth_authen}");
	e.mail.tls = macro_get(ctx, "{tls_version}") != NULL;
	e.mail.cert = certificate_get(ctx);
	return connection_ask(ctx, &e, e.mail.sender);
}

static sfsistat
on_rcpt(SMFICTX *ctx, char **argv)
{
	struct session_event e = { .stage = STAGE_RCPT };

	e.rcpt.recipient = argv[0];
	e.rcpt.params = (const char *const *)argv + 1;
	e.rcpt.resolved = macro_get(ctx, "{rcpt_addr}");
	e.rcpt.mailer = macro_get(ctx, "{rcpt_mailer}");
	return connection_ask(ctx, &e, argv[0]);
}

static sfsistat
on_data(SMFICTX *ctx)
{
	struct session_event e = { .stage = STAGE_DATA };

	if (!smfi_getpriv(ctx))
		return apply_undecided(ctx);
	/* The reply is all that is wanted of it: see steps_wanted(). */
	connection_note(ctx, &e);
	return SMFIS_CONTINUE;
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	struct session_event e = { .stage = STAGE_HEADER };

	e.header.name = name;
	e.header.value = value;
	return connection_note(ctx, &e);
}

static sfsistat
on_body(SMFICTX *ctx, unsigned char *bytes, size_t len)
{
	struct session_event e = { .stage = STAGE_BODY, .body.bytes = len };

	(void)bytes;
	return connection_note(ctx, &e);
}

static sfsistat
on_eom(SMFICTX *ctx)
{
	struct connection *c = smfi_getpriv(ctx);
	struct session_event e = { .stage = STAGE_EOM };
	char text[REPLY_TEXT_SIZE];
	struct decision d;
	sfsistat status;

	if (!c)
		return apply_undecided(ctx);
	connection_feed(ctx, c, &e, &d, NULL);
	report_identify(&c->whom.report, &d, text);
	status = apply_message(ctx, &d);
	transaction_end(c);
	return status;
}

/* Not called after end of message, nor after a refusal of the message. */
static sfsistat
on_abort(SMFICTX *ctx)
{
	transaction_end(smfi_getpriv(ctx));
	return SMFIS_CONTINUE;
}

/* May be the only one that is called; may run in the thread that serves all
 * others. */
static sfsistat
on_close(SMFICTX *ctx)
{
	connection_free(smfi_getpriv(ctx));
	smfi_setpriv(ctx, NULL);
	return SMFIS_CONTINUE;
}

int
callbacks_register(const struct service *s)
{
	static struct smfiDesc desc = {
		.xxfi_name = (char *)"connector-milter",
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_header = on_header,
		.xxfi_body = on_body,
		.xxfi_eom = on_eom,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
		.xxfi_data = on_data,
		.xxfi_negotiate = on_negotiate,
	};

	service = s;
	return smfi_register(desc) == MI_SUCCESS ? 0 : -ENOMEM;
}
