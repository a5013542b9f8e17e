/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * permissions.c - what Get-ADPermission prints, as allow and deny.
 *
 * Effective rights minus the preset of PermissionGroups: a surplus is
 * allowed, a missing entry of the preset (somebody ran Remove-ADPermission)
 * and a Deny entry are denied. The presets are the engine's own.
 */
#include "import.h"

#include <errno.h>
#include <string.h>

#include "ascii.h"

/* Account names of other languages, after the backslash. */
static const struct {
	const char *name;
	enum principal principal;
} localised[] = {
	{ "ANONYMOUS-ANMELDUNG", PRINCIPAL_ANONYMOUS },
	{ "ANONYMOUS LOGON", PRINCIPAL_ANONYMOUS },
	{ "INICIO DE SESI\xc3\x93N AN\xc3\x93NIMO", PRINCIPAL_ANONYMOUS },
	{ "ACCESSO ANONIMO", PRINCIPAL_ANONYMOUS },
	{ "LOGON AN\xc3\x94NIMO", PRINCIPAL_ANONYMOUS },
	{ "ANONYM INLOGGNING", PRINCIPAL_ANONYMOUS },
	{ "LOGOWANIE ANONIMOWE", PRINCIPAL_ANONYMOUS },
	{ "\xd0\x90\xd0\x9d\xd0\x9e\xd0\x9d\xd0\x98\xd0\x9c\xd0\x9d\xd0\xab"
	  "\xd0\x99 \xd0\x92\xd0\xa5\xd0\x9e\xd0\x94",
	    PRINCIPAL_ANONYMOUS },
	{ "Authenticated Users", PRINCIPAL_AUTHENTICATED },
	{ "Authentifizierte Benutzer", PRINCIPAL_AUTHENTICATED },
	{ "Utilisateurs authentifi\xc3\xa9s", PRINCIPAL_AUTHENTICATED },
	{ "Usuarios autentificados", PRINCIPAL_AUTHENTICATED },
	{ "Usu\xc3\xa1rios autenticados", PRINCIPAL_AUTHENTICATED },
	{ "Geverifieerde gebruikers", PRINCIPAL_AUTHENTICATED },
	{ "Autentiserade anv\xc3\xa4ndare", PRINCIPAL_AUTHENTICATED },
	{ "U\xc5\xbcytkownicy uwierzytelnieni", PRINCIPAL_AUTHENTICATED },
	{ "\xd0\x9f\xd1\x80\xd0\xbe\xd1\x88\xd0\xb5\xd0\xb4\xd1\x88\xd0\xb8"
	  "\xd0\xb5 \xd0\xbf\xd1\x80\xd0\xbe\xd0\xb2\xd0\xb5\xd1\x80\xd0\xba"
	  "\xd1\x83",
	    PRINCIPAL_AUTHENTICATED },
	{ "Externally Secured Servers", PRINCIPAL_EXTERNALLY_SECURED },
	{ "Partner Servers", PRINCIPAL_PARTNER },
	{ "Hub Transport Servers", PRINCIPAL_EXCHANGE_SERVER },
	{ "Edge Transport Servers", PRINCIPAL_EXCHANGE_SERVER },
	{ "Exchange Servers", PRINCIPAL_EXCHANGE_SERVER },
	{ "ExchangeLegacyInterop", PRINCIPAL_LEGACY_SERVER },
};

/* Extended-right GUIDs, as an unresolved access entry prints them. */
static const struct {
	const char *guid;
	enum right right;
} guids[] = {
	{ "a18293f1-0685-4540-aa63-e32df421b3a2", RIGHT_SUBMIT },
	{ "5c82f031-4e4c-4326-88e1-8c4f0cad9de5", RIGHT_ANY_RECIPIENT },
	{ "b857b50b-94a2-4b53-93f6-41cebd2fced0", RIGHT_ANY_SENDER },
	{ "c22841f4-96cb-498a-ac02-f9a87c74eb14",
	    RIGHT_AUTHORITATIVE_DOMAIN_SENDER },
	{ "1c75aca8-b56b-48b3-a021-858a29fa877b", RIGHT_AUTHENTICATION_FLAG },
	{ "e373fb21-d851-4d15-af23-982f09f2400b", RIGHT_EXCH50 },
	{ "04031f4f-7c36-43ea-9b49-4bd0f5f1e6af", RIGHT_HEADERS_ROUTING },
	{ "c307dccd-6676-4d19-95c8-d1567fab9820", RIGHT_HEADERS_ORGANIZATION },
	{ "a7a9ea66-e08c-4e23-8fe7-68c40e49c6c0", RIGHT_HEADERS_FOREST },
	{ "d19299b4-86c2-4c9a-8fa7-acb70c63023a", RIGHT_BYPASS_ANTI_SPAM },
	{ "6760cfc5-70f4-4ae8-bc39-9522d86ac69b",
	    RIGHT_BYPASS_MESSAGE_SIZE_LIMIT },
};

