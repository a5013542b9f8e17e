/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix.c - Postfix: each smtpd of master.cf with what it sets.
 *
 * What is wrong is said at the line that makes it so: in master.cf where the
 * service sets a parameter itself, else in main.cf. A listener on loopback
 * that sets content_filter to nothing takes mail back from a content filter:
 * it needs no filter, and is not asked which clients relay.
 *
 * A comparison of installed compiled tables with the policy has its place
 * here, as a topic of its own beside those that check_smtpd() calls.
 */
#include "postfix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *
smtpd_value(const struct smtpd *s, const char *name, struct where *where)
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
		.where = postfix_service_place(p, s),
	};

	port.port = port_number(colon == NULL ? s->name : colon + 1);
	if (colon != NULL) {
		if (!host_address(
			s->name, (size_t)(colon - s->name), &port.addr))
			port.port = 0;
		return port;
	}
	at = postfix_value(p, NULL, "inet_interfaces", NULL);
	item = list_item(p->doctor, &at);
	if (item != NULL && (strcmp(item, "loopback-only") == 0 ||
				strcmp(item, "localhost") == 0))
		host_address("127.0.0.1", 9, &port.addr);
	else if (item != NULL && !list_item(p->doctor, &at))
		host_address(item, strlen(item), &port.addr);
	return port;
}

/* ---- All of it ------------------------------------------------------- */

static void
check_smtpd(struct smtpd *s)
{
	s->reinjection = port_is_local(s->port) &&
			 postfix_override(s->service, "content_filter") &&
			 *smtpd_value(s, "content_filter", NULL) == '\0';
	smtpd_check_milters(s);
	if (s->reinjection)
		return;
	smtpd_check_policy_service(s);
	smtpd_check_relay(s);
	smtpd_check_trust(s);
}

/* The inet service of a postscreen that hands clients to this smtpd. */
static struct postfix_service *
listening(struct postfix *p, struct postfix_service *s)
{
	if (strcmp(s->type, "pass") != 0)
		return strcmp(s->type, "inet") == 0 ? s : NULL;
	for (size_t i = 0; i < p->nservices; i++) {
		struct postfix_service *front = &p->services[i];

		if (strcmp(front->command, "postscreen") == 0 &&
		    strcmp(postfix_value(p, front, "smtpd_service_name", NULL),
			s->name) == 0)
			return front;
	}
	return NULL;
}

static void
check_listeners(struct postfix *p)
{
	struct doctor *d = p->doctor;
	struct port *ports = arena_array(d->arena, p->nservices, sizeof *ports);
	struct where file = { .file = p->main };
	size_t count = 0;

	d->failed = d->failed || (!ports && p->nservices != 0);
	for (size_t i = 0; i < p->nservices && !d->failed; i++) {
		struct postfix_service *s = &p->services[i];
		struct postfix_service *front = listening(p, s);
		struct smtpd smtpd = {
			.doctor = d,
			.postfix = p,
			.service = s,
			.front = front,
			.port = &ports[count],
		};

		if (strcmp(s->command, "smtpd") != 0 || !front)
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
check_instances(struct postfix *p)
{
	struct where where;
	const char *list = postfix_value(
		       p, NULL, "multi_instance_directories", &where),
		   *folder;

	while ((folder = list_item(p->doctor, &list)) != NULL)
		doctor_say(p->doctor, D_INSTANCE, where,
		    "%s is another instance of Postfix; run connectorctl "
		    "doctor --postfix %s",
		    folder, folder);
}

int
doctor_postfix(struct doctor *d, const char *folder)
{
	struct postfix p;
	int error = postfix_load(&p, d, folder);

	if (error == -ENOENT)
		return error;
	if (error < 0)
		return 0;
	check_listeners(&p);
	check_instances(&p);
	postfix_check_local(&p);
	postfix_check_domains(&p);
	postfix_check_rewriting(&p);
	return 0;
}
