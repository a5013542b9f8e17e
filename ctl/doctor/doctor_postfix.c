/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_postfix.c - Postfix: each smtpd of master.cf with what it sets.
 *
 * What is wrong is said at the line that makes it so: the service's where it
 * sets a parameter itself, else main.cf's. A listener on loopback that sets
 * content_filter to nothing takes mail back from a content filter: it wants
 * no filter, and who may relay there is not asked.
 */
#include "doctor.h"
#include "folded.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { HOST_SIZE = 256 };

struct smtpd {
	struct doctor *doctor;
	struct postfix *postfix;
	const struct postfix_service *service;
	const struct postfix_service *front; /* itself, or its postscreen */
	const struct port *port;             /* the first that it hears */
	bool reinjection;
};

static const char *
value(const struct smtpd *s, const char *name, struct where *where)
{
	return postfix_value(s->postfix, s->service, name, where);
}

/* ---- Where it listens ------------------------------------------------ */

/* A host of master.cf or inet_interfaces, with or without brackets. A name
 * is not looked up: false. */
static bool
host_address(const char *text, size_t len, struct netaddr *addr)
{
	char host[NETADDR_TEXT_SIZE], why[NETADDR_WHY_SIZE];

	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 9 && strncmp(text, "localhost", len) == 0) {
		text = "127.0.0.1";
	} else if (len >= sizeof host) {
		return false;
	}
	snprintf(host, sizeof host, "%.*s", (int)len, text);
	return netaddr_parse(host, addr, why) == 0;
}

static struct netaddr
wildcard_of(struct postfix *p)
{
	const char *protocols = postfix_value(p, NULL, "inet_protocols", NULL);
	struct netaddr addr = { .family = FAMILY_NONE };

	if (strcmp(protocols, "ipv4") == 0)
		addr.family = FAMILY_IPV4;
	else if (strcmp(protocols, "ipv6") == 0)
		addr.family = FAMILY_IPV6;
	return addr;
}

/* The service's own host, else the first of inet_interfaces; several
 * addresses are as good as all of them. */
static struct port
port_of(struct postfix *p, const struct postfix_service *s)
{
	const char *colon = strrchr(s->name, ':'), *at, *item;
	struct port port = {
		.addr = wildcard_of(p),
		.name = s->name,
		.where = s->where,
	};

	port.port = port_number(colon == NULL ? s->name : colon + 1);
	if (colon != NULL) {
		if (!host_address(
			s->name, (size_t)(colon - s->name), &port.addr))
			port.port = 0;
		return port;
	}
	at = postfix_value(p, NULL, "inet_interfaces", NULL);
	item = postfix_item(p, &at);
	if (item != NULL && (strcmp(item, "loopback-only") == 0 ||
				strcmp(item, "localhost") == 0))
		host_address("127.0.0.1", 9, &port.addr);
	else if (item != NULL && postfix_item(p, &at) == NULL)
		host_address(item, strlen(item), &port.addr);
	return port;
}

/* ---- Its milters ----------------------------------------------------- */

static bool
is_local_network(const struct netrange *range)
{
	return netaddr_is_loopback(&range->first) &&
	       netaddr_is_loopback(&range->last);
}

static bool
has_word(struct postfix *p, const char *list, const char *word)
{
	const char *item;

	while ((item = postfix_item(p, &list)) != NULL)
		if (strcmp(item, word) == 0)
			return true;
	return false;
}

/* Ours in a list of milters, and how many stand before it; NULL: none. */
static const char *
find_ours(struct doctor *d, struct postfix *p, const char *list, size_t *before)
{
	const char *item;

	for (*before = 0; (item = postfix_item(p, &list)) != NULL; ++*before)
		if (doctor_is_ours(d, postfix_server(p, item)))
			return item;
	return NULL;
}

/* The path of "unix:PATH" as this host has it; NULL: it is TCP. */
static const char *
socket_path(const struct smtpd *s, const char *server)
{
	const char *queue = value(s, "queue_directory", NULL), *path;

	if (strncmp(server, "unix:", 5) == 0)
		path = server + 5;
	else if (strncmp(server, "local:", 6) == 0)
		path = server + 6;
	else
		return NULL;
	if (*path == '/' && !postfix_is_chrooted(s->postfix, s->service))
		return path;
	return doctor_text(
	    s->doctor, "%s%s%s", queue, *path == '/' ? "" : "/", path);
}

