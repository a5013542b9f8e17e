/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * baseline_milter - a libmilter filter that adds header fields, no more.
 *
 * usage: baseline_milter least|same SOCKET NAME=VALUE...
 *
 * What connector-milter is held against. "least" asks for the end of message
 * and nothing else, as little as a filter can; "same" is told what
 * connector-milter is told on a UNIX socket, and looks at none of it. It has no
 * state and no log.
 */
#include <libmilter/mfapi.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static char **fields;

static sfsistat
on_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *address)
{
	(void)ctx, (void)name, (void)address;
	return SMFIS_NOREPLY;
}

static sfsistat
on_helo(SMFICTX *ctx, char *name)
{
	(void)ctx, (void)name;
	return SMFIS_NOREPLY;
}

static sfsistat
on_envelope(SMFICTX *ctx, char **argv)
{
	(void)ctx, (void)argv;
	return SMFIS_CONTINUE;
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	(void)ctx, (void)name, (void)value;
	return SMFIS_NOREPLY;
}

static sfsistat
on_eom(SMFICTX *ctx)
{
	char name[256];

	for (char **field = fields; *field; field++) {
		size_t len = strcspn(*field, "=");
		snprintf(name, sizeof(name), "%.*s", (int)len, *field);
		if (smfi_addheader(ctx, name, *field + len + 1) != MI_SUCCESS)
			return SMFIS_TEMPFAIL;
	}
	return SMFIS_CONTINUE;
}

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2,
    unsigned long f3, unsigned long *pf0, unsigned long *pf1,
    unsigned long *pf2, unsigned long *pf3)
{
	(void)ctx, (void)f0, (void)f2, (void)f3;
	*pf0 = SMFIF_ADDHDRS;
	*pf1 =
	    f1 & (SMFIP_NOUNKNOWN | SMFIP_NODATA | SMFIP_NOEOH | SMFIP_NOBODY |
		     SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_HDR);
	*pf2 = *pf3 = 0;
	return SMFIS_CONTINUE;
}

int
main(int argc, char **argv)
{
	struct smfiDesc least = {
		.xxfi_name = (char *)"baseline",
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS,
		.xxfi_eom = on_eom,
	};
	struct smfiDesc same = least;
	bool is_same = argc > 1 && !strcmp(argv[1], "same");

	if (argc < 4 || (!is_same && strcmp(argv[1], "least") != 0)) {
		fputs("usage: baseline_milter least|same SOCKET "
		      "NAME=VALUE...\n",
		    stderr);
		return 2;
	}
	same.xxfi_connect = on_connect;
	same.xxfi_helo = on_helo;
	same.xxfi_envfrom = on_envelope;
	same.xxfi_envrcpt = on_envelope;
	same.xxfi_header = on_header;
	same.xxfi_negotiate = on_negotiate;
	for (fields = argv + 3; *fields; fields++)
		if (!strchr(*fields, '='))
			return 2;
	fields = argv + 3;
	if (smfi_register(is_same ? same : least) != MI_SUCCESS ||
	    smfi_setconn(argv[2]) != MI_SUCCESS ||
	    smfi_opensocket(true) != MI_SUCCESS)
		return 1;
	return smfi_main() == MI_SUCCESS ? 0 : 1;
}
