/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connectors.c - from objects to connectors.
 *
 * Which objects are connectors, whose they are, which of them are Exchange's
 * own business and are left out, and what is dropped with each.
 */
#include "import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"

enum { NAME_SIZE = 64 };

struct import_filling {
	struct import *im;
	const struct import_object *object;
	struct import_connector *connector;
	const struct import_property *property;
};

static int
add_range(void *ctx, const char *item, uint32_t line)
{
	struct import_filling *f = ctx;
	struct import_range *range;
	struct netrange read;
	int error =
	    import_range_read(f->im, item, f->object->file, line, &read);

	if (error < 0)
		return error;
	range = IMPORT_MORE(f->im, f->connector->ranges, f->connector->nranges);
	if (!range)
		return -ENOMEM;
	range->range = read;
	range->where.file = f->object->file;
	range->where.line = line;
	range->origin = f->connector->origin;
	f->im->read++;
	return 0;
}

static int
add_binding(void *ctx, const char *item, uint32_t line)
{
	struct import_filling *f = ctx;
	char why[NETADDR_WHY_SIZE];
	struct netaddr address;
	const char **binding;
	uint16_t port;

	if (endpoint_parse(item, &address, &port, why) < 0)
		return import_fail(f->im, "I-BINDING", f->object->file, line,
		    "%s: %s", item, why);
	binding =
	    IMPORT_MORE(f->im, f->connector->bindings, f->connector->nbindings);
	if (!binding)
		return -ENOMEM;
	*binding = import_copy(f->im, item, strlen(item));
	return 0;
}

static int
add_group(void *ctx, const char *item, uint32_t line)
{
	struct import_filling *f = ctx;
	int group = group_parse(item);

	if (group < 0)
		return import_fail(f->im, "I-VALUE", f->object->file, line,
		    "PermissionGroups: unknown group %s", item);
	f->connector->groups |= SET_OF(group);
	return 0;
}

static int
add_mechanism(void *ctx, const char *item, uint32_t line)
{
	struct import_filling *f = ctx;
	int mechanism = mechanism_parse(item);

	if (mechanism < 0)
		return import_fail(f->im, "I-VALUE", f->object->file, line,
		    "AuthMechanism: unknown mechanism %s", item);
	f->connector->mechanisms |= SET_OF(mechanism);
	return 0;
}

static int
fill_lists(struct import_filling *f)
{
	static const struct {
		const char *property;
		int (*fn)(void *, const char *, uint32_t);
	} lists[] = {
		{ "RemoteIPRanges", add_range },
		{ "Bindings", add_binding },
		{ "PermissionGroups", add_group },
		{ "AuthMechanism", add_mechanism },
	};
	int error = 0;

	for (size_t i = 0; i < sizeof lists / sizeof *lists && !error; i++)
		error = import_list(f->im, f->object,
		    import_find(f->object, lists[i].property), lists[i].fn, f);
	return error;
}

/* ---- Single properties ------------------------------------------------ */

static void
drop(struct import_filling *f, const struct import_row *row, const char *text)
{
	if (!row->preset || ascii_same(text, row->preset) || !*text ||
	    (*text == '$' && ascii_same(text + 1, row->preset)))
		return;
	import_say(f->im, SEVERITY_WARNING, "I-DROPPED", f->object->file,
	    import_line(f->object, row->property),
	    "%s: %s \"%.200s\" was dropped; see %s", f->connector->origin,
	    row->property, text, row->advice);
}

static int
fill_rows(struct import_filling *f)
{
	for (size_t i = 0; i < import_row_count(); i++) {
		const struct import_row *row = &import_rows[i];
		const char *text = import_first(f->object, row->property);

		if (!row->key) {
			if (text)
				drop(f, row, text);
			continue;
		}
		f->connector->values[i] = row->preset;
		if (!text || !*text) {
			if (row->reading != IMPORT_READ_BOOL)
				f->connector->defaulted = true;
			continue;
		}
		f->connector->values[i] = import_value_read(f->im, row, text,
		    f->object->file, import_line(f->object, row->property));
		if (!f->connector->values[i])
			return -EINVAL;
	}
	return 0;
}

static void
say_special(struct import_filling *f)
{
	const char *capabilities =
	    import_first(f->object, "TlsDomainCapabilities");
	bool list = import_find(f->object, "TLSReceiveDomainSecureList");

	if (capabilities && *capabilities && strcmp(capabilities, "{}") != 0)
		import_say(f->im, SEVERITY_WARNING, "I-TLS-CAPABILITIES",
		    f->object->file,
		    import_line(f->object, "TlsDomainCapabilities"),
		    "%s: TlsDomainCapabilities \"%.100s\" has no counterpart; "
		    "do not trust this name here: every tenant of Exchange "
		    "Online could relay",
		    f->connector->origin, capabilities);
	if (!list &&
	    import_true(import_first(f->object, "DomainSecureEnabled")))
		import_say(f->im, SEVERITY_WARNING, "I-DOMAIN-SECURE",
		    f->object->file,
		    import_line(f->object, "DomainSecureEnabled"),
		    "%s: DomainSecureEnabled was dropped; it concerns only "
		    "the domains of TLSReceiveDomainSecureList and asks "
		    "nothing of other senders",
		    f->connector->origin);
}

