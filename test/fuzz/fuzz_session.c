/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_session - events in any order, under policies of test/sessions.
 *
 * The first byte picks a policy; each further line is an event, a letter and
 * its argument (see line_event()). Whatever the order: a decision is well
 * formed; a recipient is accepted only if MAIL was and the recipient is ours
 * or the client may relay, said here in the words of the manual; nothing that
 * came before the last MAIL matters to what follows; and who is refused
 * stays refused when a range that gives rights is taken away.
 */
#include "files.h"
#include "fuzz.h"
#include "mailbox.h"
#include "ruleset.h"
#include "session.h"

#include <strings.h>

enum { EVENTS_MAX = 60, LESS = 4 };

/* ---- Policies -------------------------------------------------------- */

/* Every range beside the catch-all gives more than it does, so that none
 * can be taken away to somebody's advantage. The lines with a mark can. */
static const char nested[] =
    "version: 1\n"
    "server: mx1.contoso.com\n"
    "accepted_domains: [contoso.com, \"*.lab.contoso.com\"]\n"
    "ip_allow_list:\n"
    "  - 192.168.5.12\n"
    "ip_block_list:\n"
    "  - 203.0.113.0/24\n"
    "connectors:\n"
    "  - name: Default Frontend\n"
    "    remote_ip_ranges: [0.0.0.0-255.255.255.255, \"::/0\"]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "  - name: Relay\n"
    "    remote_ip_ranges:\n"
    "      - 192.168.5.250\n"
    "      - 192.168.5.10-192.168.5.20 #1\n"
    "      - 192.168.7.25 #2\n"
    "      - 2001:db8:5::/64 #3\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    extended_rights:\n"
    "      - principal: anonymous\n"
    "        allow: [ms-Exch-SMTP-Accept-Any-Recipient]\n"
    "  - name: Trusted\n"
    "    remote_ip_ranges:\n"
    "      - 192.168.5.251\n"
    "      - 192.168.5.12-192.168.5.14 #4\n"
    "    auth_mechanism: [ExternalAuthoritative]\n"
    "    permission_groups: [ExchangeServers]\n";

static const char *const folders[] = { "contract-example", "auth", "tls",
	"monitor", "monitor-seam", "monitor-rights", "block-list",
	"local-submission", "selection-listener", "no-connector-tempfail",
	"recipients-reserved", "require-ehlo-domain", "limits-size",
	"limits-recipients", "header-from-check", "replies-modern" };

enum { NFOLDERS = sizeof(folders) / sizeof(folders[0]) };

/* Reads the policy above, without the line that a mark ends. */
static int
nested_read(void *ctx, const char *path, size_t max, char **text, size_t *len)
{
	const char *mark = ctx;
	char *at, *end;

	(void)path, (void)max;
	*text = text_of((const uint8_t *)nested, sizeof(nested) - 1);
	at = strstr(*text, mark);
	if (at != NULL) {
		end = at + strlen(mark);
		while (at > *text && at[-1] != '\n')
			at--;
		memmove(at, end, strlen(end) + 1);
	}
	*len = strlen(*text);
	return 0;
}

static struct ruleset *
load(const struct reader *reader, const char *file)
{
	struct diagnostics *list = diagnostics_new();
	struct ruleset *ruleset;

	MUST(list != NULL);
	if (ruleset_load(reader, file, "host.contoso.com", &ruleset, list)) {
		fprintf(stderr, "%s: %s\n", file,
		    diagnostics_get(list, 0)->message);
		abort();
	}
	diagnostics_free(list);
	return ruleset;
}

/* The nested policy without the n-th range that can be taken; 0: with all. */
static struct ruleset *
nested_ruleset(size_t n)
{
	static struct ruleset *rulesets[LESS + 1];
	char mark[] = "#0\n";
	const struct reader reader = { mark, nested_read };

	mark[1] = (char)('0' + n);
	if (rulesets[n] == NULL)
		rulesets[n] = load(&reader, "policy.yaml");
	return rulesets[n];
}

static struct ruleset *
recorded_ruleset(size_t n)
{
	static struct ruleset *rulesets[NFOLDERS];
	static char paths[NFOLDERS][300];
	struct files files;
	struct reader reader;

	if (rulesets[n] != NULL)
		return rulesets[n];
	(void)snprintf(paths[n], sizeof(paths[n]), "%s/%s/policy.yaml",
	    SESSIONS, folders[n]);
	files_init(&files, paths[n]);
	reader = files_reader(&files);
	rulesets[n] = load(&reader, paths[n]);
	return rulesets[n];
}