static const principal_set everybody = (UINT32_C(1) << PRINCIPAL_COUNT) - 1;

static principal_set
principals_of(const char *user)
{
	const char *slash = strrchr(user, '\\');
	const char *name = slash ? slash + 1 : user;
	int known = principal_parse(user);

	if (known >= 0)
		return SET_OF(known);
	if (ascii_same(name, "Everyone") || ascii_same(name, "Jeder") ||
	    ascii_same(name, "S-1-1-0") || ascii_same(name, "Todos") ||
	    ascii_same(name, "Tout le monde"))
		return everybody;
	for (size_t i = 0; i < sizeof localised / sizeof *localised; i++)
		if (ascii_same(localised[i].name, name))
			return SET_OF(localised[i].principal);
	return 0;
}

static int
right_of(const char *text)
{
	static const char *const prefixes[] = { "", "ms-Exch-SMTP-",
		"ms-Exch-" };
	char full[96];

	for (size_t i = 0; i < sizeof guids / sizeof *guids; i++)
		if (ascii_same(guids[i].guid, text))
			return (int)guids[i].right;
	for (size_t i = 0; i < 3; i++) {
		int right;

		snprintf(full, sizeof full, "%s%.70s", prefixes[i], text);
		if ((right = right_parse(full)) >= 0)
			return right;
	}
	return -1;
}

/* Between Exchange servers, or of the directory: counted only. */
static bool
is_internal(const char *text)
{
	static const char *const parts[] = { "ms-Exch-SMTP-Send-",
		"ms-Exch-Send-Headers", "Send-Headers", "Send-Exch50",
		"XShadow", "XProxy", "XAttr", "XSessionParams", "XSysProbe",
		"XMessageContext", "SubmitForMLS", "Accept-XAttr", "Send-As",
		"Receive-As", "ms-Exch-Store", "Send-XMessage", "ms-Exch-EPI",
		"ms-Exch-Recipient", "eb8c07ad-b5ad", "2f7d0e23-f951",
		"b3f9f977-552c", "11716db4-9647" };

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		for (const char *at = text; *at; at++)
			if (ascii_prefix(at, parts[i]))
				return true;
	return false;
}

struct import_entry {
	struct import *im;
	const struct import_object *object;
	const char *name, *server; /* of the connector */
	principal_set principals;
	right_set rights;
	size_t others;
};

/* "EX1\Relay", or a distinguished name. */
static void
identity_of(struct import_entry *e, const char *text)
{
	struct import *im = e->im;
	const char *at, *slash;

	e->server = "";
	if (ascii_prefix(text, "CN=")) {
		e->name = import_copy(im, text + 3, strcspn(text + 3, ","));
		for (at = text; *at; at++) {
			if (ascii_prefix(at, "CN=SMTP Receive Connectors,"))
				e->server = at + 27;
			else if (ascii_prefix(at, "CN=Protocols,"))
				e->server = at + 13;
			else if (ascii_prefix(at, "CN=Servers,"))
				break;
		}
		if (ascii_prefix(e->server, "CN="))
			e->server = import_copy(
			    im, e->server + 3, strcspn(e->server + 3, ","));
		return;
	}
	slash = strchr(text, '\\');
	e->name = slash ? slash + 1 : text;
	if (slash)
		e->server = import_copy(im, text, (size_t)(slash - text));
}

static int
on_right(void *ctx, const char *item, uint32_t line)
{
	struct import_entry *e = ctx;
	int right = right_of(item);

	if (right >= 0) {
		e->rights |= SET_OF(right);
	} else if (is_internal(item)) {
		e->im->internal++;
	} else {
		e->others++;
		import_say(e->im, SEVERITY_WARNING, "I-RIGHT", e->object->file,
		    line, "%s: the right %.100s is unknown and was dropped",
		    e->name ? e->name : "permission", item);
	}
	return 0;
}