/* Properties that identify, or that every object of Exchange has. */
static bool
is_known(const char *name)
{
	static const char *const known[] = { "Name", "Identity", "Server",
		"Enabled", "TransportRole", "Comment", "Bindings",
		"RemoteIPRanges", "AuthMechanism", "PermissionGroups",
		"TlsDomainCapabilities", "DomainSecureEnabled", "RunspaceId",
		"PSComputerName", "PSShowComputerName", "AdminDisplayName",
		"ExchangeVersion", "DistinguishedName", "Guid",
		"ObjectCategory", "ObjectClass", "WhenChanged", "WhenCreated",
		"WhenChangedUTC", "WhenCreatedUTC", "OrganizationId", "Id",
		"OriginatingServer", "IsValid", "ObjectState",
		"ExchangeObjectId", "Usage", "Custom", "Client", "Internal",
		"Internet", "Partner", "OrganizationalUnitRoot",
		"TLSReceiveDomainSecureList", "PSSourceJobInstanceId",
		"IsReadOnly", "ObjectVersion", "Confirm", "WhatIf", "Force",
		"DomainController", "Relay", "AllowedIPRanges", "AllowedRanges",
		"RemoteIP", "RemoteIPs", "RemoteIPRange", "AuthMethod",
		"AuthMethods", "ConnectorName", "Connector", "ServerName",
		"Permissions", "PermissionGroup", "Binding" };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (ascii_same(known[i], name))
			return true;
	for (size_t i = 0; i < import_row_count(); i++)
		if (ascii_same(import_rows[i].property, name))
			return true;
	return false;
}

static void
say_unknown(struct import_filling *f)
{
	for (size_t i = 0; i < f->object->count; i++) {
		const struct import_property *p = &f->object->properties[i];
		char plain[64];
		size_t n = 0;

		for (const char *c = p->name; *c && n < sizeof plain - 1; c++)
			if (*c != ' ' && *c != '_')
				plain[n++] = *c;
		plain[n] = '\0';
		if (p->count > 0 && *p->values[0].text && !is_known(plain))
			import_say(f->im, SEVERITY_WARNING, "I-UNKNOWN",
			    f->object->file, p->values[0].line,
			    "%s: unknown property %.60s \"%.100s\" was dropped",
			    f->connector->origin, p->name, p->values[0].text);
	}
}

/* ---- Identity and role ------------------------------------------------ */

static bool
identify(struct import_filling *f)
{
	const char *name = import_first(f->object, "Name");
	const char *server = import_first(f->object, "Server");
	const char *identity = import_first(f->object, "Identity");
	const char *slash = identity ? strchr(identity, '\\') : NULL;

	if (!name && identity)
		name = slash ? slash + 1 : identity;
	if (!server && slash)
		server =
		    import_copy(f->im, identity, (size_t)(slash - identity));
	if (!name || !*name)
		return false;
	f->connector->name = name;
	f->connector->server = server ? server : "";
	f->connector->origin =
	    server && *server ? import_format(f->im, "%s\\%s", server, name)
			      : name;
	return true;
}

static unsigned
port_of(const char *binding)
{
	return (unsigned)strtoul(strrchr(binding, ':') + 1, NULL, 10);
}

/* Exchange's own transport, which nothing else reaches. */
static bool
is_internal(const struct import_connector *c, bool *odd)
{
	bool hub = ascii_same(c->role, "HubTransport"), all = c->nbindings > 0;

	*odd = hub;
	for (size_t i = 0; i < c->nbindings; i++) {
		unsigned port = port_of(c->bindings[i]);

		if (port != 2525 && port != 475 && port != 717 &&
		    !(hub && port == 465))
			all = false;
	}
	return all;
}