/* ---- Lines to events ------------------------------------------------- */

/* The words of a line that behind a bar: "sender|user". */
static char *
behind_bar(char *text)
{
	char *bar = strchr(text, '|');

	if (bar != NULL)
		*bar++ = '\0';
	return bar;
}

/* "ADDRESS" or "ADDRESS|LOCAL:PORT"; a local submission has no port. */
static void
connect_event(struct session_event *event, char *text, int port)
{
	char *local = behind_bar(text), why[NETADDR_WHY_SIZE];

	event->connect.client_port = port;
	if (netaddr_parse(text, &event->connect.client, why) != 0)
		event->connect.client = (struct netaddr){ 0, 0, FAMILY_NONE };
	if (local != NULL && endpoint_parse(local, &event->connect.local.addr,
				 &event->connect.local.port, why) != 0)
		event->connect.local = (struct listener){ 0 };
}

/* C connect, L the same for a local submission, H helo; M mail, T the same
 * with TLS, each with "|user" or "|=certificate"; S a declared size; R rcpt
 * with "|resolved"; D data, "N name: value" a field, E its end, B body of as
 * many bytes, "." end of message, X abort. False: no event. */
static bool
line_event(char *line, struct session_event *event, const char *params[2])
{
	char *text = line + 1, *more;

	*event = (struct session_event){ .now = 1793404800 };
	switch (line[0]) {
	case 'C':
	case 'L':
		event->stage = STAGE_CONNECT;
		connect_event(event, text, line[0] == 'C' ? 40000 : 0);
		return true;
	case 'H':
		event->stage = STAGE_HELO;
		event->helo.name = text;
		return true;
	case 'M':
	case 'T':
		more = behind_bar(text);
		event->stage = STAGE_MAIL;
		event->mail.sender = text;
		event->mail.tls = line[0] == 'T';
		if (more != NULL && *more == '=')
			event->mail.cert = more + 1;
		else
			event->mail.auth = more;
		return true;
	case 'S':
		event->stage = STAGE_MAIL;
		event->mail.sender = "<>";
		params[0] = text;
		event->mail.params = params;
		return true;
	case 'R':
		event->stage = STAGE_RCPT;
		event->rcpt.resolved = behind_bar(text);
		event->rcpt.recipient = text;
		event->rcpt.mailer = "local";
		return true;
	case 'D':
		event->stage = STAGE_DATA;
		return true;
	case 'N':
		event->stage = STAGE_HEADER;
		event->header.name = text;
		more = strchr(text, ':');
		event->header.value = more != NULL ? more + 1 : "";
		if (more != NULL)
			*more = '\0';
		return true;
	case 'E':
		event->stage = STAGE_EOH;
		return true;
	case 'B':
		event->stage = STAGE_BODY;
		event->body.bytes = strtoul(text, NULL, 10) & 0xffffff;
		return true;
	case '.':
		event->stage = STAGE_EOM;
		return true;
	case 'X':
		event->stage = STAGE_ABORT;
		return true;
	default:
		return false;
	}
}

struct events {
	struct session_event list[EVENTS_MAX];
	const char *params[EVENTS_MAX][2];
	size_t count;
};

static void
events_read(struct events *events, char *text)
{
	char *line;

	events->count = 0;
	memset(events->params, 0, sizeof(events->params));
	while (events->count < EVENTS_MAX && (line = next_line(&text)) != NULL)
		events->count += line_event(line, &events->list[events->count],
		    events->params[events->count]);
}

/* ---- A decision alone ------------------------------------------------ */

/* Whether the classes of the two codes agree, as RFC 3463 wants. Those of
 * Exchange's 451 5.7.3 do not. */
static bool
classes_agree(const struct reply *reply)
{
	return reply->enhanced[0] == reply->code[0] ||
	       (strcmp(reply->code, "451") == 0 &&
		   strcmp(reply->enhanced, "5.7.3") == 0);
}

static void
reply_check(const struct reply *reply)
{
	const char *c;

	MUST(strlen(reply->code) == 3 && classes_agree(reply));
	MUST(strlen(reply->text) > 0 && strlen(reply->text) <= 400);
	for (c = reply->text; *c != '\0'; c++)
		MUST(*c >= ' ' && *c <= '~' && *c != '%');
}

