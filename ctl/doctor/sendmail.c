/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail.c - Sendmail: what sendmail.cf says, and where it listens.
 *
 * Reads sendmail.cf, which is what Sendmail reads.
 */
#include "sendmail.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

const char *
sendmail_path(struct doctor *d, const struct cf_line *line)
{
	const char *path = !line ? NULL : strchr(line->value, '/');

	return !path ? NULL
		     : doctor_text(d, "%.*s", (int)strcspn(path, " \t"), path);
}

/* ---- Daemons --------------------------------------------------------- */

static struct port
port_of(struct sendmail *s, const struct cf_line *line)
{
	const char *family = sendmail_cf_field(&s->cf, line->value, "Family");
	const char *addr = sendmail_cf_field(&s->cf, line->value, "Addr");
	const char *name = sendmail_cf_field(&s->cf, line->value, "Name");
	const char *number = sendmail_cf_field(&s->cf, line->value, "Port");
	char why[NETADDR_WHY_SIZE];
	struct port port = {
		.addr.family = family != NULL && strcmp(family, "inet6") == 0
				   ? FAMILY_IPV6
				   : FAMILY_IPV4,
		.port = number == NULL ? 25 : port_number(number),
		.name = name != NULL ? name : line->value,
		.where = line->where,
	};

	if (addr != NULL && strncasecmp(addr, "IPv6:", 5) == 0)
		addr += 5;
	if (addr != NULL && netaddr_parse(addr, &port.addr, why) < 0)
		port.port = 0;
	return port;
}

static void
check_daemons(struct sendmail *s)
{
	struct port *ports =
	    arena_array(s->doctor->arena, s->cf.nlines + 1, sizeof *ports);
	const struct cf_line *line = NULL;
	size_t count = 0;

	if (!ports) {
		s->doctor->failed = true;
		return;
	}
	while ((line = sendmail_cf_next(
		    &s->cf, line, CF_OPTION, "DaemonPortOptions")) != NULL)
		ports[count++] = port_of(s, line);
	if (count == 0) /* one daemon, at its defaults */
		ports[count++] = (struct port){
			.addr.family = FAMILY_IPV4,
			.port = 25,
			.name = "Sendmail",
			.where = s->file,
		};
	doctor_ports(s->doctor, ports, count, &s->file);
}

int
doctor_sendmail(struct doctor *d, const char *file)
{
	struct sendmail s = { .doctor = d };
	char *text;
	int error = doctor_read(d, file, &text, &s.file.file);

	if (error < 0)
		return error;
	sendmail_cf_read(&s.cf, d->arena, s.file.file, text);
	sendmail_check_filters(&s);
	check_daemons(&s);
	sendmail_check_relay(&s);
	sendmail_check_rewriting(&s);
	d->failed = d->failed || s.cf.failed;
	return 0;
}
