/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_headers - any header through the firewall and the stamps, against a
 * list and a pencil.
 *
 * The first byte picks a client; each further line is a field, as an MTA
 * hands it over, or with "*N " before it N of them. The edits of the decision
 * are applied as an MTA does, one after the other, counting the fields of a
 * name that are there now. What is left must be the fields that no right
 * protects or whose right the client holds, as they were and in order, and then
 * our stamps, each once; a flood of protected fields must be refused.
 */
#include "fuzz.h"
#include "pencil.h"
#include "rules.h"

#include <errno.h>
#include <strings.h>

enum {
	FIELDS_MAX = 4000,
	FLOOD_NAMES = 100, /* what the manual says is too much */
	FLOOD_FIELDS = 2000,
};

static const char policy[] =
    "version: 1\n"
    "server: mx1.contoso.com\n"
    "accepted_domains: [contoso.com]\n"
    "ip_allow_list: [192.168.5.10]\n"
    "connectors:\n"
    "  - name: Default Frontend\n"
    "    remote_ip_ranges: [0.0.0.0-255.255.255.255]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "  - name: No routing\n"
    "    remote_ip_ranges: [192.168.5.30]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    extended_rights:\n"
    "      - principal: anonymous\n"
    "        deny: [ms-Exch-Accept-Headers-Routing]\n"
    "  - name: Organization\n"
    "    remote_ip_ranges: [192.168.5.40]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    extended_rights:\n"
    "      - principal: anonymous\n"
    "        allow: [ms-Exch-Accept-Headers-Organization]\n"
    "  - name: Forest\n"
    "    remote_ip_ranges: [192.168.5.41]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    extended_rights:\n"
    "      - principal: anonymous\n"
    "        allow: [ms-Exch-Accept-Headers-Forest]\n"
    "  - name: Trusted\n"
    "    remote_ip_ranges: [192.168.5.20]\n"
    "    auth_mechanism: [ExternalAuthoritative]\n"
    "    permission_groups: [ExchangeServers]\n";

#define ORGANIZATION "X-MS-Exchange-Organization-"
#define ANONYMOUS                                       \
	ORGANIZATION "AuthAs: Anonymous\n" ORGANIZATION \
		     "AuthSource: mx1.contoso.com\n"

/* What each client may bring, and what it gets. */
static const struct client {
	uint8_t address[4];
	struct pencil_client may;
} clients[] = {
	{ { 203, 0, 113, 9 }, { .routing = true, .stamps = ANONYMOUS } },
	{ { 192, 168, 5, 10 },
	    { .routing = true,
		.stamps = ANONYMOUS ORGANIZATION
		"SCL: -1\n" ORGANIZATION "Antispam-Report: IPOnAllowList\n" } },
	{ { 192, 168, 5, 30 }, { .stamps = ANONYMOUS } },
	{ { 192, 168, 5, 40 },
	    { .organization = true, .routing = true, .stamps = ANONYMOUS } },
	{ { 192, 168, 5, 41 },
	    { .forest = true, .routing = true, .stamps = ANONYMOUS } },
	{ { 192, 168, 5, 20 }, { .routing = true,
				   .stamps = ORGANIZATION
				   "AuthAs: Internal\n" ORGANIZATION
				   "AuthSource: mx1.contoso.com\n" ORGANIZATION
				   "AuthMechanism: 10\n" } },
};

enum { NCLIENTS = sizeof(clients) / sizeof(clients[0]) };

struct field {
	const char *name, *value;
};

struct header {
	struct field fields[FIELDS_MAX + 10];
	size_t count;
};

static int
policy_read(void *ctx, const char *path, size_t max, char **text, size_t *len)
{
	(void)ctx;
	if (strcmp(path, "policy.yaml") != 0)
		return -ENOENT;
	*len = sizeof(policy) - 1;
	MUST(*len <= max);
	*text = text_of((const uint8_t *)policy, *len);
	return 0;
}

static struct ruleset *
the_ruleset(void)
{
	static struct ruleset *ruleset;
	const struct reader reader = { .read = policy_read };
	struct diagnostics *list;

	if (ruleset != NULL)
		return ruleset;
	list = diagnostics_new();
	MUST(list != NULL && ruleset_load(&reader, "policy.yaml",
				 "host.contoso.com", &ruleset, list) == 0);
	diagnostics_free(list);
	return ruleset;
}

/* ---- The engine, and the MTA that does what it says ------------------- */

static void
feed(struct session *session, struct session_event event,
    struct decision *decision)
{
	event.now = 1793404800; /* 2026-11-01 */
	session_feed(session, &event, decision);
}