static void
apply(struct import_entry *e, struct import_connector *c)
{
	bool deny = import_true(import_first(e->object, "Deny"));
	bool removed = import_find(e->object, "Removed") != NULL;

	if (!e->object->dump && !c->acl.known)
		for (int p = 0; p < PRINCIPAL_COUNT; p++)
			for (int g = 0; g < GROUP_COUNT; g++)
				if ((c->groups & SET_OF(g)) != 0)
					c->acl.allowed[p] |= group_rights(
					    (enum group)g, (enum principal)p);
	c->acl.known = true;
	for (int p = 0; p < PRINCIPAL_COUNT; p++) {
		right_set *to = deny ? &c->acl.denied[p] : &c->acl.allowed[p];

		if ((e->principals & SET_OF(p)) == 0)
			continue;
		if (removed)
			*to &= ~e->rights;
		else
			*to |= e->rights;
	}
}

static int
apply_all(struct import_entry *e)
{
	struct import *im = e->im;
	size_t found = 0;

	for (size_t i = 0; i < im->nconnectors; i++) {
		struct import_connector *c = &im->connectors[i];

		if (e->name ? !ascii_same(c->name, e->name)
			    : im->nconnectors > 1)
			continue;
		if (e->name && *e->server && *c->server &&
		    !ascii_same(c->server, e->server))
			continue;
		apply(e, c);
		found++;
	}
	if (found == 0 && !e->name)
		return import_fail(im, "I-IDENTITY", e->object->file,
		    e->object->line,
		    "the permission does not say of which connector; print "
		    "Identity, too");
	return 0;
}

static int
take(struct import *im, const struct import_object *object)
{
	struct import_entry e = { .im = im, .object = object };
	const char *user = import_first(object, "User");
	const char *identity = import_first(object, "Identity");
	const struct import_property *rights =
	    import_find(object, "ExtendedRights");
	int error;

	if (import_true(import_first(object, "IsInherited"))) {
		im->inherited++;
		return 0;
	}
	if (identity && *identity)
		identity_of(&e, identity);
	if (!rights || rights->count == 0) {
		im->internal++;
		return 0;
	}
	if ((error = import_list(im, object, rights, on_right, &e)) < 0)
		return error;
	if (!user || !*user)
		return import_fail(im, "I-USER", object->file, object->line,
		    "the permission has no User; export it again");
	if (strstr(user, "...") || strstr(user, "\xe2\x80\xa6"))
		return import_fail(im, "I-TRUNCATED", object->file,
		    object->line,
		    "User is cut off with ...; use Format-List "
		    "or Export-Clixml");
	if (e.rights == 0)
		return 0;
	e.principals = principals_of(user);
	if (e.principals == 0) {
		import_say(im, SEVERITY_WARNING, "I-ACCOUNT", object->file,
		    object->line,
		    "%s: the account %.100s has no counterpart; its rights "
		    "were dropped: %.300s",
		    e.name ? e.name : "connector", user,
		    rights->values[0].text);
		return 0;
	}
	return apply_all(&e);
}

/* ---- Effective rights minus the preset -------------------------------- */

static right_set
preset_of(const struct import_connector *c, int principal)
{
	right_set preset = 0;

	for (int g = 0; g < GROUP_COUNT; g++)
		if ((c->groups & SET_OF(g)) != 0)
			preset |= group_rights(
			    (enum group)g, (enum principal)principal);
	return preset;
}

static void
subtract(struct import *im, struct import_connector *c)
{
	for (int p = 0; p < PRINCIPAL_COUNT; p++) {
		right_set preset = preset_of(c, p);
		right_set missing = preset & ~c->acl.allowed[p];

		c->allow[p] = c->acl.allowed[p] & ~preset;
		c->deny[p] = missing | c->acl.denied[p];
		c->allow[p] &= ~c->deny[p];
		if (missing != 0 && !c->list)
			import_say(im, SEVERITY_WARNING, "I-REMOVED",
			    c->where.file, c->where.line,
			    "%s: the permissions lack rights that "
			    "PermissionGroups give to %s; written as deny",
			    c->origin, principal_name((enum principal)p));
	}
}

