/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import.c - connectorctl import: what people have, as a policy.
 *
 * Reads every file, tells it by content, maps all of it to connectors, and
 * writes a policy that was loaded first. Findings go to standard error. What
 * was cut leaves no policy behind.
 */
#include "import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "findings.h"
#include "text.h"

enum { ATTEMPTS_MAX = 64, FILES_MAX = 1024 };

/* ---- Proof ------------------------------------------------------------ */

struct import_memory {
	const char *text;
	size_t len;
};

static int
read_memory(void *ctx, const char *path, size_t max, char **text, size_t *len)
{
	const struct import_memory *memory = ctx;

	(void)path;
	if (memory->len > max)
		return -EFBIG;
	*text = malloc(memory->len + 1);
	if (!*text)
		return -ENOMEM;
	memcpy(*text, memory->text, memory->len);
	(*text)[memory->len] = '\0';
	*len = memory->len;
	return 0;
}

int
import_load(const char *text, size_t len, struct ruleset **ruleset,
    struct diagnostics *list)
{
	struct import_memory memory = { text, len };
	struct reader reader = { &memory, read_memory };

	return ruleset_load(&reader, "policy.yaml", "localhost", ruleset, list);
}

/* The connectors whose relaying the engine refuses. */
static bool
turn_off(struct import *im, struct diagnostics *list)
{
	const struct diagnostic *d;
	bool any = false;

	for (size_t i = 0; (d = diagnostics_get(list, i)); i++) {
		if (d->severity != SEVERITY_ERROR ||
		    strcmp(d->id, "E-OPEN-RELAY") != 0)
			continue;
		for (size_t j = 0; j < im->nconnectors; j++) {
			struct import_connector *c = &im->connectors[j];

			if (c->relay_off || d->where.line < c->first_line ||
			    d->where.line > c->last_line)
				continue;
			import_relay_off(im, c,
			    "more public addresses could relay than the "
			    "engine allows without public_addresses");
			any = true;
		}
	}
	return any;
}

static void
say_refusal(struct import *im, struct diagnostics *list)
{
	const struct diagnostic *d;

	for (size_t i = 0; (d = diagnostics_get(list, i)); i++)
		if (d->severity == SEVERITY_ERROR)
			import_fail(im, "I-LOAD", "policy.yaml", d->where.line,
			    "the policy does not load: %s [%s]", d->message,
			    d->id);
	im->fatal = true;
}

static int
prove(struct import *im, char **text, size_t *len, struct ruleset **ruleset)
{
	for (int i = 0; i < ATTEMPTS_MAX; i++) {
		struct diagnostics *list = diagnostics_new();
		FILE *out = open_memstream(text, len);
		bool again;
		int error = -ENOMEM;

		if (out)
			import_write(im, out, NULL);
		if (out && fclose(out) == 0 && list)
			error = import_load(*text, *len, ruleset, list);
		again = error == -EINVAL && turn_off(im, list);
		if (error && !again && list)
			say_refusal(im, list);
		diagnostics_free(list);
		if (!error)
			return 0;
		free(*text);
		*text = NULL;
		if (!again)
			return error;
	}
	return -EINVAL;
}

/* Other MTAs' lists say who relays; everyone else still delivers here. */
static int
add_catch_all(struct import *im)
{
	static const char *const ranges[] = { "0.0.0.0-255.255.255.255",
		"::/0" };
	struct import_connector *c;

	for (size_t i = 0; i < im->nconnectors; i++)
		if (!im->connectors[i].list)
			return 0;
	if (im->nconnectors == 0 && im->ndomains == 0)
		return import_fail(im, "I-EMPTY", NULL, 0,
		    "no connectors were found%s",
		    im->skipped > 0 ? "; all of them were skipped" : "");
	c = IMPORT_MORE(im, im->connectors, im->nconnectors);
	if (!c)
		return -ENOMEM;
	*c = (struct import_connector){ .name = "Default Frontend",
		.server = "",
		.role = "",
		.enabled = true,
		.list = true,
		.origin = "added by import: mail for accepted domains",
		.groups = SET_OF(GROUP_ANONYMOUS_USERS) };
	for (size_t i = 0; i < 2; i++) {
		struct import_range *r = IMPORT_MORE(im, c->ranges, c->nranges);

		if (!r || netrange_parse(ranges[i], &r->range, NULL, NULL) < 0)
			return -ENOMEM;
	}
	return 0;
}

int
import_finish(
    struct import *im, char **text, size_t *len, struct ruleset **ruleset)
{
	static int (*const steps[])(struct import *) = { import_connectors,
		import_permissions, import_lists, import_merge, add_catch_all,
		import_bindings, import_split };
	int error = im->fatal ? -EINVAL : 0;

	for (size_t i = 0; i < sizeof steps / sizeof *steps && !error; i++) {
		error = steps[i](im);
		if (im->fatal && !error)
			error = -EINVAL;
	}
	for (size_t i = 0; i < im->nconnectors && !error; i++)
		if (import_everyone(&im->connectors[i]) &&
		    import_relays(&im->connectors[i]))
			import_relay_off(im, &im->connectors[i],
			    "everyone could relay: it is a catch-all");
	if (!error)
		error = prove(im, text, len, ruleset);
	if (error == -ENOMEM)
		im->memory = true;
	if (error)
		im->fatal = true;
	return error;
}

int
import_init(struct import *im, const struct ctl *ctl)
{
	*im = (struct import){ .ctl = ctl };
	im->arena = arena_new(0);
	im->findings = diagnostics_new();
	return im->arena && im->findings ? 0 : -ENOMEM;
}