static void
decision_check(
    const struct session_event *event, const struct decision *decision)
{
	bool accepted = decision->verdict == VERDICT_ACCEPT;

	MUST(decision->stage == event->stage && decision->why != NULL);
	MUST((decision->reply.code != NULL) ==
	     (!accepted || decision->monitored));
	if (decision->reply.code != NULL) {
		reply_check(&decision->reply);
		MUST(reason_name(decision->reason) != NULL);
	}
	if (!accepted)
		MUST((decision->reply.code[0] == '5') ==
		     (decision->verdict == VERDICT_REJECT));
	MUST(decision->nedits == 0 || (accepted && event->stage == STAGE_EOM));
	MUST(!decision->relay || (accepted && event->stage == STAGE_RCPT));
	MUST(!(decision->relay && decision->ours));
}

/* ---- Who gets in ----------------------------------------------------- */

static bool
is_at_or_below(const char *name, const char *domain, bool below)
{
	size_t have = strlen(name), len = strlen(domain);

	return strcmp(name, domain) == 0 ||
	       (below && have > len && name[have - len - 1] == '.' &&
		   strcmp(name + have - len, domain) == 0);
}

/* An accepted domain, by looking at all of them. */
static bool
is_accepted_domain(const struct policy *policy, const char *name)
{
	size_t i;

	for (i = 0; i < policy->naccepted_domains; i++) {
		const struct accepted_domain *domain =
		    &policy->accepted_domains[i];

		if (is_at_or_below(name, domain->name, domain->subdomains) ||
		    (domain->unicode != NULL &&
			is_at_or_below(
			    name, domain->unicode, domain->subdomains)))
			return true;
	}
	return false;
}

static bool
is_ours(const struct policy *policy, const char *recipient)
{
	struct mailaddr addr;

	mailaddr_classify(recipient, &addr);
	return addr.class == MAILADDR_POSTMASTER ||
	       (addr.class == MAILADDR_PLAIN &&
		   is_accepted_domain(policy, addr.domain));
}

/* mail_accepted: the last MAIL was. */
static void
rcpt_check(const struct session *session, const struct session_event *event,
    const struct decision *decision, bool mail_accepted)
{
	const struct policy *policy = session->ruleset->policy;
	bool may = (session_rights(session) & SET_OF(RIGHT_ANY_RECIPIENT)) != 0;
	bool bypass =
	    (session_rights(session) & SET_OF(RIGHT_BYPASS_ANTI_SPAM)) != 0;

	if (decision->verdict != VERDICT_ACCEPT || session->local)
		return;
	MUST(mail_accepted);
	MUST(session->choice.rule != NULL);
	if (!is_ours(policy, event->rcpt.recipient))
		MUST(may ||
		     (decision->monitored && policy->mta_refuses_strangers));
	MUST(!decision->relay || may);
	if (!decision->monitored && session->state.block_listed)
		MUST(session->state.allow_listed || bypass);
}

/* Whether a sender is one of the few that are surely foreign: a word, an @
 * and LDH labels that no accepted domain is, or above. */
static bool
is_foreign_sender(const struct policy *policy, const char *sender)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyz0123456789-._";
	const char *at = strchr(sender, '@'), *dot;
	char name[MAILADDR_DOMAIN_SIZE];
	size_t len = strlen(sender);

	sender += sender[0] == '<';
	if (at == NULL || at == sender || sender + strspn(sender, word) != at ||
	    domain_normalise(at + 1, strcspn(at + 1, ">"), name) != 0)
		return false;
	for (dot = name; dot != NULL; dot = strchr(dot + 1, '.'))
		if (is_accepted_domain(policy, dot + (*dot == '.')))
			return false;
	return len < 200 && strchr(name, '.') != NULL;
}

/* Nobody sends as what could be ours without the right, whatever the form;
 * the right is not asked of a sender that is surely foreign. */
static void
mail_check(const struct session *session, const struct session_event *event,
    const struct decision *decision)
{
	static const char own[] =
	    "ms-Exch-SMTP-Accept-Authoritative-Domain-Sender";
	const struct policy *policy = session->ruleset->policy;
	struct mailaddr addr;
	bool may = (session_rights(session) &
		       SET_OF(RIGHT_AUTHORITATIVE_DOMAIN_SENDER)) != 0;

	mailaddr_classify(event->mail.sender, &addr);
	if (is_foreign_sender(policy, event->mail.sender))
		MUST(decision->right == NULL ||
		     strcmp(decision->right, own) != 0);
	else if (decision->verdict == VERDICT_ACCEPT && !session->local &&
		 !decision->monitored && addr.class != MAILADDR_NULL &&
		 addr.domain[0] == '\0' &&
		 (session_principals(session) &
		     SET_OF(PRINCIPAL_AUTHENTICATED)) == 0)
		MUST(may);
}