static void
check_socket(const struct smtpd *s, const struct where *where, const char *what,
    const char *server)
{
	const char *path = socket_path(s, server);

	if (path != NULL)
		doctor_socket(
		    s->doctor, where, what, path, value(s, "mail_owner", NULL));
}

static void
check_entry(const struct smtpd *s, const char *item, const struct where *list)
{
	struct postfix *p = s->postfix;
	const char *action = postfix_attribute(p, item, "default_action");
	const char *protocol = postfix_attribute(p, item, "protocol");
	struct where where = *list;

	if (action == NULL)
		action = value(s, "milter_default_action", &where);
	if (strcmp(action, "accept") == 0 || strcmp(action, "quarantine") == 0)
		doctor_say(s->doctor, D_FAIL_OPEN, where,
		    "default action %s: without connector-milter mail gets "
		    "through; write milter_default_action = tempfail",
		    action);
	where = *list;
	if (protocol == NULL)
		protocol = value(s, "milter_protocol", &where);
	if (atoi(protocol) < 6)
		doctor_say(s->doctor, D_PROTOCOL, where,
		    "milter protocol %s lacks what connector-milter asks for; "
		    "remove it, the default is 6",
		    protocol);
	check_socket(s, list, "milter", postfix_server(p, item));
}

/* The first entry of a table that takes a client from us; tables that are no
 * text have their text beside them. */
static void
check_map(const struct smtpd *s, const char *table, const struct where *where)
{
	struct doctor *d = s->doctor;
	const char *colon = strchr(table, ':'), *shown;
	struct folded folded;
	struct where at = { 0 };
	char *text, *line;
	int rc = -EINVAL;

	if (colon != NULL && colon[1] == '/')
		rc = doctor_read(d, colon + 1, &text, &shown);
	if (rc < 0) {
		doctor_say(d, D_MILTER_MAPS, *where,
		    "smtpd_milter_maps: what is in %s replaces smtpd_milters "
		    "for a client, and could not be read; remove the parameter",
		    table);
		return;
	}
	at.file = shown;
	folded = folded_start(text, FOLDED_POSTFIX);
	while ((line = folded_next(&folded, &at.line)) != NULL) {
		size_t key = strcspn(line, " \t");

		if (line[key] == '\0' || doctor_is_ours(d, line + key))
			continue;
		doctor_say(d, D_MILTER_MAPS, at,
		    "%.*s does not pass connector-milter (%s); remove the "
		    "entry",
		    (int)key, line, line + key + strspn(line + key, " \t"));
		return;
	}
}

static void
check_milter_maps(const struct smtpd *s)
{
	struct where where;
	const char *list = value(s, "smtpd_milter_maps", &where), *item;

	while ((item = postfix_item(s->postfix, &list)) != NULL)
		check_map(s, item, &where);
}

/* Why no milter is asked, or NULL. */
static const char *
unfiltered(const struct smtpd *s, const char *ours, struct where *where)
{
	const char *options = value(s, "receive_override_options", NULL);

	if (has_word(s->postfix, options, "no_milters")) {
		value(s, "receive_override_options", where);
		return "receive_override_options=no_milters";
	}
	if (ours != NULL)
		return NULL;
	if (where->line == 0 || postfix_override(s->service, "smtpd_milters"))
		*where = s->service->where;
	return "smtpd_milters does not name it (or by another name: see "
	       "--ours)";
}

static void
check_filter(const struct smtpd *s)
{
	struct doctor *d = s->doctor;
	struct where where;
	size_t before;
	const char *ours = find_ours(
	    d, s->postfix, value(s, "smtpd_milters", &where), &before);
	const char *why = unfiltered(s, ours, &where);

	if (s->reinjection) {
		if (why == NULL)
			doctor_say(d, D_REINJECTED, s->service->where,
			    "%s takes mail back from a content filter and "
			    "shows it to connector-milter again; add -o "
			    "smtpd_milters=",
			    s->service->name);
		return;
	}
	if (why != NULL) {
		doctor_say(d, D_NO_FILTER, where,
		    "clients of %s do not pass connector-milter: %s",
		    s->service->name, why);
		return;
	}
	if (before > 0)
		doctor_say(d, D_NOT_FIRST, where,
		    "another milter stands before connector-milter in "
		    "smtpd_milters; write connector-milter first");
	if (*value(s, "smtpd_proxy_filter", NULL) != '\0') {
		value(s, "smtpd_proxy_filter", &where);
		doctor_say(d, D_PROXY_FILTER, where,
		    "smtpd_proxy_filter hides headers from connector-milter; "
		    "use content_filter");
	}
	value(s, "smtpd_milters", &where);
	check_entry(s, ours, &where);
	check_milter_maps(s);
}

