/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * values - what the reader of Postfix's files takes parameters to be.
 *
 * usage: values FOLDER NAME...
 *
 * Prints NAME = VALUE for main.cf, then service/type/NAME = VALUE for what
 * each service of master.cf sets, as postconf(1) does with -x and -Px.
 */
#include "files.h"
#include "postfix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20 };

static char *
file_text(const char *path)
{
	struct files files;
	struct reader reader;
	char *text;
	size_t len;

	files_init(&files, path);
	reader = files_reader(&files);
	if (reader.read(reader.ctx, path, FILE_MAX, &text, &len) < 0) {
		fprintf(stderr, "values: %s: not read\n", path);
		exit(2);
	}
	return text;
}

static void
print_services(struct postfix *p)
{
	for (size_t i = 0; i < p->nservices; i++) {
		const struct postfix_service *s = &p->services[i];

		for (size_t n = 0; n < s->nsettings; n++)
			printf("%s/%s/%s = %s\n", s->name, s->type,
			    s->settings[n].name,
			    postfix_value(p, s, s->settings[n].name, NULL));
	}
}

int
main(int argc, char **argv)
{
	char main_cf[256], master_cf[256], host[256] = "";
	char *main_text, *master_text;
	struct postfix p;

	if (argc < 2 || gethostname(host, sizeof host - 1) < 0 ||
	    postfix_init(&p, host, argv[1]) < 0)
		return 2;
	snprintf(main_cf, sizeof main_cf, "%.200s/main.cf", argv[1]);
	snprintf(master_cf, sizeof master_cf, "%.200s/master.cf", argv[1]);
	main_text = file_text(main_cf);
	master_text = file_text(master_cf);
	postfix_read_main(&p, main_cf, main_text);
	postfix_read_master(&p, master_cf, master_text);
	for (int i = 2; i < argc; i++)
		printf("%s = %s\n", argv[i],
		    postfix_value(&p, NULL, argv[i], NULL));
	print_services(&p);
	free(main_text);
	free(master_text);
	postfix_fini(&p);
	return 0;
}