void
import_fini(struct import *im)
{
	arena_free(im->arena);
	diagnostics_free(im->findings);
}

/* ---- The command line ------------------------------------------------- */

struct import_file {
	const char *path;
	enum import_role role;
};

static int
print_findings(struct import *im, int status)
{
	struct ctl ctl = *im->ctl;
	json_t *findings = ctl.format == FORMAT_JSON ? json_array() : NULL;

	ctl.out = ctl.err;
	findings_print(im->findings, ctl.err,
	    ctl.format == FORMAT_JSON ? &findings : NULL);
	if (im->memory)
		ctl_complain(&ctl, "out of memory");
	if (ctl.format != FORMAT_JSON)
		return status;
	return ctl_print_json(&ctl,
	    json_pack("{s:o, s:i, s:i, s:i}", "findings", findings, "kept",
		(int)im->nconnectors, "skipped", (int)im->skipped, "merged",
		(int)im->merged),
	    status);
}

static void
read_files(struct import *im, const struct import_file *files, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct import_text text;

		if (import_read_file(im, files[i].path, &text) == 0)
			import_read_text(im, &text, files[i].role);
		free(text.text);
	}
}

static int
run(struct import *im, const struct import_file *files, size_t count)
{
	struct ruleset *ruleset = NULL;
	char *text = NULL;
	size_t len = 0;
	int status = STATUS_UNKNOWN;

	read_files(im, files, count);
	if (import_finish(im, &text, &len, &ruleset) == 0) {
		status = im->nfindings > 0 ? STATUS_NO : STATUS_YES;
		if (fwrite(text, 1, len, im->ctl->out) != len ||
		    fflush(im->ctl->out) != 0)
			status = ctl_complain(im->ctl, "%s", strerror(errno));
	}
	status = print_findings(im, status);
	if (ruleset && im->ctl->format == FORMAT_TEXT)
		import_last_words(im, ruleset);
	free(text);
	ruleset_unref(ruleset);
	return status;
}

struct import_arguments {
	struct import_file files[FILES_MAX];
	size_t nfiles;
	const char *binds[FILES_MAX];
};

static int
take_option(struct ctl *ctl, struct import *im, struct import_arguments *a,
    int c, const char *value)
{
	static const struct {
		int option;
		enum import_role role;
	} roles[] = { { 'a', IMPORT_ACL }, { 'd', IMPORT_DOMAINS },
		{ 'A', IMPORT_ALLOW }, { 'B', IMPORT_BLOCK } };

	for (size_t i = 0; i < 4; i++) {
		if (roles[i].option != c)
			continue;
		if (a->nfiles == FILES_MAX)
			return ctl_usage(ctl, "more than 1,024 files");
		a->files[a->nfiles++] =
		    (struct import_file){ value, roles[i].role };
		return -1;
	}
	switch (c) {
	case 's':
		im->server = value;
		return -1;
	case 'k':
		im->keep_bindings = true;
		return -1;
	case 'b':
		if (!strchr(value, '=') || im->nbinds == FILES_MAX)
			return ctl_usage(ctl,
			    "--bind %s: write OLD=NEW, two addresses", value);
		a->binds[im->nbinds++] = value;
		return -1;
	default:
		return ctl_option(ctl, c, value);
	}
}

static int
import_main(const struct verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{ "server", required_argument, NULL, 's' },
		{ "keep-bindings", no_argument, NULL, 'k' },
		{ "bind", required_argument, NULL, 'b' },
		{ "acl", required_argument, NULL, 'a' },
		{ "domains", required_argument, NULL, 'd' },
		{ "allow", required_argument, NULL, 'A' },
		{ "block", required_argument, NULL, 'B' },
		CTL_OPTIONS,
		{ 0 },
	};
	static struct import_arguments a;
	struct ctl ctl;
	struct import im;
	int c, status = -1;

	ctl_init(&ctl, verb);
	if (import_init(&im, &ctl) < 0)
		return ctl_complain(&ctl, "out of memory");
	im.binds = a.binds;
	while (status < 0 &&
	       (c = getopt_long(argc, argv, "p:h", options, NULL)) != -1)
		status = take_option(&ctl, &im, &a, c, optarg);
	for (; status < 0 && optind < argc; optind++) {
		if (a.nfiles == FILES_MAX)
			status = ctl_usage(&ctl, "more than 1,024 files");
		else
			a.files[a.nfiles++] =
			    (struct import_file){ argv[optind], IMPORT_ANY };
	}
	if (status < 0 && a.nfiles == 0)
		status = ctl_usage(&ctl, "write the files to import");
	if (status < 0)
		status = run(&im, a.files, a.nfiles);
	import_fini(&im);
	return status;
}

const struct verb verb_import = {
	.name = "import",
	.synopsis = "[--server NAME] [--keep-bindings | --bind OLD=NEW]... "
		    "[--acl FILE]... [--domains FILE]... [--allow FILE] "
		    "[--block FILE] FILE...",
	.summary = "Write a policy from Exchange's dumps or MTA lists.",
	.options =
	    "      --server NAME     only the connectors of this server\n"
	    "      --keep-bindings   write bindings even where all are "
	    "wildcards\n"
	    "      --bind OLD=NEW    an address that has another name here\n"
	    "      --acl FILE        output of Get-ADPermission\n"
	    "      --domains FILE    output of Get-AcceptedDomain\n"
	    "      --allow FILE      output of Get-IPAllowListEntry\n"
	    "      --block FILE      output of Get-IPBlockListEntry\n",
	.no_policy = true,
	.run = import_main,
};