/* ---- Whole sessions -------------------------------------------------- */

struct outcome {
	enum verdict verdict;
	unsigned reason;
	bool relay, ours, monitored;
	size_t nedits;
	enum stage stage;
};

static struct outcome
outcome_of(const struct decision *decision)
{
	return (struct outcome){ decision->verdict, decision->reason,
		decision->relay, decision->ours, decision->monitored,
		decision->nedits, decision->stage };
}

static bool
outcome_same(const struct outcome *a, const struct outcome *b)
{
	return a->verdict == b->verdict && a->reason == b->reason &&
	       a->relay == b->relay && a->ours == b->ours &&
	       a->monitored == b->monitored && a->nedits == b->nedits;
}

static void
play(struct ruleset *ruleset, const struct events *events,
    struct outcome outcomes[EVENTS_MAX])
{
	struct session *session = session_new(ruleset);
	bool mail_accepted = false;
	size_t i;

	MUST(session != NULL);
	for (i = 0; i < events->count; i++) {
		const struct session_event *event = &events->list[i];
		struct decision decision;

		session_feed(session, event, &decision);
		decision_check(event, &decision);
		if (event->stage == STAGE_MAIL) {
			mail_accepted = decision.verdict == VERDICT_ACCEPT;
			mail_check(session, event, &decision);
		} else if (event->stage == STAGE_RCPT)
			rcpt_check(session, event, &decision, mail_accepted);
		else if (event->stage == STAGE_EOM ||
			 event->stage == STAGE_ABORT ||
			 event->stage == STAGE_CONNECT)
			mail_accepted = false;
		outcomes[i] = outcome_of(&decision);
	}
	session_free(session);
}

/* The last event of a stage before another; count if there is none. */
static size_t
last_before(const struct events *events, enum stage stage, size_t before)
{
	while (before > 0)
		if (events->list[--before].stage == stage)
			return before;
	return events->count;
}

/* A session that has seen the connect, the HELO behind it and then the last
 * MAIL decides the rest as one that saw all. */
static void
fresh_check(struct ruleset *ruleset, const struct events *events,
    const struct outcome *expected)
{
	static struct events less;
	struct outcome outcomes[EVENTS_MAX];
	size_t mail = last_before(events, STAGE_MAIL, events->count);
	size_t connect = last_before(events, STAGE_CONNECT, mail);
	size_t helo = last_before(events, STAGE_HELO, mail), i;

	if (mail == events->count)
		return;
	less.count = 0;
	if (connect != events->count)
		less.list[less.count++] = events->list[connect];
	if (helo != events->count &&
	    (connect == events->count || helo > connect))
		less.list[less.count++] = events->list[helo];
	for (i = mail; i < events->count; i++)
		less.list[less.count++] = events->list[i];
	play(ruleset, &less, outcomes);
	for (i = mail; i < events->count; i++)
		MUST(outcome_same(
		    &outcomes[less.count + i - events->count], &expected[i]));
}

/* Without one of its ranges a policy accepts nothing that it did not. What
 * follows a MAIL of which the fewer rights made a refusal is refused too. */
static void
fewer_check(const struct events *events, const struct outcome *expected)
{
	struct outcome outcomes[EVENTS_MAX];
	size_t n, i;

	for (n = 1; n <= LESS; n++) {
		play(nested_ruleset(n), events, outcomes);
		for (i = 0; i < events->count; i++)
			MUST(expected[i].verdict == VERDICT_ACCEPT ||
			     outcomes[i].verdict != VERDICT_ACCEPT);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct events events;
	struct outcome outcomes[EVENTS_MAX];
	size_t which = size > 0 ? data[0] % (NFOLDERS + 1) : 0;
	struct ruleset *ruleset =
	    which == 0 ? nested_ruleset(0) : recorded_ruleset(which - 1);
	char *text = text_of(data, size), *rest = text;

	(void)next_line(&rest);
	events_read(&events, rest != NULL ? rest : "");
	play(ruleset, &events, outcomes);
	fresh_check(ruleset, &events, outcomes);
	if (which == 0)
		fewer_check(&events, outcomes);
	free(text);
	return 0;
}