/* The session up to the end of the message. */
static void
converse(struct session *session, const struct client *client,
    const struct header *header, struct decision *decision)
{
	struct session_event connect = {
		.stage = STAGE_CONNECT,
		.connect.client = netaddr_from_ipv4(client->address),
		.connect.client_port = 40000,
	};
	size_t i;

	feed(session, connect, decision);
	feed(session,
	    (struct session_event){
		.stage = STAGE_MAIL, .mail.sender = "<chris@contoso.com>" },
	    decision);
	MUST(decision->verdict == VERDICT_ACCEPT);
	feed(session,
	    (struct session_event){
		.stage = STAGE_RCPT, .rcpt.recipient = "<kate@contoso.com>" },
	    decision);
	MUST(decision->verdict == VERDICT_ACCEPT);
	for (i = 0; i < header->count; i++)
		feed(session,
		    (struct session_event){ .stage = STAGE_HEADER,
			.header.name = header->fields[i].name,
			.header.value = header->fields[i].value },
		    decision);
	feed(session, (struct session_event){ .stage = STAGE_EOM }, decision);
}

static void
field_add(struct header *header, const char *name, const char *value)
{
	MUST(header->count < FIELDS_MAX + 10);
	header->fields[header->count++] = (struct field){ name, value };
}

/* Deletes field number n of a name. */
static void
field_delete(struct header *header, const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < header->count; i++)
		if (strcasecmp(header->fields[i].name, name) == 0 && --n == 0)
			break;
	MUST(i < header->count); /* there is such a field */
	header->count--;
	memmove(&header->fields[i], &header->fields[i + 1],
	    (header->count - i) * sizeof(header->fields[0]));
}

static void
edits_apply(struct header *header, const struct decision *decision)
{
	bool stamping = false;
	size_t i, n;

	for (i = 0; i < decision->nedits; i++) {
		const struct edit *edit = &decision->edits[i];

		if (edit->type == EDIT_STAMP) {
			stamping = true;
			field_add(header, edit->name, edit->value);
			continue;
		}
		MUST(!stamping && edit->count > 0);
		for (n = edit->count; n > 0; n--)
			field_delete(header, edit->name, n);
	}
}

/* ---- What must be --------------------------------------------------- */

static bool
is_flood(const struct header *header)
{
	const char *names[FLOOD_NAMES + 1];
	size_t fields = 0, nnames = 0, i, j;

	for (i = 0; i < header->count && nnames <= FLOOD_NAMES; i++) {
		if (!pencil_protects(header->fields[i].name))
			continue;
		fields++;
		for (j = 0; j < nnames; j++)
			if (strcasecmp(names[j], header->fields[i].name) == 0)
				break;
		if (j == nnames)
			names[nnames++] = header->fields[i].name;
	}
	return fields > FLOOD_FIELDS || nnames > FLOOD_NAMES;
}

/* What must have arrived, field by field. */
static void
compare(const struct header *sent, const struct header *arrived,
    const struct client *client)
{
	const char *stamp = client->may.stamps;
	size_t i, n = 0;

	for (i = 0; i < sent->count; i++) {
		if (!pencil_survives(sent->fields[i].name, &client->may))
			continue;
		/* The same bytes in the same place of memory. */
		MUST(n < arrived->count);
		MUST(arrived->fields[n].name == sent->fields[i].name);
		MUST(arrived->fields[n].value == sent->fields[i].value);
		n++;
	}
	for (; n < arrived->count; n++) {
		const struct field *field = &arrived->fields[n];
		size_t len = strlen(field->name), more = strlen(field->value);

		MUST(strncmp(stamp, field->name, len) == 0);
		MUST(strncmp(stamp + len, ": ", 2) == 0);
		MUST(strncmp(stamp + len + 2, field->value, more) == 0);
		MUST(stamp[len + 2 + more] == '\n');
		stamp += len + 2 + more + 1;
	}
	MUST(*stamp == '\0');
}

/* "name: value" to a field, "*N name: value" to N; no MTA hands over an empty
 * name, but who knows. */
static void
line_add(struct header *header, char *line)
{
	unsigned long times = 1;
	char *colon;

	if (line[0] == '*')
		times = strtoul(line + 1, &line, 10);
	line += line[0] == ' ';
	colon = strchr(line, ':');
	if (colon != NULL)
		*colon++ = '\0';
	for (; times > 0 && header->count < FIELDS_MAX; times--)
		field_add(header, line, colon != NULL ? colon : "");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct header sent, arrived;
	const struct client *client =
	    &clients[size > 0 ? data[0] % NCLIENTS : 0];
	struct session *session = session_new(the_ruleset());
	char *text = text_of(data, size), *rest = text, *line;
	struct decision decision;

	MUST(session != NULL);
	sent.count = 0;
	(void)next_line(&rest);
	while (sent.count < FIELDS_MAX && (line = next_line(&rest)) != NULL)
		line_add(&sent, line);
	converse(session, client, &sent, &decision);
	if (is_flood(&sent)) {
		MUST(decision.verdict == VERDICT_REJECT);
		MUST(strcmp(decision.reply.enhanced, "5.6.0") == 0);
		MUST(decision.nedits == 0);
	} else {
		MUST(decision.verdict == VERDICT_ACCEPT);
		arrived = sent;
		edits_apply(&arrived, &decision);
		compare(&sent, &arrived, client);
	}
	session_free(session);
	free(text);
	return 0;
}