static void
say_unknown(struct import *im, const struct import_connector *c)
{
	if ((c->groups &
		(SET_OF(GROUP_CUSTOM) | SET_OF(GROUP_ANONYMOUS_USERS))) == 0)
		return;
	import_say(im, SEVERITY_WARNING, "I-RIGHTS-UNKNOWN", c->where.file,
	    c->where.line,
	    "%s: its relay rights are UNKNOWN: no output of Get-ADPermission "
	    "names it; without it no anonymous client may relay here",
	    c->origin);
}

static void
say_both(struct import *im, const struct import_connector *c)
{
	if ((c->mechanisms & SET_OF(MECHANISM_EXTERNAL_AUTHORITATIVE)) != 0 &&
	    ((c->groups & SET_OF(GROUP_ANONYMOUS_USERS)) != 0 ||
		c->allow[PRINCIPAL_ANONYMOUS] != 0))
		import_say(im, SEVERITY_WARNING, "I-BOTH-METHODS",
		    c->where.file, c->where.line,
		    "%s: ExternalAuthoritative together with rights of "
		    "anonymous; the latter are never used",
		    c->origin);
	if ((c->groups & SET_OF(GROUP_CUSTOM)) == 0 || !c->acl.known)
		return;
	for (int p = 0; p < PRINCIPAL_COUNT; p++)
		if ((c->allow[p] | c->deny[p]) != 0)
			return;
	import_say(im, SEVERITY_WARNING, "I-RIGHTS-UNKNOWN", c->where.file,
	    c->where.line,
	    "%s: PermissionGroups has Custom, but the permissions hold "
	    "nothing beside the groups; its relay rights are UNKNOWN",
	    c->origin);
}

int
import_permissions(struct import *im)
{
	size_t silent = 0;
	int error;

	for (size_t i = 0; i < im->nobjects; i++) {
		const struct import_object *object = &im->objects[i];

		if (!import_find(object, "User") ||
		    (!import_find(object, "ExtendedRights") &&
			!import_find(object, "AccessRights")))
			continue;
		im->acl_given = true;
		if (object->dump && !import_find(object, "Deny") &&
		    silent++ == 0)
			import_say(im, SEVERITY_WARNING, "I-DENY", object->file,
			    object->line,
			    "the permissions lack the property Deny; all of "
			    "them are read as allowed");
		if ((error = take(im, object)) < 0)
			return error;
	}
	for (size_t i = 0; i < im->nconnectors; i++) {
		struct import_connector *c = &im->connectors[i];

		if (c->acl.known)
			subtract(im, c);
		else if (c->dump)
			say_unknown(im, c);
		say_both(im, c);
	}
	return 0;
}

/* ---- Who relays ------------------------------------------------------- */

bool
import_relays(const struct import_connector *c)
{
	enum principal p = PRINCIPAL_ANONYMOUS;
	right_set held;

	if (!c->enabled)
		return false;
	if ((c->mechanisms & SET_OF(MECHANISM_EXTERNAL_AUTHORITATIVE)) != 0)
		p = PRINCIPAL_EXTERNALLY_SECURED;
	held = (preset_of(c, (int)p) | c->allow[p]) & ~c->deny[p];
	return (held & SET_OF(RIGHT_ANY_RECIPIENT)) != 0;
}

bool
import_everyone(const struct import_connector *c)
{
	for (size_t i = 0; i < c->nranges; i++) {
		const struct netrange *r = &c->ranges[i].range;
		struct netrange all;

		if (netrange_parse(
			r->first.family == FAMILY_IPV6 ? "::/0" : "0.0.0.0/0",
			&all, NULL, NULL) == 0 &&
		    netaddr_compare(&r->first, &all.first) == 0 &&
		    netaddr_compare(&r->last, &all.last) == 0)
			return true;
	}
	return false;
}

void
import_relay_off(struct import *im, struct import_connector *c, const char *why)
{
	if (c->relay_off)
		return;
	c->relay_off = true;
	import_say(im, SEVERITY_WARNING, "I-OPEN-RELAY", c->where.file,
	    c->where.line, "%s: %s; its relay rights are written as comments",
	    c->origin, why);
}
