/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * endpoints.c - the sockets of the daemon, from the options to what is
 * listening.
 */
#include "endpoints.h"
#include "log.h"
#include "rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const names[ENDPOINT_COUNT] = {
	[ENDPOINT_MILTER] = "--socket",
	[ENDPOINT_POLICY] = "--policy-socket",
	[ENDPOINT_CONTROL] = "--control",
	[ENDPOINT_METRICS] = "--metrics",
};

/* ADDR:PORT, as metrics have it, in the form of the others. */
static const char *
metrics_spec(const char *text, char spec[NETADDR_TEXT_SIZE + 20])
{
	char addr[NETADDR_TEXT_SIZE], why[NETADDR_WHY_SIZE];
	struct netaddr host;
	uint16_t port;

	if (endpoint_parse(text, &host, &port, why))
		return text;
	snprintf(spec, NETADDR_TEXT_SIZE + 20, "inet%s:%u@[%s]",
	    host.family == FAMILY_IPV4 ? "" : "6", (unsigned)port,
	    netaddr_format(&host, addr));
	return spec;
}

static int
spec_take(enum endpoint i, const char *text, struct spec *s)
{
	char spec[NETADDR_TEXT_SIZE + 20];
	bool metrics = i == ENDPOINT_METRICS;
	int rc = spec_parse(metrics ? metrics_spec(text, spec) : text, s);

	if (rc)
		log_message(LOG_ERR, "%s %s: %s%s", names[i], text,
		    metrics ? "write ADDR:PORT, or else " : "",
		    spec_advice(text));
	else if (!spec_is_loopback(s))
		log_message(LOG_WARNING,
		    "%s %s: whoever reaches this address may %s; use a UNIX "
		    "socket or loopback",
		    names[i], text,
		    i == ENDPOINT_MILTER ? "ask, and may stop the service"
					 : "ask");
	return rc;
}

/* No two services may have one socket. */
static int
specs_compare(const struct endpoints *e)
{
	for (size_t i = 0; i < ENDPOINT_COUNT; i++)
		for (size_t j = 0; j < i; j++) {
			if (!e->of[i].wanted || !e->of[j].wanted ||
			    !spec_same(&e->of[i].spec, &e->of[j].spec))
				continue;
			log_message(LOG_ERR,
			    "%s and %s are the same: two services need two "
			    "sockets",
			    names[j], names[i]);
			return -EINVAL;
		}
	return 0;
}

int
endpoints_parse(struct endpoints *e, const struct options *o)
{
	const char *const texts[ENDPOINT_COUNT] = {
		[ENDPOINT_MILTER] = o->milter_socket,
		[ENDPOINT_POLICY] = o->policy_socket,
		[ENDPOINT_CONTROL] = o->control ? o->control : CONTROL_DEFAULT,
		[ENDPOINT_METRICS] = o->metrics ? o->metrics : "none",
	};

	for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
		e->of[i].wanted =
		    i == ENDPOINT_MILTER || strcmp(texts[i], "none") != 0;
		if (e->of[i].wanted &&
		    spec_take((enum endpoint)i, texts[i], &e->of[i].spec))
			return -EINVAL;
	}
	if (e->of[ENDPOINT_CONTROL].wanted &&
	    e->of[ENDPOINT_CONTROL].spec.type != SPEC_UNIX) {
		log_message(LOG_ERR,
		    "--control %s: who asks must be known; write unix:/path",
		    texts[ENDPOINT_CONTROL]);
		return -EINVAL;
	}
	return specs_compare(e);
}

static bool
is_in_folder(const struct endpoints *e, enum endpoint i, const char *folder)
{
	const struct spec *s = &e->of[i].spec;
	size_t len = strlen(folder);

	return e->of[i].wanted && s->type == SPEC_UNIX &&
	       !strncmp(s->path, folder, len) && s->path[len] == '/';
}

/* Who may use the sockets for an MTA. */
static int
access_of_mta(const struct endpoints *e, const struct options *o,
    const struct identity *id, struct socket_access *out)
{
	const char *group = o->socket_group ? o->socket_group : "postfix";
	struct socket_access a = { (uid_t)-1, (gid_t)-1, o->socket_mode };
	bool root = geteuid() == 0;

	*out = a;
	if (e->of[ENDPOINT_MILTER].spec.type != SPEC_UNIX &&
	    !(e->of[ENDPOINT_POLICY].wanted &&
		e->of[ENDPOINT_POLICY].spec.type == SPEC_UNIX))
		return 0;
	if (root && id->user)
		a.owner = id->uid;
	if ((root || o->socket_group) && group_find(group, &a.group)) {
		log_message(o->socket_group ? LOG_ERR : LOG_WARNING,
		    "there is no group %s: use --socket-group", group);
		if (o->socket_group)
			return -ENOENT;
	}
	*out = a;
	return 0;
}

/* And those for people: the service's own user and group. */
static struct socket_access
access_of_people(const struct identity *id)
{
	struct socket_access a = { (uid_t)-1, (gid_t)-1, 0660 };

	if (geteuid() == 0 && id->user) {
		a.owner = id->uid;
		a.group = id->gid;
	}
	return a;
}

static int
mta_open(struct endpoints *e, const struct socket_access *a)
{
	int rc = 0;

	if (geteuid() == 0 &&
	    (is_in_folder(e, ENDPOINT_MILTER, SOCKET_FOLDER) ||
		is_in_folder(e, ENDPOINT_POLICY, SOCKET_FOLDER)))
		rc = socket_folder(SOCKET_FOLDER, a->group);
	if (!rc)
		rc = socket_open_milter(&e->of[ENDPOINT_MILTER].spec, a);
	if (!rc && e->of[ENDPOINT_POLICY].wanted)
		rc = socket_open(&e->of[ENDPOINT_POLICY].spec, a,
		    &e->of[ENDPOINT_POLICY].fd);
	return rc;
}

/* Who did not ask for it can do without. */
static int
control_open(
    struct endpoints *e, const struct options *o, const struct socket_access *a)
{
	int rc = 0;

	if (geteuid() == 0 && is_in_folder(e, ENDPOINT_CONTROL, CONTROL_FOLDER))
		rc = socket_folder(CONTROL_FOLDER, a->group);
	if (!rc)
		rc = socket_open(&e->of[ENDPOINT_CONTROL].spec, a,
		    &e->of[ENDPOINT_CONTROL].fd);
	if (!rc || o->control)
		return rc;
	log_message(LOG_WARNING, "there is no control socket: use --control");
	e->of[ENDPOINT_CONTROL].wanted = false;
	return 0;
}

int
endpoints_open(
    struct endpoints *e, const struct options *o, const struct identity *id)
{
	const struct socket_access people = access_of_people(id);
	struct socket_access a;
	int rc = access_of_mta(e, o, id, &a);

	if (!rc)
		rc = mta_open(e, &a);
	if (!rc && e->of[ENDPOINT_CONTROL].wanted)
		rc = control_open(e, o, &people);
	if (!rc && e->of[ENDPOINT_METRICS].wanted)
		rc = socket_open(&e->of[ENDPOINT_METRICS].spec, &people,
		    &e->of[ENDPOINT_METRICS].fd);
	return rc;
}

void
endpoints_remove(const struct endpoints *e)
{
	for (size_t i = 0; i < ENDPOINT_COUNT; i++)
		if (e->of[i].wanted)
			socket_remove(&e->of[i].spec);
}
