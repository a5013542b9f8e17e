/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * who.c - connectorctl who: the clients that may do something, all of them
 * and no other.
 *
 * who_find.c knows the answer; here it is asked for and said. With --public it
 * says whether this is an open relay, and the exit status says it too.
 */
#include "ctl.h"
#include "recording.h"
#include "rights.h"
#include "text.h"
#include "who.h"
#include "worth.h"

#include <errno.h>
#include <string.h>

enum { PRINCIPALS_SIZE = 160 };

static const principal_set without_auth =
    SET_OF(PRINCIPAL_ANONYMOUS) | SET_OF(PRINCIPAL_EXTERNALLY_SECURED);

static const principal_set with_credentials =
    SET_OF(PRINCIPAL_AUTHENTICATED) | SET_OF(PRINCIPAL_PARTNER) |
    SET_OF(PRINCIPAL_EXCHANGE_SERVER) | SET_OF(PRINCIPAL_LEGACY_SERVER);

struct who_request {
	struct who_question question;
	struct listener listener;
};

static const char *
place_format(const struct who_answer *answer, const struct who_range *range,
    char buf[LISTENER_TEXT_SIZE])
{
	return listener_format(range->listener == WHO_EVERYWHERE
				   ? NULL
				   : &answer->listeners[range->listener],
	    buf);
}

static const char *
size_format(const struct netrange *range, char buf[ADDRESS_COUNT_SIZE])
{
	struct address_count size = { { 0 } };

	address_count_add(&size, range);
	return address_count_format(&size, buf);
}

/* "anonymous or externally_secured" */
static const char *
principals_format(
    principal_set set, const char *between, char buf[PRINCIPALS_SIZE])
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < PRINCIPAL_COUNT; i++) {
		if ((set & SET_OF(i)) != 0)
			used += (size_t)snprintf(buf + used,
			    PRINCIPALS_SIZE - used, "%s%s",
			    used > 0 ? between : "", principal_name(i));
	}
	return buf;
}

/* ---- JSON ------------------------------------------------------------ */

static json_t *
names_json(const struct name_list *names, bool shared_only)
{
	json_t *list = json_array();

	for (size_t i = 0; names && i < names->count; i++)
		if (!shared_only || who_shared(names->items[i]))
			json_add(&list, json_string(names->items[i]));
	return list;
}

static const char *
credential_of(const struct who_route *route)
{
	if (!route->names)
		return "login";
	return route->login ? "certificate and login" : "certificate";
}

static json_t *
routes_json(
    const struct who_question *question, const struct who_answer *answer)
{
	char principals[PRINCIPALS_SIZE];
	json_t *list = json_array();

	for (size_t i = 0; i < answer->nroutes; i++) {
		const struct who_route *r = &answer->routes[i];

		json_add(&list,
		    json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "connector",
			r->connector, "credential", credential_of(r),
			"principal",
			principals_format(r->principals, " and ", principals),
			"right", right_name(question->right), "names",
			names_json(r->names, false), "shared",
			names_json(r->names, true)));
	}
	return list;
}

static int
print_json(const struct ctl *ctl, const struct who_question *question,
    const struct who_answer *answer, int status)
{
	char range[NETRANGE_TEXT_SIZE], listener[LISTENER_TEXT_SIZE];
	char size[ADDRESS_COUNT_SIZE];
	json_t *ranges = json_array();

	for (size_t i = 0; i < answer->nranges; i++) {
		const struct who_range *r = &answer->ranges[i];

		json_t *entry = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}",
		    "range", netrange_format(&r->clients, range), "listener",
		    place_format(answer, r, listener), "connector",
		    r->connector, "principal", principal_name(r->principal),
		    "right", right_name(question->right), "addresses",
		    size_format(&r->clients, size));
		if (question->worth)
			json_put(&entry, "worth", worth_json(&r->limits));
		json_add(&ranges, entry);
	}
	return ctl_print_json(ctl,
	    json_pack("{s:o, s:s, s:o}", "ranges", ranges, "addresses",
		address_count_format(&answer->addresses, size), "routes",
		routes_json(question, answer)),
	    status);
}

/* ---- Text ------------------------------------------------------------ */

static int
max_of(int width, const char *text)
{
	size_t len = strlen(text);

	return len > (size_t)width && len < 200 ? (int)len : width;
}