/* ---- Its policy service ---------------------------------------------- */

static bool
permits(const char *action)
{
	return strncasecmp(action, "OK", 2) == 0 ||
	       strncasecmp(action, "permit", 6) == 0;
}

static void
check_service(const struct smtpd *s, const char *item, const struct where *list)
{
	const char *action =
	    postfix_attribute(s->postfix, item, "default_action");
	struct where where = *list;

	if (action == NULL)
		action =
		    value(s, "smtpd_policy_service_default_action", &where);
	if (permits(action))
		doctor_say(s->doctor, D_POLICY_OPEN, where,
		    "default action %s: without the policy service everybody "
		    "relays; write { default_action = 451 4.3.5 Relay policy "
		    "is not available }",
		    action);
	else if (*action != '4' && strncasecmp(action, "DEFER", 5) != 0)
		doctor_say(s->doctor, D_POLICY_FINAL, where,
		    "default action %s: without the policy service mail is "
		    "refused for good; write { default_action = 451 4.3.5 "
		    "Relay policy is not available }",
		    action);
	check_socket(
	    s, list, "policy service", postfix_server(s->postfix, item));
}

static void
check_services(const struct smtpd *s)
{
	static const char *const lists[] = { "smtpd_relay_restrictions",
		"smtpd_recipient_restrictions" };

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		struct where where;
		const char *list = value(s, lists[i], &where), *item;

		while ((item = postfix_item(s->postfix, &list)) != NULL) {
			if (strcmp(item, "check_policy_service") != 0)
				continue;
			item = postfix_item(s->postfix, &list);
			if (item != NULL &&
			    doctor_is_ours(
				s->doctor, postfix_server(s->postfix, item)))
				check_service(s, item, &where);
		}
	}
}

/* ---- What else it believes ------------------------------------------- */

static void
check_trust(const struct smtpd *s, const char *name, enum finding finding,
    const char *advice)
{
	struct rangeset hosts = { 0 };
	struct where where;

	if (doctor_networks(
		s->doctor, s->postfix, s->service, name, &hosts, &where) == 0)
		for (size_t i = 0; i < hosts.count; i++) {
			char text[NETRANGE_TEXT_SIZE];

			if (is_local_network(&hosts.items[i]))
				continue;
			doctor_say(s->doctor, finding, where, "%s holds %s; %s",
			    name, netrange_format(&hosts.items[i], text),
			    advice);
			break;
		}
	rangeset_fini(&hosts);
}

/* Off where Postfix is older than 3.9 and does not set it; note, of later
 * versions, only writes to the log. */
static bool
is_off(const char *set)
{
	return *set == '\0' || strcmp(set, "no") == 0 ||
	       strcmp(set, "note") == 0;
}

static const char *
as_set(const char *set)
{
	return *set == '\0' ? "not set, and its default is no before Postfix "
			      "3.9"
			    : set;
}

static void
check_smuggling(const struct smtpd *s)
{
	struct where where;
	const char *set = value(s, "smtpd_forbid_bare_newline", &where);

	if (is_off(set))
		doctor_say(s->doctor, D_BARE_NEWLINE, where,
		    "smtpd_forbid_bare_newline is %s; write "
		    "smtpd_forbid_bare_newline = yes",
		    as_set(set));
	set = value(s, "smtpd_forbid_unauth_pipelining", &where);
	if (is_off(set) &&
	    !has_word(s->postfix, value(s, "smtpd_data_restrictions", NULL),
		"reject_unauth_pipelining"))
		doctor_say(s->doctor, D_PIPELINING, where,
		    "smtpd_forbid_unauth_pipelining is %s; write "
		    "smtpd_forbid_unauth_pipelining = yes",
		    as_set(set));
}