static void
repair_mechanisms(struct import *im, struct import_connector *c)
{
	mechanism_set external = SET_OF(MECHANISM_EXTERNAL_AUTHORITATIVE);
	mechanism_set tls = SET_OF(MECHANISM_TLS);
	mechanism_set both = tls | SET_OF(MECHANISM_BASIC_AUTH);

	if ((c->mechanisms & external) != 0 &&
	    ((c->mechanisms & ~(external | tls)) != 0 ||
		(c->groups & SET_OF(GROUP_EXCHANGE_SERVERS)) == 0)) {
		c->mechanisms &= ~external;
		import_say(im, SEVERITY_WARNING, "I-EXTERNAL", c->where.file,
		    c->where.line,
		    "%s: ExternalAuthoritative stands alone or with Tls and "
		    "needs ExchangeServers; it was dropped",
		    c->origin);
	}
	if ((c->mechanisms & SET_OF(MECHANISM_BASIC_AUTH_REQUIRE_TLS)) != 0)
		c->mechanisms |= both;
	if (ascii_same(c->values[0], "true"))
		c->mechanisms |= tls;
	if (c->mechanisms != SET_OF(MECHANISM_NONE))
		c->mechanisms &= ~SET_OF(MECHANISM_NONE);
}

static int
check_complete(struct import_filling *f)
{
	static const char *const needed[] = { "RemoteIPRanges", "Bindings",
		"PermissionGroups", "AuthMechanism" };

	for (size_t i = 0; i < 4; i++)
		if (!import_find(f->object, needed[i]) &&
		    (f->object->dump || i == 0))
			return import_fail(f->im, "I-INCOMPLETE",
			    f->object->file, f->object->line,
			    "%s: %s is missing: the file is cut, or the "
			    "command did not print it; use Export-Clixml",
			    f->connector->origin, needed[i]);
	if (f->connector->nranges == 0)
		return import_fail(f->im, "I-INCOMPLETE", f->object->file,
		    f->object->line, "%s: RemoteIPRanges is empty",
		    f->connector->origin);
	return 0;
}

static int
fill(struct import_filling *f)
{
	struct import_connector *c = f->connector;
	const char *role = import_first(f->object, "TransportRole");
	const char *enabled = import_first(f->object, "Enabled");
	int error;

	c->where.file = f->object->file;
	c->where.line = f->object->line;
	c->role = role ? role : "";
	c->comment = import_first(f->object, "Comment");
	c->enabled = !enabled || !*enabled || import_true(enabled);
	c->dump = f->object->dump;
	c->list = import_find(f->object, "Relay") != NULL;
	if ((error = fill_lists(f)) < 0 || (error = fill_rows(f)) < 0 ||
	    (error = check_complete(f)) < 0)
		return error;
	if (strlen(c->name) > NAME_SIZE)
		import_say(f->im, SEVERITY_WARNING, "I-NAME-LENGTH",
		    c->where.file, c->where.line,
		    "%.80s...: the name is longer than 64 bytes and was cut",
		    c->name);
	repair_mechanisms(f->im, c);
	say_special(f);
	say_unknown(f);
	if (c->list) {
		c->acl.known = true;
		c->acl.allowed[PRINCIPAL_ANONYMOUS] =
		    group_rights(GROUP_ANONYMOUS_USERS, PRINCIPAL_ANONYMOUS) |
		    SET_OF(RIGHT_ANY_RECIPIENT);
		c->allow[PRINCIPAL_ANONYMOUS] = SET_OF(RIGHT_ANY_RECIPIENT);
	}
	if (c->defaulted && c->dump)
		import_say(f->im, SEVERITY_NOTE, "I-DEFAULTS", c->where.file,
		    c->where.line,
		    "%s: limits that the dump lacks are written at Exchange's "
		    "defaults",
		    c->origin);
	return 0;
}

static int
take(struct import *im, const struct import_object *object)
{
	struct import_filling f = { .im = im, .object = object };
	bool odd;
	int error;

	f.connector = IMPORT_MORE(im, im->connectors, im->nconnectors);
	if (!f.connector)
		return -ENOMEM;
	if (!identify(&f))
		return import_fail(im, "I-INCOMPLETE", object->file,
		    object->line, "a connector has no Name");
	if (im->server && *f.connector->server &&
	    !ascii_same(im->server, f.connector->server)) {
		im->nconnectors--;
		im->skipped++;
		return 0;
	}
	if ((error = fill(&f)) < 0)
		return error;
	if (is_internal(f.connector, &odd)) {
		import_say(im, SEVERITY_NOTE, "I-SKIPPED", object->file,
		    object->line,
		    "%s: skipped; it serves Exchange servers among themselves",
		    f.connector->origin);
		im->nconnectors--;
		im->skipped++;
	} else if (odd) {
		import_say(im, SEVERITY_WARNING, "I-HUB", object->file,
		    object->line,
		    "%s: its role is HubTransport, but it serves clients; it "
		    "was kept",
		    f.connector->origin);
	}
	return 0;
}

int
import_connectors(struct import *im)
{
	for (size_t i = 0; i < im->nobjects; i++) {
		const struct import_object *object = &im->objects[i];
		int error;

		if (!import_find(object, "RemoteIPRanges") &&
		    !import_find(object, "PermissionGroups"))
			continue;
		if ((error = take(im, object)) < 0)
			return error;
	}
	return 0;
}