static void
print_table(const struct ctl *ctl, const struct who_answer *answer, bool worth)
{
	char range[NETRANGE_TEXT_SIZE], listener[LISTENER_TEXT_SIZE];
	char size[ADDRESS_COUNT_SIZE];
	int listeners = 8, ranges = 7, sizes = 9, connectors = 9;

	for (size_t i = 0; i < answer->nranges; i++) {
		const struct who_range *r = &answer->ranges[i];

		listeners =
		    max_of(listeners, place_format(answer, r, listener));
		ranges = max_of(ranges, netrange_format(&r->clients, range));
		sizes = max_of(sizes, size_format(&r->clients, size));
		connectors = max_of(connectors, r->connector);
	}
	fprintf(ctl->out, "%-*s  %-*s  %*s  %-*s  %s\n", listeners, "LISTENER",
	    ranges, "CLIENTS", sizes, "ADDRESSES", connectors, "CONNECTOR",
	    "PRINCIPAL");
	for (size_t i = 0; i < answer->nranges; i++) {
		const struct who_range *r = &answer->ranges[i];

		fprintf(ctl->out, "%-*s  %-*s  %*s  %-*s  %s\n", listeners,
		    place_format(answer, r, listener), ranges,
		    netrange_format(&r->clients, range), sizes,
		    size_format(&r->clients, size), connectors, r->connector,
		    principal_name(r->principal));
		if (worth)
			worth_print(ctl->out, "    ", &r->limits);
	}
	fputc('\n', ctl->out);
}

static void
print_names(const struct ctl *ctl, const struct name_list *names)
{
	for (size_t i = 0; i < names->count; i++)
		fprintf(ctl->out, "%s %s%s", i > 0 ? "," : "", names->items[i],
		    who_shared(names->items[i])
			? " (strangers can have this name)"
			: "");
}

static void
print_routes(
    const struct ctl *ctl, const struct who_answer *answer, const char *what)
{
	for (size_t i = 0; i < answer->nroutes; i++) {
		const struct who_route *r = &answer->routes[i];

		fprintf(ctl->out, "%s: clients %s with a %s", r->connector,
		    what, credential_of(r));
		if (r->names) {
			fputs("; names:", ctl->out);
			print_names(ctl, r->names);
		}
		fputc('\n', ctl->out);
	}
	if (answer->nroutes > 0)
		fputc('\n', ctl->out);
}

static void
print_verdict(const struct ctl *ctl, const struct who_question *question,
    const struct who_answer *answer, const char *what, const char *as)
{
	if (question->right == RIGHT_ANY_RECIPIENT &&
	    (question->principals & without_auth) == without_auth)
		fputs("Am I an open relay? ", ctl->out);
	if (answer->nranges > 0)
		fprintf(ctl->out,
		    "Yes, to the public clients above: they %s as %s.\n", what,
		    as);
	else if (answer->shared)
		fprintf(ctl->out,
		    "Yes: a certificate that strangers can have is enough; "
		    "remove its name from the policy.\n");
	else
		fprintf(ctl->out, "No: no public client %s as %s.\n", what, as);
}

static int
print_text(const struct ctl *ctl, const struct who_question *question,
    const struct who_answer *answer, int status)
{
	char count[ADDRESS_COUNT_SIZE], as[PRINCIPALS_SIZE], what[80];

	if (question->right == RIGHT_ANY_RECIPIENT)
		snprintf(what, sizeof what, "may relay");
	else
		snprintf(what, sizeof what, "may use %s",
		    right_name(question->right));
	principals_format(question->principals, " or ", as);
	address_count_format(&answer->addresses, count);
	if (answer->nranges > 0)
		print_table(ctl, answer, question->worth);
	print_routes(ctl, answer, what);
	if (question->public_only)
		print_verdict(ctl, question, answer, what, as);
	fprintf(ctl->out, "%s%s address%s %s as %s.\n", count,
	    question->public_only ? " public" : "",
	    strcmp(count, "1") == 0 ? "" : "es", what, as);
	return status;
}

static int
who(const struct ctl *ctl, const struct who_question *question)
{
	struct who_answer answer;
	struct ruleset *ruleset;
	int rc, status = ctl_ruleset(ctl, &ruleset);

	if (status != STATUS_YES)
		return status;
	rc = who_find(ruleset, question, &answer);
	if (rc == 0) {
		if (question->public_only &&
		    (answer.nranges > 0 || answer.shared))
			status = STATUS_NO;
		status = ctl->format == FORMAT_JSON
			     ? print_json(ctl, question, &answer, status)
			     : print_text(ctl, question, &answer, status);
		who_fini(&answer);
	} else if (rc == -EAGAIN) {
		status = ctl_usage(ctl,
		    "connectors are bound to addresses of this host, so the "
		    "answer depends on where a client connects; write one of "
		    "them with --listener, or leave it out to see all");
	} else {
		status = ctl_complain(ctl, "%s", strerror(-rc));
	}
	ruleset_unref(ruleset);
	return status;
}

/* ---- The command line ------------------------------------------------ */