static void
check_smtpd(struct smtpd *s)
{
	struct where where;

	s->reinjection = port_is_local(s->port) &&
			 postfix_override(s->service, "content_filter") &&
			 *value(s, "content_filter", NULL) == '\0';
	check_filter(s);
	if (s->reinjection)
		return;
	check_services(s);
	doctor_restrictions(s->doctor, s->postfix, s->service, s->port);
	check_trust(s, "smtpd_authorized_xclient_hosts", D_XCLIENT,
	    "who is there may claim to be any client");
	check_trust(s, "smtpd_authorized_xforward_hosts", D_XFORWARD,
	    "who is there may forge the client in the log");
	if (*postfix_value(s->postfix, s->front,
		s->front == s->service ? "smtpd_upstream_proxy_protocol"
				       : "postscreen_upstream_proxy_protocol",
		&where) != '\0')
		doctor_say(s->doctor, D_PROXY, where,
		    "%s believes PROXY headers: let the load balancer alone "
		    "reach it",
		    s->front->name);
	check_smuggling(s);
}

/* ---- All of it ------------------------------------------------------- */

/* The inet service of a postscreen that hands clients to this smtpd. */
static const struct postfix_service *
listening(struct postfix *p, const struct postfix_service *s)
{
	if (strcmp(s->type, "pass") != 0)
		return strcmp(s->type, "inet") == 0 ? s : NULL;
	for (size_t i = 0; i < p->nservices; i++) {
		const struct postfix_service *front = &p->services[i];

		if (strcmp(front->command, "postscreen") == 0 &&
		    strcmp(postfix_value(p, front, "smtpd_service_name", NULL),
			s->name) == 0)
			return front;
	}
	return NULL;
}

static void
check_services_of(struct doctor *d, struct postfix *p, const char *main)
{
	struct port *ports = arena_array(d->arena, p->nservices, sizeof *ports);
	struct where file = { .file = main };
	size_t count = 0;

	d->failed = d->failed || (ports == NULL && p->nservices != 0);
	for (size_t i = 0; i < p->nservices && !d->failed; i++) {
		const struct postfix_service *s = &p->services[i];
		const struct postfix_service *front = listening(p, s);
		struct smtpd smtpd = {
			.doctor = d,
			.postfix = p,
			.service = s,
			.front = front,
			.port = &ports[count],
		};

		if (strcmp(s->command, "smtpd") != 0 || front == NULL)
			continue;
		ports[count] = port_of(p, front);
		check_smtpd(&smtpd);
		if (!smtpd.reinjection)
			count++;
	}
	if (!d->failed)
		doctor_ports(d, ports, count, &file);
}

static void
check_local(struct doctor *d, struct postfix *p)
{
	struct where where;
	size_t before;

	if (find_ours(d, p, postfix_value(p, NULL, "non_smtpd_milters", &where),
		&before) != NULL)
		doctor_say(d, D_NON_SMTPD, where,
		    "non_smtpd_milters names connector-milter: while it is "
		    "down, programs of this host cannot send; remove it");
}

int
doctor_postfix(struct doctor *d, const char *folder)
{
	char host[HOST_SIZE] = "localhost";
	const char *main, *master;
	struct postfix p;
	char *text;
	int rc;

	rc = doctor_read(d, doctor_text(d, "%s/main.cf", folder), &text, &main);
	if (rc < 0)
		return rc;
	if (gethostname(host, sizeof host - 1) < 0)
		snprintf(host, sizeof host, "localhost");
	if (postfix_init(&p, host, folder) < 0) {
		d->failed = true;
		return -ENOMEM;
	}
	postfix_read_main(&p, main, text);
	rc = doctor_read(
	    d, doctor_text(d, "%s/master.cf", folder), &text, &master);
	if (rc == -ENOENT)
		doctor_say(d, D_UNTOLD, (struct where){ .file = master },
		    "it is not there");
	if (rc == 0) {
		postfix_read_master(&p, master, text);
		check_services_of(d, &p, main);
	}
	check_local(d, &p);
	doctor_domains(d, &p);
	d->failed = d->failed || p.failed;
	postfix_fini(&p);
	return 0;
}