static const char *
name_of_right(size_t i)
{
	return right_name((enum right)i);
}

static const char *
name_of_principal(size_t i)
{
	return principal_name((enum principal)i);
}

static int
not_one(const struct ctl *ctl, const char *option, const char *word,
    const char *(*name)(size_t), size_t count)
{
	const char *meant = did_you_mean(word, name, count);
	char all[1024];
	int n = 0;

	if (meant != NULL)
		return ctl_usage(ctl,
		    "%s: there is no \"%s\"; did you mean %s?", option, word,
		    meant);
	for (size_t i = 0; i < count && n < (int)sizeof all; i++)
		n += snprintf(all + n, sizeof all - (size_t)n, "%s %s",
		    i > 0 ? "," : "", name(i));
	return ctl_usage(
	    ctl, "%s: there is no \"%s\"; write one of:%s", option, word, all);
}

static int
take_right(const struct ctl *ctl, struct who_question *q, const char *word)
{
	int right = right_parse(word);

	if (right < 0)
		return not_one(
		    ctl, "--right", word, name_of_right, RIGHT_COUNT);
	q->right = (enum right)right;
	return -1;
}

static int
take_principal(const struct ctl *ctl, struct who_question *q, const char *word)
{
	int principal = principal_parse(word);

	if (principal < 0)
		return not_one(ctl, "--principal", word, name_of_principal,
		    PRINCIPAL_COUNT);
	q->principals |= SET_OF(principal);
	return -1;
}

static int
take_listener(
    const struct ctl *ctl, struct who_request *asked, const char *word)
{
	struct listener *listener = &asked->listener;
	char why[NETADDR_WHY_SIZE];

	if (endpoint_parse(word, &listener->addr, &listener->port, why) < 0)
		return ctl_usage(ctl, "--listener %s: %s", word, why);
	asked->question.listener = listener;
	return -1;
}

static int
take_option(
    struct ctl *ctl, struct who_request *asked, int c, const char *value)
{
	switch (c) {
	case 'r':
		return take_right(ctl, &asked->question, value);
	case 'P':
		return take_principal(ctl, &asked->question, value);
	case 'l':
		return take_listener(ctl, asked, value);
	case 'u':
		asked->question.public_only = true;
		return -1;
	case 'w':
		asked->question.worth = true;
		return -1;
	case 'A':
		if (clock_parse(value, &asked->question.now) == 0)
			return -1;
		return ctl_usage(ctl,
		    "--at %s: write 2026-11-21T09:00:00Z, or 2026-11-21",
		    value);
	default:
		return ctl_option(ctl, c, value);
	}
}

static int
who_main(const struct verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{ "right", required_argument, NULL, 'r' },
		{ "principal", required_argument, NULL, 'P' },
		{ "listener", required_argument, NULL, 'l' },
		{ "public", no_argument, NULL, 'u' },
		{ "worth", no_argument, NULL, 'w' },
		{ "at", required_argument, NULL, 'A' },
		CTL_OPTIONS,
		{ 0 },
	};
	struct who_request asked = {
		.question = { .right = RIGHT_ANY_RECIPIENT,
		    .now = clock_now() },
	};
	struct ctl ctl;
	int c, status;

	ctl_init(&ctl, verb);
	while ((c = getopt_long(argc, argv, "p:h", options, NULL)) != -1) {
		if ((status = take_option(&ctl, &asked, c, optarg)) >= 0)
			return status;
	}
	if (optind < argc)
		return ctl_usage(
		    &ctl, "%s: not an option of who", argv[optind]);
	asked.question.routes = asked.question.principals;
	if (asked.question.principals == 0) {
		asked.question.principals = without_auth;
		asked.question.routes = with_credentials;
	}
	return who(&ctl, &asked.question);
}

const struct verb verb_who = {
	.name = "who",
	.synopsis = "[--right RIGHT] [--principal PRINCIPAL]... "
		    "[--listener IP:PORT] [--public] [--worth] [--at TIME]",
	.summary = "Write all clients that may relay, or use another right.",
	.options =
	    "      --right RIGHT     default "
	    "ms-Exch-SMTP-Accept-Any-Recipient: "
	    "who may relay\n"
	    "      --principal PRINCIPAL  as whom; may be repeated; default "
	    "anonymous and\n"
	    "                        externally_secured: without AUTH\n"
	    "      --listener IP:PORT  where clients connect to; default "
	    "everywhere\n"
	    "      --public          public addresses only; 1 if there is one\n"
	    "      --worth           what each is worth if it is stolen: "
	    "senders,\n"
	    "                        recipients, messages a day\n"
	    "      --at TIME         2026-11-21T09:00:00Z or 2026-11-21; "
	    "default now\n",
	.run = who_main,
};
